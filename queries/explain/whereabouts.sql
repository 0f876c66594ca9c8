-- title: What stands in the place of a record that `flow` does not have
-- grain: one row an object of that id
-- parameters: object_id, line_number
with
  later as (
    select
      supersedes_object_id,
      min(object_id) as superseding_object_id
    from
      source_object
    where
      supersedes_object_id = $object_id
    group by
      supersedes_object_id
  ),
  rejects as (
    select
      object_id,
      reason
    from
      rejected_record
    where
      object_id = $object_id
      and line_number = $line_number
  ),
  quiet_intervals as (
    select
      object_id,
      log_status
    from
      flow_status
    where
      object_id = $object_id
      and line_number = $line_number
  )
select
  source_object.uri,
  source_object.kind,
  source_object.status,
  source_object.line_count,
  later.superseding_object_id,
  rejects.reason as rejected_reason,
  quiet_intervals.log_status
from
  source_object
  left join later on source_object.object_id = later.supersedes_object_id
  left join rejects on source_object.object_id = rejects.object_id
  left join quiet_intervals on source_object.object_id = quiet_intervals.object_id
where
  source_object.object_id = $object_id
