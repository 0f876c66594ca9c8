-- title: Flows that companion events may supply details of, and what the events hold
-- grain: one row a flow with such an event
-- parameters: none
-- source: an event without ports concerns a flow between the same hosts only where there are no ports, or where the flow is to a
--   service that people log on to
with
  usable as (
    select
      flow_event.object_id,
      flow_event.line_number,
      flow_event.event_id,
      flow_event.user_name,
      flow_event.disposition,
      flow_event.confidence,
      flow_verdict.class_id
    from
      flow_event
      inner join flow_verdict on flow_event.object_id = flow_verdict.object_id
      and flow_event.line_number = flow_verdict.line_number
      inner join class_verdict on flow_verdict.class_id = class_verdict.class_id
    where
      flow_event.confidence <> 'low'
      or class_verdict.is_logon_service
  )
select
  usable.object_id,
  usable.line_number,
  usable.class_id,
  count(distinct usable.user_name) as event_user_count,
  count(*) filter(
    where
      event_subject.signature_id is not null
  ) as event_signature_count,
  count(*) filter(
    where
      usable.disposition in ('blocked', 'detected', 'allowed')
  ) as event_disposition_count,
  count(event_subject.client_address) as event_client_count,
  -- The best of them: high, low and medium happen not to be in order.
  case
    when bool_or(usable.confidence = 'high') then 'high'
    when bool_or(usable.confidence = 'medium') then 'medium'
    else 'low'
  end as event_confidence
from
  usable
  inner join event_subject on usable.event_id = event_subject.event_id
group by
  usable.object_id,
  usable.line_number,
  usable.class_id
