-- title: Who opened the TCP connections of which some records have no flags that say so
-- grain: one row a connection: a recorded interface and two endpoints, in either direction
-- parameters: none
-- source: Amazon VPC User Guide, "Flow log records": tcp-flags are those of one interval, so the records of
--   later intervals of a connection have neither SYN nor SYN-ACK
with
  records as (
    select
      interface_number,
      flags_code,
      if (
        bitwise_and (traits, 12) = 8,
        remote_number,
        local_number
      ) as source_number,
      if (
        bitwise_and (traits, 12) = 8,
        local_number,
        remote_number
      ) as destination_number,
      srcport,
      dstport
    from
      flow_subject
    where
      flags_code > 0
      and srcport >= 0
      and dstport >= 0
      and remote_number is not null
      and local_number is not null
      and (
        remote_number <> local_number
        or srcport <> dstport
      )
  ),
  -- Both directions of a connection have the same lower and higher endpoint.
  ordered as (
    select
      *,
      source_number < destination_number
      or (
        source_number = destination_number
        and srcport <= dstport
      ) as is_source_low
    from
      records
  ),
  endpoints as (
    select
      interface_number,
      least(source_number, destination_number) as low_number,
      greatest(source_number, destination_number) as high_number,
      if (
        is_source_low,
        srcport * cast(65536 as bigint) + dstport,
        dstport * cast(65536 as bigint) + srcport
      ) as ports,
      flags_code,
      if (is_source_low, flags_code, 3 - flags_code) as opener_code
    from
      ordered
  ),
  undecided as (
    select distinct
      interface_number,
      low_number,
      high_number,
      ports
    from
      endpoints
    where
      flags_code = 3
  )
select
  endpoints.interface_number,
  endpoints.low_number,
  endpoints.high_number,
  endpoints.ports,
  min(endpoints.opener_code) as opener_code
from
  endpoints
  inner join undecided on endpoints.interface_number = undecided.interface_number
  and endpoints.low_number = undecided.low_number
  and endpoints.high_number = undecided.high_number
  and endpoints.ports = undecided.ports
where
  endpoints.flags_code in (1, 2)
group by
  endpoints.interface_number,
  endpoints.low_number,
  endpoints.high_number,
  endpoints.ports
having
  min(endpoints.opener_code) = max(endpoints.opener_code)
