-- title: Objects that hold flows of a day, and who recorded them
-- grain: one row an object
-- parameters: flow_date
-- source: numbered by what the day holds, so that objects of other days change nothing of it
with
  seen as (
    select
      object_id
    from
      flow
    where
      flow_date = cast($flow_date as date)
    group by
      object_id
  )
select
  seen.object_id,
  cast(
    row_number() over (
      order by
        seen.object_id
    ) as integer
  ) as object_number,
  flow_object.source,
  flow_object.flow_log_id,
  flow_object.log_format,
  cast(
    dense_rank () over (
      order by
        flow_object.source,
        flow_object.flow_log_id,
        flow_object.log_format
    ) as integer
  ) as recorder_number
from
  seen
  left join flow_object on seen.object_id = flow_object.object_id
