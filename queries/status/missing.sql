-- title: What is missing
-- grain: one row a gap
-- parameters: period_start, period_end
with
  period_days as (
    select
      cast(period_day.day_at as date) as missing_date
    from
      unnest(
        sequence (
          cast($period_start as timestamp),
          cast($period_end as timestamp) - interval '1' second,
          interval '1' day
        )
      ) as period_day (day_at)
  ),
  flow_days as (
    select distinct
      flow_date
    from
      flow
    union
    select distinct
      flow_date
    from
      flow_status
  ),
  gaps as (
    select
      'day without flow logs' as missing,
      cast(missing_date as varchar) as place,
      'no record starts on this day' as why
    from
      period_days
    where
      missing_date not in (
        select
          flow_date
        from
          flow_days
      )
      and missing_date not in (
        select
          log_date
        from
          gone_day
        where
          table_name = 'flow'
      )
    union all
    select
      'raw rows' as missing,
      table_name || ' ' || cast(min(log_date) as varchar) || ' to ' || cast(max(log_date) as varchar) as place,
      cast(count(*) as varchar) || if (count(*) = 1, ' day ', ' days ') || action || ' by the retention of the configuration; what is counted by day is there' as why
    from
      gone_day
    where
      table_name in ('flow', 'ips_event')
      and log_date >= cast(cast($period_start as timestamp) as date)
      and log_date < cast(cast($period_end as timestamp) as date)
    group by
      table_name,
      action
    union all
    select
      'object ' || status as missing,
      uri as place,
      reason as why
    from
      source_object
    where
      status in ('damaged', 'refused')
    union all
    select
      'rejected lines' as missing,
      uri || ' line ' || cast(min(line_number) as varchar) as place,
      cast(count(*) as varchar) || ' rejected; first: ' || min_by(reason, line_number) as why
    from
      rejected_record
    group by
      uri
    union all
    select
      'inventory snapshot' as missing,
      'inventory' as place,
      'no snapshot was read: flows cannot be joined with interfaces, groups and rules' as why
    where
      not exists (
        select
          1
        from
          inventory_snapshot
      )
    union all
    select
      'IPS events' as missing,
      'ips_events' as place,
      'no event was read' as why
    where
      not exists (
        select
          1
        from
          ips_event
      )
      and not exists (
        select
          1
        from
          gone_day
        where
          table_name = 'ips_event'
      )
  )
select
  *
from
  gaps
order by
  missing,
  place
