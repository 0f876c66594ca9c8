-- title: The class of every flow of a day
-- grain: one row a flow
-- parameters: flow_date
select
  day_object.object_id,
  flow_key.line_number,
  class_key.class_id,
  cast($flow_date as date) as flow_date
from
  flow_key
  inner join class_key on flow_key.subject_key = class_key.subject_key
  and flow_key.traffic_key = class_key.traffic_key
  inner join day_object on flow_key.object_number = day_object.object_number
order by
  flow_key.object_number,
  flow_key.line_number
