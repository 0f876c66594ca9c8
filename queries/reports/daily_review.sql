-- title: Automated review of logs on each day
-- question: Was the log of each UTC day, weekends included, read and enriched by a run of flowproof within a day after it ended?
-- requirements: 10.4.1, 10.4.1.1
-- parameters: period_start, period_end
-- rows: summary
-- needs: none
-- grain: one row a class of logs (flow logs, IPS events) and UTC day
-- limits: Status: supports if a run that reads and enriches began within 24 hours after the day ended, and every object with
--   records of the day that the lake holds was read by then; partial if objects came later, have grown since (how much of them
--   was read in time is not kept), or could not be read as a whole; not_evidenced if no such run began in time, or no log of
--   the day was read at all. Only runs that began before 24 hours after the period are looked at; when a later run read a day
--   is in the tables run and source_object. A run that did not finish does not count, unless it is the newest. An object
--   counts for every day between its first and its last record. What a run does is fixed: it joins records with inventory and
--   rules and lists findings; which mechanism is the entity's review, who looked at the findings and what followed is for a
--   person to show. Logs of other systems are not read.
-- source: PCI DSS v4.0.1 requirements 10.4.1 and 10.4.1.1; a day is a calendar day
with
  days as (
    select
      cast(day_at as date) as day,
      seconds_after (day_at, 86400) as ended_at
    from
      unnest(
        sequence (
          cast($period_start as timestamp),
          cast($period_end as timestamp),
          interval '1' day
        )
      ) as days (day_at)
    where
      day_at < cast($period_end as timestamp)
  ),
  classes (kind, log_class) as (
    values
      (
        'flow_logs',
        'flow logs (network security controls)'
      ),
      ('ips_events', 'IPS events (security events)')
  ),
  ordered_runs as (
    select
      run_id,
      command,
      started_at,
      finished_at,
      exit_code,
      row_number() over (
        order by
          started_at desc,
          run_id desc
      ) as place
    from
      run
  ),
  -- The newest run is the one that makes this report, or the one before it.
  reviews as (
    select
      run_id,
      started_at
    from
      ordered_runs
    where
      command in ('run', 'enrich')
      and (
        finished_at is not null
        or place = 1
      )
      and started_at < seconds_after (cast($period_end as timestamp), 86400)
  ),
  first_reviews as (
    select
      days.day,
      min(reviews.started_at) as started_at
    from
      days
      inner join reviews on reviews.started_at >= days.ended_at
      and reviews.started_at < seconds_after (days.ended_at, 86400)
    group by
      days.day
  ),
  objects as (
    select
      source_object.kind,
      source_object.status,
      source_object.supersedes_object_id is not null as is_grown,
      cast(source_object.first_at as date) as first_date,
      cast(source_object.last_at as date) as last_date,
      -- What a run reads belongs to it, however long the run takes.
      coalesce(run.started_at, source_object.ingested_at) as read_at
    from
      source_object
      left join run on source_object.run_id = run.run_id
    where
      source_object.kind in ('flow_logs', 'ips_events')
      and source_object.status in ('loaded', 'damaged')
      -- A list of agents is no log.
      and coalesce(source_object.format, '') <> 'deep_security_computers'
      and source_object.first_at < cast($period_end as timestamp)
      and source_object.last_at >= cast($period_start as timestamp)
  ),
  object_days as (
    select
      days.day,
      objects.kind,
      count(*) as object_count,
      count(*) filter(
        where
          first_reviews.started_at is not null
          and objects.read_at <= first_reviews.started_at
      ) as reviewed_count,
      count(*) filter(
        where
          objects.status = 'damaged'
      ) as damaged_count,
      count(*) filter(
        where
          objects.is_grown
      ) as grown_count
    from
      objects
      inner join days on days.day >= objects.first_date
      and days.day <= objects.last_date
      left join first_reviews on days.day = first_reviews.day
    group by
      days.day,
      objects.kind
  ),
  record_days as (
    select
      'flow_logs' as kind,
      flow_date as day,
      sum(record_count + nodata_count + skipdata_count) as record_count
    from
      interface_day
    where
      flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date < cast(cast($period_end as timestamp) as date)
    group by
      flow_date
    union all
    select
      'ips_events' as kind,
      event_date as day,
      sum(event_count) as record_count
    from
      event_day
    where
      event_date >= cast(cast($period_start as timestamp) as date)
      and event_date < cast(cast($period_end as timestamp) as date)
    group by
      event_date
  ),
  found as (
    select
      classes.log_class,
      days.day,
      days.ended_at,
      date_diff('day', date '1970-01-05', days.day) % 7 in (5, 6) as is_weekend,
      coalesce(object_days.object_count, 0) as object_count,
      coalesce(object_days.reviewed_count, 0) as reviewed_count,
      coalesce(object_days.damaged_count, 0) as damaged_count,
      coalesce(object_days.grown_count, 0) as grown_count,
      coalesce(record_days.record_count, 0) as record_count,
      first_reviews.started_at
    from
      days
      cross join classes
      left join object_days on days.day = object_days.day
      and classes.kind = object_days.kind
      left join record_days on days.day = record_days.day
      and classes.kind = record_days.kind
      left join first_reviews on days.day = first_reviews.day
  ),
  judged as (
    select
      *,
      case
        when record_count = 0 then 'REVIEW_DAY_MISSING'
        when started_at is null then 'REVIEW_NOT_IN_TIME'
        when reviewed_count < object_count
        and grown_count > 0 then 'REVIEW_GROWN_OBJECTS'
        when reviewed_count = 0 then 'REVIEW_NOT_IN_TIME'
        when reviewed_count < object_count then 'REVIEW_LATE_OBJECTS'
        when damaged_count > 0 then 'REVIEW_DAMAGED_OBJECTS'
      end as gap_code
    from
      found
  )
