-- title: What the verdicts on a flow depend on, packed into two numbers
-- grain: one row a flow
-- parameters: none
-- source: class_key.sql takes the numbers apart again
with
  -- Nearly all flows say by themselves who opened them, or no other record could: they are not looked up.
  undecided as (
    select
      *,
      cast((traffic_key / 1048576) % 512 as integer) as protocol,
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
    where
      flags_code = 3
  ),
  asked as (
    select
      undecided.*,
      -- The opener is counted from the lower endpoint.
      if (
        undecided.is_source_low,
        conversation.opener_code,
        3 - conversation.opener_code
      ) as opener_code
    from
      undecided
      left join conversation on undecided.interface_number = conversation.interface_number
      and least(undecided.remote_number, undecided.local_number) = conversation.low_number
      and greatest(undecided.remote_number, undecided.local_number) = conversation.high_number
      and if (
        undecided.is_source_low,
        undecided.srcport * cast(65536 as bigint) + undecided.dstport,
        undecided.dstport * cast(65536 as bigint) + undecided.srcport
      ) = conversation.ports
  ),
  answered as (
    select
      *,
      if (opener_code = 1, dstport, srcport) as opened_port
    from
      asked
  )
select
  object_number,
  line_number,
  subject_key,
  traffic_key,
  service_port,
  if (
    bitwise_and (traffic_key, 12) > 0,
    remote_number,
    null
  ) as remote_number,
  bytes,
  packets,
  starts_at,
  ends_at
from
  flow_subject
where
  flags_code <> 3
union all
select
  object_number,
  line_number,
  subject_key,
  if (
    opener_code is null,
    traffic_key,
    traffic_key (
      traits,
      protocol,
      address_class,
      port_class,
      opener_code,
      1,
      opened_port
    )
  ) as traffic_key,
  if (opener_code is null, service_port, opened_port) as service_port,
  if (bitwise_and (traits, 12) > 0, remote_number, null) as remote_number,
  bytes,
  packets,
  starts_at,
  ends_at
from
  answered
