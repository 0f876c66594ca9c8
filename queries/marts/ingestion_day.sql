-- title: How long after their time the events of a day reached CloudWatch Logs
-- grain: one row a log group and an entry of the configuration
-- parameters: flow_date
-- source: Amazon VPC User Guide, "Publish flow logs to CloudWatch Logs": the timestamp of an event is the start of the flow
--   record, and its ingestion time is when CloudWatch Logs received it
with
  delays as (
    select
      cloudwatch_event.log_group,
      source_object.source,
      source_object.kind,
      date_diff(
        'second',
        cloudwatch_event.event_at,
        cloudwatch_event.ingestion_at
      ) as delay_seconds
    from
      cloudwatch_event
      inner join source_object on cloudwatch_event.object_id = source_object.object_id
    where
      cloudwatch_event.event_date = cast($flow_date as date)
      and cloudwatch_event.event_at is not null
      and cloudwatch_event.ingestion_at is not null
  ),
  -- Few delays differ: those that are alike are counted first.
  counted as (
    select
      log_group,
      source,
      kind,
      delay_seconds,
      count(*) as event_count
    from
      delays
    group by
      log_group,
      source,
      kind,
      delay_seconds
  ),
  ranked as (
    select
      *,
      sum(event_count) over (
        partition by
          log_group,
          source,
          kind
        order by
          delay_seconds rows between unbounded preceding
          and current row
      ) as up_to_count,
      sum(event_count) over (
        partition by
          log_group,
          source,
          kind
      ) as total_count
    from
      counted
  )
select
  log_group,
  source,
  kind,
  sum(event_count) as event_count,
  min(delay_seconds) as least_seconds,
  min(
    if (
      up_to_count * 100 >= total_count * 50,
      delay_seconds,
      null
    )
  ) as half_seconds,
  min(
    if (
      up_to_count * 100 >= total_count * 95,
      delay_seconds,
      null
    )
  ) as most_seconds,
  max(delay_seconds) as greatest_seconds,
  cast($flow_date as date) as flow_date
from
  ranked
group by
  log_group,
  source,
  kind
order by
  log_group,
  source,
  kind