select
  log_class,
  cast(day as varchar) as day,
  is_weekend,
  cast(record_count as bigint) as record_count,
  cast(object_count as bigint) as object_count,
  cast(object_count - reviewed_count as bigint) as later_object_count,
  date_trunc('second', started_at) as reviewed_at,
  cast(date_diff('hour', ended_at, started_at) as bigint) as hours_after_day,
  case
    when gap_code is null then 'supports'
    when gap_code in (
      'REVIEW_GROWN_OBJECTS',
      'REVIEW_LATE_OBJECTS',
      'REVIEW_DAMAGED_OBJECTS'
    ) then 'partial'
    else 'not_evidenced'
  end as status,
  gap_code,
  case gap_code
    when 'REVIEW_DAY_MISSING' then 'No record of this class and day was read.'
    when 'REVIEW_NOT_IN_TIME' then if (
      started_at is null,
      'No run that reads and enriches began within 24 hours after the day ended.',
      'A run began within 24 hours after the day ended, but every object of the day was read later.'
    )
    when 'REVIEW_GROWN_OBJECTS' then 'A run read and enriched the day in time; ' || cast(grown_count as varchar) || ' of ' || cast(object_count as varchar) || ' objects have grown, and what they held then is not known.'
    when 'REVIEW_LATE_OBJECTS' then 'A run read and enriched the day in time; ' || cast(object_count - reviewed_count as varchar) || ' of ' || cast(object_count as varchar) || ' objects were read later.'
    when 'REVIEW_DAMAGED_OBJECTS' then 'A run read and enriched the day in time; ' || cast(damaged_count as varchar) || ' of ' || cast(object_count as varchar) || ' objects could be read in part only.'
    else 'A run read and enriched every object of the day within 24 hours after it ended.'
  end as why,
  case gap_code
    when 'REVIEW_DAY_MISSING' then 'Find out whether logs of this day exist (see logging_failures and log_retention), and who reviewed them.'
    when 'REVIEW_NOT_IN_TIME' then 'Schedule flowproof run for each day, weekends included, or show the record of the mechanism that did review this day.'
    when 'REVIEW_GROWN_OBJECTS' then 'Rotate log files each day, so that a day is a file of its own.'
    when 'REVIEW_LATE_OBJECTS' then 'Show that what came later was reviewed too; see delivery_lag for why it came late.'
    when 'REVIEW_DAMAGED_OBJECTS' then 'See coverage_gaps for the objects; fetch them again.'
  end as remedy
from
  judged
order by
  log_class,
  day
