-- title: How long logs take to reach their store
-- question: How long after the newest record in it was each log object written to the place that it is kept in?
-- requirements: 10.3.3
-- parameters: period_start, period_end
-- rows: summary
-- needs: source_objects
-- grain: one row a source, flow log or log group, and UTC day of the newest record; for sources that are files one row a source
-- limits: Status: supports if 95 of 100 were written within an hour of their newest record and none later than a day after
--   it (the standard names no time: "promptly"); else partial; not_evidenced for files, whose time of writing is that of the
--   copy, and where no time is known. Of S3 objects the time is when the object was last modified: one that was copied or
--   replicated later counts as late. Of CloudWatch Logs it is when an event was received, counted from the start of its
--   record, so up to one aggregation interval too long. A negative delay says that clocks differ. That the place is central,
--   secure and hard to alter is for a person to show.
-- source: Amazon VPC User Guide, "Flow log records" and "Publish flow logs to CloudWatch Logs"
with
  objects as (
    select
      source,
      kind,
      coalesce(flow_log_id, 'not known') as subject,
      cast(last_at as date) as log_date,
      date_diff('second', last_at, modified_at) as delay_seconds
    from
      source_object
    where
      uri like 's3://%'
      and kind in ('flow_logs', 'ips_events')
      and status in ('loaded', 'damaged')
      and coalesce(format, '') <> 'deep_security_computers'
      and last_at is not null
      and modified_at is not null
      and last_at >= cast($period_start as timestamp)
      and last_at < cast($period_end as timestamp)
  ),
  ranked as (
    select
      *,
      row_number() over (
        partition by
          source,
          kind,
          subject,
          log_date
        order by
          delay_seconds
      ) as place,
      count(*) over (
        partition by
          source,
          kind,
          subject,
          log_date
      ) as item_count
    from
      objects
  ),
  object_delays as (
    select
      source,
      kind,
      subject,
      log_date,
      'S3 objects' as measured,
      max(item_count) as item_count,
      min(delay_seconds) as least_seconds,
      min(
        if (
          place * 100 >= item_count * 50,
          delay_seconds,
          null
        )
      ) as half_seconds,
      min(
        if (
          place * 100 >= item_count * 95,
          delay_seconds,
          null
        )
      ) as most_seconds,
      max(delay_seconds) as greatest_seconds
    from
      ranked
    group by
      source,
      kind,
      subject,
      log_date
  ),
  event_delays as (
    select
      source,
      kind,
      log_group as subject,
      flow_date as log_date,
      'CloudWatch Logs events' as measured,
      event_count as item_count,
      least_seconds,
      half_seconds,
      most_seconds,
      greatest_seconds
    from
      ingestion_day
    where
      kind in ('flow_logs', 'ips_events')
      and flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date < cast(cast($period_end as timestamp) as date)
  ),
  files as (
    select
      source,
      kind,
      'all files' as subject,
      cast(null as date) as log_date,
      'files' as measured,
      count(*) as item_count,
      cast(null as bigint) as least_seconds,
      cast(null as bigint) as half_seconds,
      cast(null as bigint) as most_seconds,
      cast(null as bigint) as greatest_seconds
    from
      source_object
    where
      uri not like 's3://%'
      and uri not like 'cloudwatch-logs://%'
      and kind in ('flow_logs', 'ips_events')
      and status in ('loaded', 'damaged')
      and coalesce(format, '') <> 'deep_security_computers'
      and last_at >= cast($period_start as timestamp)
      and last_at < cast($period_end as timestamp)
    group by
      source,
      kind
  ),
  delays as (
    select
      *
    from
      object_delays
    union all
    select
      *
    from
      event_delays
    union all
    select
      *
    from
      files
  )
select
  source,
  kind,
  subject,
  cast(log_date as varchar) as log_date,
  measured,
  cast(item_count as bigint) as item_count,
  cast(least_seconds as bigint) as least_seconds,
  cast(half_seconds as bigint) as half_seconds,
  cast(most_seconds as bigint) as most_seconds,
  cast(greatest_seconds as bigint) as greatest_seconds,
  case
    when most_seconds is null then 'not_evidenced'
    when most_seconds <= 3600
    and greatest_seconds <= 86400 then 'supports'
    else 'partial'
  end as status,
  case
    when most_seconds is null then 'DELIVERY_TIME_UNKNOWN'
    when most_seconds <= 3600
    and greatest_seconds <= 86400 then null
    else 'DELIVERY_LATE'
  end as gap_code,
  case
    when most_seconds is null then 'A file has the time at which it was copied here, not the one at which the log was delivered.'
    when most_seconds <= 3600
    and greatest_seconds <= 86400 then '95 of 100 were in their store within an hour, and none took longer than a day.'
    when most_seconds <= 3600 then '95 of 100 were in their store within an hour, but one or more took longer than a day.'
    else 'More than 5 of 100 took longer than an hour to reach their store.'
  end || if (
    least_seconds < 0,
    ' One or more were written before the time of their newest record: clocks differ.',
    ''
  ) as why,
  case
    when most_seconds is null then 'Read the logs where they are delivered (s3 or cloudwatch_logs under sources), or show the settings of the delivery.'
    when most_seconds <= 3600
    and greatest_seconds <= 86400 then null
    else 'Look for the late objects and why they came late (permission, throttling, replication or a copy made later), and keep it as a logging failure where records were missing meanwhile.'
  end as remedy
from
  delays
order by
  source,
  kind,
  subject,
  log_date,
  measured
