-- title: How long after the time that hosts give their events of a day a manager or collector received them
-- grain: one row a product and a host as it names it
-- parameters: event_date
with
  events as (
    select
      event_id,
      min(product) as product,
      min(
        coalesce(host_name, instance_id, host_id, host_address)
      ) as host,
      min(instance_id) as instance_id,
      min(event_at) as event_at,
      min(received_at) as received_at,
      bool_or(
        time_source in (
          'record_without_year',
          'syslog_header_without_year'
        )
      ) as is_year_inferred
    from
      ips_event
    where
      event_date = cast($event_date as date)
    group by
      event_id
  )
select
  product,
  host,
  min(instance_id) as instance_id,
  count(*) as event_count,
  count(date_diff('second', event_at, received_at)) as compared_count,
  count(*) filter(
    where
      date_diff('second', event_at, received_at) < -60
  ) as ahead_count,
  min(date_diff('second', event_at, received_at)) as least_seconds,
  max(date_diff('second', event_at, received_at)) as greatest_seconds,
  count(*) filter(
    where
      is_year_inferred
  ) as year_inferred_count,
  cast($event_date as date) as event_date
from
  events
group by
  product,
  host
order by
  product,
  host
