-- title: What a record is a copy of, and the copies that it stands for
-- grain: one row a record and one that stands for it
-- parameters: flow_id
select
  flow_id,
  kept_flow_id,
  copied_as,
  compared_fields,
  source,
  flow_log_id,
  kept_source,
  kept_flow_log_id,
  start_at,
  end_at
from
  flow_copy
where
  flow_id = $flow_id
  or kept_flow_id = $flow_id
order by
  flow_id,
  kept_flow_id
