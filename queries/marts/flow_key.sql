-- title: What the verdicts on a flow depend on, packed into two numbers
-- grain: one row a flow
-- parameters: none
-- source: class_key.sql takes the numbers apart again. Bits of traits: 1 and 2 action, 4 and 8 direction, 16 and 32 initiator,
--   64 and 128 its basis, 256 direction recorded, 512 remote side public, 1024 client is a relay, 2048 to 262144 which
--   fields the record has, 524288 a service that people log on to
with
  subjects_in_order as (
    select
      *,
      if (
        bitwise_and (traits, 12) = 8,
        remote_number,
        local_number
      ) < if (
        bitwise_and (traits, 12) = 8,
        local_number,
        remote_number
      )
      or (
        local_number = remote_number
        and srcport <= dstport
      ) as is_source_low
    from
      flow_subject
  ),
  subjects as (
    select
      flow_subject.*,
      day_object.recorder_number,
      case
        when flow_subject.flags_code in (1, 2) then flow_subject.flags_code
        when conversation.opener_code is null then flow_subject.ports_code
        -- The opener is counted from the lower endpoint.
        when flow_subject.is_source_low then conversation.opener_code
        else 3 - conversation.opener_code
      end as initiator_code,
      case
        when flow_subject.flags_code in (1, 2) then 0
        when conversation.opener_code is not null then 1
        else 2
      end as basis_code
    from
      subjects_in_order as flow_subject
      inner join day_object on flow_subject.object_number = day_object.object_number
      left join conversation on flow_subject.interface_number = conversation.interface_number
      and if (
        flow_subject.flags_code = 3,
        least(
          flow_subject.remote_number,
          flow_subject.local_number
        ),
        null
      ) = conversation.low_number
      and greatest(
        flow_subject.remote_number,
        flow_subject.local_number
      ) = conversation.high_number
      and if (
        flow_subject.is_source_low,
        flow_subject.srcport * cast(65536 as bigint) + flow_subject.dstport,
        flow_subject.dstport * cast(65536 as bigint) + flow_subject.srcport
      ) = conversation.ports
  ),
  judged as (
    select
      *,
      -- An accepted response needs no rule, so neither class tells anything of it.
      bitwise_and (traits, 3) = 1
      and initiator_code = 2 as is_accepted_response,
      case initiator_code
        when 1 then dstport
        when 2 then srcport
        else -1
      end as service_port,
      case initiator_code
        when 1 then bitwise_and (traits, 4194304) > 0
        when 2 then bitwise_and (traits, 8388608) > 0
        else false
      end as is_client_relay
    from
      subjects
  )
select
  object_number,
  line_number,
  cast(recorder_number as bigint) * 4294967296 + period_id as subject_key,
  -- 17 bits for the class of addresses, 17 for that of ports, 9 for the protocol, 20 for the rest.
  (
    (
      if (is_accepted_response, 0, address_class) * cast(131072 as bigint) + if (is_accepted_response, 0, port_class)
    ) * 512 + protocol
  ) * 1048576 + bitwise_and (traits, 523023) + 16 * initiator_code + 64 * basis_code + if (is_client_relay, 1024, 0) + if (
    protocol in (1, 58)
    or service_port in (22, 23, 3389, 5985, 5986),
    524288,
    0
  ) as traffic_key,
  service_port,
  if (bitwise_and (traits, 12) > 0, remote_number, null) as remote_number,
  bytes,
  packets,
  starts_at,
  ends_at
from
  judged
