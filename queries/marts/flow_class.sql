-- title: Classes of flows of a day, and what is decided of every flow of a class
-- grain: one row a class
-- parameters: flow_date
select
  class_verdict.*,
  detail_subject.detail_id,
  cast($flow_date as date) as flow_date
from
  class_verdict
  inner join detail_subject on class_verdict.recorder_number = detail_subject.recorder_number
  and class_verdict.detail_traits = detail_subject.detail_traits
  and class_verdict.as_of_id = detail_subject.as_of_id
  and detail_subject.event_confidence is null
order by
  class_verdict.class_id
