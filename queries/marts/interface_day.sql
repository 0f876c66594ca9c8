-- title: In which hours of a day each interface has records, and who recorded it
-- grain: one row an interface and a recorder: a flow log, or an entry of the configuration where its flow log is not known
-- parameters: flow_date
-- source: Amazon VPC User Guide, "Flow log records": an interval without traffic has a NODATA record, one with a loss a
--   SKIPDATA record
with
  -- Few objects, interfaces and hours make many records: their names are looked up once.
  records as (
    select
      object_id,
      interface_id,
      'OK' as log_status,
      date_trunc('hour', coalesce(start_at, end_at)) as start_hour_at,
      date_trunc('hour', coalesce(end_at, start_at)) as end_hour_at,
      count(*) as record_count,
      min(coalesce(start_at, end_at)) as first_at,
      max(coalesce(end_at, start_at)) as last_at
    from
      flow
    where
      flow_date = cast($flow_date as date)
    group by
      object_id,
      interface_id,
      date_trunc('hour', coalesce(start_at, end_at)),
      date_trunc('hour', coalesce(end_at, start_at))
    union all
    select
      object_id,
      interface_id,
      log_status,
      date_trunc('hour', coalesce(start_at, end_at)) as start_hour_at,
      date_trunc('hour', coalesce(end_at, start_at)) as end_hour_at,
      count(*) as record_count,
      min(coalesce(start_at, end_at)) as first_at,
      max(coalesce(end_at, start_at)) as last_at
    from
      flow_status
    where
      flow_date = cast($flow_date as date)
    group by
      object_id,
      interface_id,
      log_status,
      date_trunc('hour', coalesce(start_at, end_at)),
      date_trunc('hour', coalesce(end_at, start_at))
  ),
  recorded as (
    select
      records.*,
      flow_object.source,
      flow_object.flow_log_id
    from
      records
      left join flow_object on records.object_id = flow_object.object_id
  ),
  hours as (
    select
      interface_id,
      source,
      flow_log_id,
      start_hour_at as hour_at
    from
      recorded
    where
      start_hour_at is not null
    union
    select
      interface_id,
      source,
      flow_log_id,
      end_hour_at as hour_at
    from
      recorded
    where
      end_hour_at is not null
  ),
  hour_lists as (
    select
      interface_id,
      source,
      flow_log_id,
      list_sort(
        array_agg(
          cast(
            date_diff('hour', cast($flow_date as timestamp), hour_at) as integer
          )
        )
      ) as seen_hours,
      count(*) filter(
        where
          cast(hour_at as date) = cast($flow_date as date)
      ) as seen_hour_count
    from
      hours
    group by
      interface_id,
      source,
      flow_log_id
  ),
  counts as (
    select
      interface_id,
      source,
      flow_log_id,
      sum(if (log_status = 'OK', record_count, 0)) as record_count,
      sum(if (log_status = 'NODATA', record_count, 0)) as nodata_count,
      sum(if (log_status = 'SKIPDATA', record_count, 0)) as skipdata_count,
      min(first_at) as first_at,
      max(last_at) as last_at
    from
      recorded
    group by
      interface_id,
      source,
      flow_log_id
  )
select
  counts.interface_id,
  counts.source,
  counts.flow_log_id,
  counts.record_count,
  counts.nodata_count,
  counts.skipdata_count,
  coalesce(hour_lists.seen_hours, []) as seen_hours,
  coalesce(hour_lists.seen_hour_count, 0) as seen_hour_count,
  counts.first_at,
  counts.last_at,
  cast($flow_date as date) as flow_date
from
  counts
  left join hour_lists on counts.interface_id is not distinct from hour_lists.interface_id
  and counts.source is not distinct from hour_lists.source
  and counts.flow_log_id is not distinct from hour_lists.flow_log_id
order by
  counts.interface_id,
  counts.source,
  counts.flow_log_id
