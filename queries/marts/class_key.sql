-- title: Classes of flows: those of which everything that a verdict depends on is the same
-- grain: one row a class
-- parameters: none
-- source: flow_subject.sql and traffic_key.sql pack the numbers that are taken apart here
with
  classes as (
    select
      subject_key,
      traffic_key,
      count(*) as flow_count,
      sum(packets) as packet_count,
      sum(bytes) as byte_count,
      min(starts_at) as first_at,
      max(ends_at) as last_at
    from
      flow_key
    group by
      subject_key,
      traffic_key
  ),
  parts as (
    select
      *,
      cast(traffic_key % 1048576 as integer) as traits,
      cast((traffic_key / 1048576) % 512 as integer) as protocol_number
    from
      classes
  )
select
  cast(
    row_number() over (
      order by
        subject_key,
        traffic_key
    ) as integer
  ) as class_id,
  subject_key,
  traffic_key,
  cast(subject_key / 4294967296 as integer) as recorder_number,
  cast(subject_key % 4294967296 as integer) as period_id,
  -- Of all bits, those that the six details depend on: not the direction, nor whether the remote side is public. Bit 4 is
  -- whether there is a protocol.
  bitwise_and (traits, 1047795) + if (protocol_number = 256, 0, 4) as detail_traits,
  nullif(protocol_number, 256) as protocol,
  cast((traffic_key / 536870912) % 131072 as integer) as port_class,
  cast(traffic_key / 70368744177664 as integer) as address_class,
  case bitwise_and (traits, 3)
    when 1 then 'ACCEPT'
    when 2 then 'REJECT'
  end as action,
  case bitwise_and (traits, 12)
    when 4 then 'egress'
    when 8 then 'ingress'
  end as row_direction,
  case
    when bitwise_and (traits, 256) > 0 then 'flow_direction'
    when bitwise_and (traits, 12) > 0 then 'interface_address'
  end as row_direction_basis,
  case bitwise_and (traits, 48)
    when 16 then 'source'
    when 32 then 'destination'
  end as initiator,
  case
    when bitwise_and (traits, 48) = 0 then null
    when bitwise_and (traits, 192) = 0 then 'tcp_flags'
    when bitwise_and (traits, 192) = 64 then 'conversation'
    else 'ports'
  end as initiator_basis,
  bitwise_and (traits, 48) = 32 as is_response,
  -- SYN without ACK.
  bitwise_and (traits, 240) = 16 as is_opening,
  bitwise_and (traits, 512) > 0 as is_remote_public,
  bitwise_and (traits, 1024) > 0 as is_client_relay,
  bitwise_and (traits, 2048) > 0 as has_start,
  bitwise_and (traits, 4096) > 0 as has_end,
  bitwise_and (traits, 8192) > 0 as has_source,
  bitwise_and (traits, 16384) > 0 as has_destination,
  bitwise_and (traits, 32768) > 0 as has_source_port,
  bitwise_and (traits, 65536) > 0 as has_destination_port,
  bitwise_and (traits, 131072) > 0 as has_vpc_id,
  bitwise_and (traits, 262144) > 0 as has_instance_id,
  bitwise_and (traits, 524288) > 0 as is_logon_service,
  flow_count,
  packet_count,
  byte_count,
  first_at,
  last_at
from
  parts
