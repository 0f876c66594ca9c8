-- title: traffic_key(traits, protocol, address_class, port_class, initiator_code, basis_code, service_port): what the verdicts on a flow depend on, beside its interface and time, as one number.
-- source: class_key.sql takes the number apart again. Bits of traits: 1 and 2 action, 4 and 8 direction, 16 and 32 initiator,
--   64 and 128 its basis, 256 direction recorded, 512 remote side public, 1024 client is a relay, 2048 to 262144 which
--   fields the record has, 524288 a service that people log on to, 4194304 and 8388608 the source or the destination is a relay.
--   17 bits for the class of addresses, 17 for that of ports, 9 for the protocol, 20 for the rest. An accepted response needs
--   no rule, so neither class tells anything of it.
create or replace macro traffic_key (
  traits,
  protocol,
  address_class,
  port_class,
  initiator_code,
  basis_code,
  service_port
) as (
  if (
    bitwise_and (traits, 3) = 1
    and initiator_code = 2,
    0,
    address_class * cast(131072 as bigint) + port_class
  ) * 512 + protocol
) * 1048576 + bitwise_and (traits, 523023) + 16 * initiator_code + 64 * basis_code + if (
  bitwise_and (
    traits,
    case initiator_code
      when 1 then 4194304
      when 2 then 8388608
      else 0
    end
  ) > 0,
  1024,
  0
) + if (
  protocol in (1, 58)
  or service_port in (22, 23, 3389, 5985, 5986),
  524288,
  0
);
