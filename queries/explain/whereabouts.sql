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
  ),
  objects as (
    select
      *
    from
      source_object
    where
      object_id = $object_id
  ),
  gone_days as (
    select
      objects.object_id,
      string_agg(
        strftime(gone_day.log_date, '%Y-%m-%d') || ' (' || gone_day.action || ' ' || strftime(gone_day.left_at, '%Y-%m-%d') || ', raw_months ' || cast(gone_day.raw_months as varchar) || ')',
        ', '
        order by
          gone_day.log_date
      ) as gone_text,
      min(gone_day.log_date) as gone_date,
      bool_or(gone_day.action = 'archived') as is_archived
    from
      objects
      inner join gone_day on gone_day.log_date >= cast(objects.first_at as date)
      and gone_day.log_date <= cast(objects.last_at as date)
    where
      gone_day.table_name = 'flow'
      and $line_number <= objects.line_count
    group by
      objects.object_id
  )
select
  source_object.uri,
  source_object.kind,
  source_object.status,
  source_object.line_count,
  later.superseding_object_id,
  rejects.reason as rejected_reason,
  quiet_intervals.log_status,
  gone_days.gone_text,
  strftime(gone_days.gone_date, '%Y-%m-%d') as gone_date,
  gone_days.is_archived
from
  objects as source_object
  left join later on source_object.object_id = later.supersedes_object_id
  left join rejects on source_object.object_id = rejects.object_id
  left join quiet_intervals on source_object.object_id = quiet_intervals.object_id
  left join gone_days on source_object.object_id = gone_days.object_id
