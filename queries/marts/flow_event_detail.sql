-- title: Flows whose details companion events supply, beyond what their class has
-- grain: one row a flow with such an event
-- parameters: flow_date
select
  event_flow.object_id,
  event_flow.line_number,
  event_flow.class_id,
  detail_subject.detail_id,
  cast($flow_date as date) as flow_date
from
  event_flow
  inner join class_verdict on event_flow.class_id = class_verdict.class_id
  inner join detail_subject on class_verdict.recorder_number = detail_subject.recorder_number
  and class_verdict.detail_traits = detail_subject.detail_traits
  and class_verdict.as_of_id = detail_subject.as_of_id
  and event_flow.event_user_count = detail_subject.event_user_count
  and event_flow.event_signature_count = detail_subject.event_signature_count
  and event_flow.event_disposition_count = detail_subject.event_disposition_count
  and event_flow.event_client_count = detail_subject.event_client_count
  and event_flow.event_confidence = detail_subject.event_confidence
order by
  event_flow.object_id,
  event_flow.line_number
