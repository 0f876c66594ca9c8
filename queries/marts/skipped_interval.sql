-- title: Intervals of a day in which AWS skipped records
-- grain: one row an interface, a recorder and a stretch of SKIPDATA intervals that overlap or touch
-- parameters: flow_date
-- source: Amazon VPC User Guide, "Flow log records": log-status SKIPDATA
with
  skipped as (
    select
      coalesce(flow_status.interface_id, 'unknown interface') as interface_id,
      flow_object.source,
      flow_object.flow_log_id,
      coalesce(
        flow_status.start_at,
        flow_status.end_at,
        cast(flow_status.flow_date as timestamp)
      ) as started_at,
      coalesce(
        flow_status.end_at,
        flow_status.start_at,
        cast(flow_status.flow_date as timestamp)
      ) as ended_at
    from
      flow_status
      left join flow_object on flow_status.object_id = flow_object.object_id
    where
      flow_status.flow_date = cast($flow_date as date)
      and flow_status.log_status = 'SKIPDATA'
  ),
  marked as (
    select
      *,
      if (
        started_at <= max(ended_at) over (
          partition by
            interface_id,
            source,
            flow_log_id
          order by
            started_at,
            ended_at rows between unbounded preceding
            and 1 preceding
        ),
        0,
        1
      ) as is_first
    from
      skipped
  ),
  numbered as (
    select
      *,
      sum(is_first) over (
        partition by
          interface_id,
          source,
          flow_log_id
        order by
          started_at,
          ended_at rows between unbounded preceding
          and current row
      ) as stretch_number
    from
      marked
  )
select
  interface_id,
  source,
  flow_log_id,
  count(*) as interval_count,
  min(started_at) as started_at,
  max(ended_at) as ended_at,
  cast($flow_date as date) as flow_date
from
  numbered
group by
  interface_id,
  source,
  flow_log_id,
  stretch_number
order by
  interface_id,
  source,
  flow_log_id,
  started_at
