-- title: Objects of flow logs, and who recorded what is in them
-- grain: one row an object
-- parameters: none
-- source: Amazon VPC User Guide, "Flow log basics": a flow log cannot be edited, so one with another format is another one
with
  -- A pull of CloudWatch Logs holds one log group; its flow log is known if only one writes there.
  group_flow_logs as (
    select
      log_group_name,
      min(flow_log_id) as flow_log_id
    from
      flow_log
    where
      log_group_name is not null
    group by
      log_group_name
    having
      count(distinct flow_log_id) = 1
  ),
  objects as (
    select
      source_object.object_id,
      min(source_object.source) as source,
      coalesce(
        min(source_object.flow_log_id),
        min(group_flow_logs.flow_log_id)
      ) as flow_log_id,
      array_join (min(source_object.fields), ' ') as log_format,
      coalesce(cardinality(min(source_object.fields)), 0) as field_count
    from
      source_object
      left join group_flow_logs on log_group_of (source_object.uri) = group_flow_logs.log_group_name
    where
      source_object.kind = 'flow_logs'
    group by
      source_object.object_id
  )
select
  object_id,
  row_number() over (
    order by
      object_id
  ) as object_number,
  source,
  flow_log_id,
  log_format,
  field_count,
  -- A flow log that two entries of the configuration read is two recorders: what both hold is a copy.
  coalesce(source, '') || ' ' || coalesce(flow_log_id, '') || ' ' || replace(coalesce(log_format, ''), '_', '-') as recorder
from
  objects
