-- title: How far back logs reach
-- question: Of each source, is there data for every day of the last twelve months, and are the newest three months at hand?
-- requirements: 10.5.1
-- parameters: period_start, period_end
-- rows: summary
-- needs: source_objects
-- grain: one row a source of logs, counted back from the end of the period, whatever its start; and one row a source and stretch of
--   days of the twelve months without data, or whose raw rows have left the lake by its retention
-- limits: Status: supports if each UTC day of the twelve months before the end of the period has data; contradicts if a day
--   after the first data and in the newest three months has none; not_evidenced if the first data are younger than twelve
--   months, for what is older may be in a store that is not read; partial if an older day has none, or if the source ended and
--   another one of its kind has data since. For sources of IPS events a day without events may be a quiet one, so it never
--   contradicts. What the retention of the configuration took out of the lake is no missing day, and is not at hand: rows that
--   left twelve months or more after their day were kept for as long as is asked for; rows that left earlier are
--   not_evidenced where they were removed, and partial where an archive got them, of which the lake knows what it was given and
--   not whether it still has it. What is counted of them by day is no audit log. At hand means in the lake: whether the originals are still kept, online or in an archive, and for how long,
--   is in the settings of their store. Months are calendar months.
-- source: PCI DSS v4.0.1 requirement 10.5.1
with
  bounds as (
    select
      cast(cast($period_end as timestamp) as date) as end_date,
      cast(
        cast($period_end as timestamp) - interval '12' month as date
      ) as year_date,
      cast(
        cast($period_end as timestamp) - interval '3' month as date
      ) as quarter_date
  ),
  data_days as (
    select
      'flow_logs' as kind,
      coalesce(source, 'unknown source') as source,
      flow_date as log_date
    from
      interface_day
    where
      flow_date < cast(cast($period_end as timestamp) as date)
    union
    select
      'ips_events' as kind,
      coalesce(source, 'unknown source') as source,
      event_date as log_date
    from
      event_day
    where
      event_date < cast(cast($period_end as timestamp) as date)
  ),
  -- A source of which nothing could be read is a source too.
  sources as (
    select distinct
      kind,
      source
    from
      source_object
    where
      kind in ('flow_logs', 'ips_events')
    union
    select distinct
      kind,
      source
    from
      data_days
  ),
  -- How long the rows were at hand decides what is shown, not whether they still are.
  gone_days as (
    select
      data_days.kind,
      data_days.source,
      data_days.log_date,
      gone_day.action,
      gone_day.raw_months,
      cast(gone_day.left_at as date) as left_date,
      case
        when gone_day.left_at >= cast(data_days.log_date as timestamp) + interval '12' month then 'year'
        when gone_day.left_at >= cast(data_days.log_date as timestamp) + interval '3' month then 'quarter'
        else 'less'
      end as kept
    from
      data_days
      inner join gone_day on data_days.log_date = gone_day.log_date
      and gone_day.table_name = if (data_days.kind = 'flow_logs', 'flow', 'ips_event')
      cross join bounds
    where
      data_days.log_date >= bounds.year_date
  ),
  gone_counts as (
    select
      kind,
      source,
      count(*) filter(
        where
          action = 'archived'
      ) as archived_count,
      count(*) filter(
        where
          action = 'removed'
      ) as removed_count,
      count(*) filter(
        where
          action = 'removed'
          and kept <> 'year'
      ) as removed_early,
      count(*) filter(
        where
          action = 'archived'
          and kept <> 'year'
      ) as archived_early,
      count(*) filter(
        where
          action = 'archived'
          and kept = 'less'
      ) as archived_new
    from
      gone_days
    group by
      kind,
      source
  ),
  gone_runs as (
    select
      gone_days.*,
      date_diff('day', bounds.year_date, gone_days.log_date) - row_number() over (
        partition by
          gone_days.kind,
          gone_days.source,
          gone_days.action,
          gone_days.kept,
          gone_days.raw_months
        order by
          gone_days.log_date
      ) as run_number
    from
      gone_days
      cross join bounds
  ),
  gone_stretches as (
    select
      kind,
      source,
      action,
      kept,
      raw_months,
      min(log_date) as from_date,
      max(log_date) as until_date,
      min(left_date) as first_left_date,
      max(left_date) as last_left_date,
      count(*) as day_count
    from
      gone_runs
    group by
      kind,
      source,
      action,
      kept,
      raw_months,
      run_number
  ),
  year_days as (
    select
      cast(day_at as date) as log_date
    from
      bounds
      cross join unnest(
        sequence (
          cast(bounds.year_date as timestamp),
          cast(bounds.end_date as timestamp),
          interval '1' day
        )
      ) as days (day_at)
    where
      cast(day_at as date) < bounds.end_date
  ),
  firsts as (
    select
      sources.kind,
      sources.source,
      min(data_days.log_date) as first_date,
      max(data_days.log_date) as last_date,
      count(data_days.log_date) as day_count
    from
      sources
      left join data_days on sources.kind = data_days.kind
      and sources.source = data_days.source
    group by
      sources.kind,
      sources.source
  ),
  kind_days as (
    select distinct
      kind,
      log_date
    from
      data_days
  ),
  missing_days as (
    select
      firsts.kind,
      firsts.source,
      year_days.log_date,
      case
        when firsts.first_date is null
        or year_days.log_date < firsts.first_date then 'before'
        -- Another entry may have taken over.
        when year_days.log_date > firsts.last_date
        and kind_days.log_date is not null then 'elsewhere'
        else 'missing'
      end as place,
      date_diff('day', bounds.year_date, year_days.log_date) as day_number
    from
      firsts
      cross join year_days
      cross join bounds
      left join data_days on firsts.kind = data_days.kind
      and firsts.source = data_days.source
      and year_days.log_date = data_days.log_date
      left join kind_days on firsts.kind = kind_days.kind
      and year_days.log_date = kind_days.log_date
    where
      data_days.log_date is null
  ),
  numbered_days as (
    select
      *,
      day_number - row_number() over (
        partition by
          kind,
          source,
          place
        order by
          log_date
      ) as run_number
    from
      missing_days
  ),
  missing_counts as (
    select
      missing_days.kind,
      missing_days.source,
      count(*) as year_missing,
      count(*) filter(
        where
          missing_days.log_date >= bounds.quarter_date
      ) as quarter_missing,
      count(*) filter(
        where
          missing_days.log_date >= cast(cast($period_start as timestamp) as date)
      ) as period_missing,
      count(*) filter(
        where
          missing_days.log_date >= bounds.quarter_date
          and missing_days.place = 'missing'
      ) as quarter_lost,
      count(*) filter(
        where
          missing_days.place = 'before'
      ) as before_count,
      count(*) filter(
        where
          missing_days.place = 'missing'
      ) as lost_count
    from
      missing_days
      cross join bounds
    group by
      missing_days.kind,
      missing_days.source
  ),
  judged as (
    select
      firsts.kind,
      firsts.source,
      cast(null as varchar) as missing_from_date,
      cast(null as varchar) as missing_until_date,
      cast(firsts.first_date as varchar) as first_date,
      cast(firsts.last_date as varchar) as last_date,
      firsts.day_count,
      date_diff('day', bounds.year_date, bounds.end_date) as year_days,
      coalesce(missing_counts.year_missing, 0) as year_missing_days,
      coalesce(missing_counts.quarter_missing, 0) as quarter_missing_days,
      coalesce(missing_counts.period_missing, 0) as period_missing_days,
      coalesce(gone_counts.archived_count, 0) as archived_days,
      coalesce(gone_counts.removed_count, 0) as removed_days,
      coalesce(gone_counts.removed_early, 0) as removed_early,
      coalesce(gone_counts.archived_early, 0) as archived_early,
      coalesce(gone_counts.archived_new, 0) as archived_new,
      case
        when firsts.first_date is null then 'RETENTION_NO_DATA'
        when firsts.kind = 'flow_logs'
        and missing_counts.quarter_lost > 0 then 'RETENTION_NEWEST_MONTHS_INCOMPLETE'
        when gone_counts.removed_early > 0 then 'RETENTION_REMOVED_EARLY'
        when missing_counts.before_count > 0 then 'RETENTION_SHORTER_THAN_YEAR'
        when missing_counts.lost_count > 0 then 'RETENTION_DAY_MISSING'
        when missing_counts.year_missing > 0 then 'RETENTION_SOURCE_ENDED'
        when gone_counts.archived_new > 0 then 'RETENTION_NEWEST_MONTHS_ARCHIVED'
        when gone_counts.archived_early > 0 then 'RETENTION_ARCHIVED'
      end as gap_code
    from
      firsts
      cross join bounds
      left join missing_counts on firsts.kind = missing_counts.kind
      and firsts.source = missing_counts.source
      left join gone_counts on firsts.kind = gone_counts.kind
      and firsts.source = gone_counts.source
  ),
  stretches as (
    select
      numbered_days.kind,
      numbered_days.source,
      numbered_days.place,
      min(numbered_days.log_date) as from_date,
      max(numbered_days.log_date) as until_date,
      count(*) as day_count,
      count(*) filter(
        where
          numbered_days.log_date >= bounds.quarter_date
      ) as quarter_day_count,
      count(*) filter(
        where
          numbered_days.log_date >= cast(cast($period_start as timestamp) as date)
      ) as period_day_count
    from
      numbered_days
      cross join bounds
    group by
      numbered_days.kind,
      numbered_days.source,
      numbered_days.place,
      numbered_days.run_number
  ),
  findings as (
    select
      kind,
      source,
      missing_from_date,
      missing_until_date,
      first_date,
      last_date,
      day_count,
      year_missing_days,
      quarter_missing_days,
      period_missing_days,
      archived_days,
      removed_days,
      case gap_code
        when 'RETENTION_NO_DATA' then 'not_evidenced'
        when 'RETENTION_NEWEST_MONTHS_INCOMPLETE' then 'contradicts'
        when 'RETENTION_REMOVED_EARLY' then 'not_evidenced'
        when 'RETENTION_SHORTER_THAN_YEAR' then 'not_evidenced'
        when 'RETENTION_DAY_MISSING' then if (kind = 'flow_logs', 'partial', 'not_evidenced')
        when 'RETENTION_SOURCE_ENDED' then 'partial'
        when 'RETENTION_NEWEST_MONTHS_ARCHIVED' then 'partial'
        when 'RETENTION_ARCHIVED' then 'partial'
        else 'supports'
      end as status,
      gap_code,
      case gap_code
        when 'RETENTION_NO_DATA' then 'Objects were listed, but no day has a record that was read.'
        when 'RETENTION_NEWEST_MONTHS_INCOMPLETE' then cast(quarter_missing_days as varchar) || ' of the days of the newest three months have no data, and older days have.'
        when 'RETENTION_REMOVED_EARLY' then 'The raw rows of ' || cast(removed_early as varchar) || ' of the days were removed from the lake by its retention less than twelve months after their day; what is counted of them by day is no audit log.'
        when 'RETENTION_SHORTER_THAN_YEAR' then 'The first data are younger than twelve months: ' || cast(year_days - year_missing_days as varchar) || ' of ' || cast(year_days as varchar) || ' days have data.'
        when 'RETENTION_DAY_MISSING' then cast(year_missing_days as varchar) || ' of the ' || cast(year_days as varchar) || ' days of the twelve months have no data' || if (kind = 'flow_logs', '.', ', or had no event.')
        when 'RETENTION_SOURCE_ENDED' then 'Its data end before the period does; another source of this kind has data on the days after that.'
        when 'RETENTION_NEWEST_MONTHS_ARCHIVED' then 'The raw rows of ' || cast(archived_new as varchar) || ' of the days went to the archive less than three months after their day, and were not immediately available from then on.'
        when 'RETENTION_ARCHIVED' then 'The raw rows of ' || cast(archived_early as varchar) || ' of the days went to the archive three to twelve months after their day; that the archive still has them is not in the lake.'
        else case
          when archived_days + removed_days = 0 then 'Each of the ' || cast(year_days as varchar) || ' days of the twelve months has data, and all of it is at hand in the lake.'
          else 'Each of the ' || cast(year_days as varchar) || ' days of the twelve months has data; the raw rows of ' || cast(archived_days + removed_days as varchar) || ' of them were in the lake for twelve months or more, have left it since by its retention, and are not at hand now.'
        end
      end as why,
      case
        when gap_code is null then null
        when gap_code = 'RETENTION_SOURCE_ENDED' then 'Show that what this source logged has gone to the other one since.'
        when gap_code = 'RETENTION_REMOVED_EARLY' then 'Show the store that keeps the originals of these days for twelve months; and raise raw_months to 12 or more, or name an archive.'
        when gap_code in (
          'RETENTION_NEWEST_MONTHS_ARCHIVED',
          'RETENTION_ARCHIVED'
        ) then 'Show that the archive holds these days (sha256sum -c with its lists of hashes, or flowproof retain --restore) and how soon they can be read; or raise raw_months to 12 or more.'
        when gap_code = 'RETENTION_SHORTER_THAN_YEAR' then 'Add what is kept of older days to the sources and run flowproof again, or show the store that holds it; if there is none, keep from now on: lifecycle rules of twelve months or more, and the newest three online.'
        else 'Look for the objects of these days in the store and its archive, add them to the sources and run flowproof again; what is lost is a logging failure (10.7.3).'
      end as remedy
    from
      judged
    union all
    select
      kind,
      source,
      cast(from_date as varchar) as missing_from_date,
      cast(until_date as varchar) as missing_until_date,
      cast(null as varchar) as first_date,
      cast(null as varchar) as last_date,
      cast(null as bigint) as day_count,
      day_count as year_missing_days,
      quarter_day_count as quarter_missing_days,
      period_day_count as period_missing_days,
      cast(null as bigint) as archived_days,
      cast(null as bigint) as removed_days,
      case
        when place = 'elsewhere' then 'partial'
        when kind = 'flow_logs'
        and place = 'missing'
        and quarter_day_count > 0 then 'contradicts'
        when kind = 'flow_logs'
        and place = 'missing' then 'partial'
        else 'not_evidenced'
      end as status,
      if (
        place = 'elsewhere',
        'RETENTION_SOURCE_ENDED',
        'RETENTION_DAY_MISSING'
      ) as gap_code,
      case
        when place = 'before' then 'Before the first data of this source.'
        when place = 'elsewhere' then 'After the last data of this source; another source of this kind has data.'
        when kind = 'flow_logs' then 'No record of any kind lies on these days.'
        else 'No event lies on these days: none happened, or none was kept.'
      end as why,
      cast(null as varchar) as remedy
    from
      stretches
    union all
    select
      kind,
      source,
      cast(from_date as varchar) as missing_from_date,
      cast(until_date as varchar) as missing_until_date,
      cast(null as varchar) as first_date,
      cast(null as varchar) as last_date,
      cast(null as bigint) as day_count,
      cast(null as bigint) as year_missing_days,
      cast(null as bigint) as quarter_missing_days,
      cast(null as bigint) as period_missing_days,
      if (action = 'archived', day_count, 0) as archived_days,
      if (action = 'removed', day_count, 0) as removed_days,
      case
        when kept = 'year' then 'supports'
        when action = 'removed' then 'not_evidenced'
        else 'partial'
      end as status,
      case
        when kept = 'year' then null
        when action = 'removed' then 'RETENTION_REMOVED_EARLY'
        when kept = 'less' then 'RETENTION_NEWEST_MONTHS_ARCHIVED'
        else 'RETENTION_ARCHIVED'
      end as gap_code,
      if (
        action = 'archived',
        'Went to the archive on ',
        'Removed from the lake on '
      ) || cast(first_left_date as varchar) || if (
        first_left_date = last_left_date,
        '',
        ' to ' || cast(last_left_date as varchar)
      ) || ' by its retention (raw_months: ' || cast(raw_months as varchar) || '), ' || case kept
        when 'year' then 'twelve months or more'
        when 'quarter' then 'three to twelve months'
        else 'less than three months'
      end || ' after their day; the actions, with hashes, are in retention_action.' as why,
      cast(null as varchar) as remedy
    from
      gone_stretches
  )
select
  kind,
  source,
  missing_from_date,
  missing_until_date,
  first_date,
  last_date,
  cast(day_count as bigint) as day_count,
  cast(year_missing_days as bigint) as year_missing_days,
  cast(quarter_missing_days as bigint) as quarter_missing_days,
  cast(period_missing_days as bigint) as period_missing_days,
  cast(archived_days as bigint) as archived_days,
  cast(removed_days as bigint) as removed_days,
  status,
  gap_code,
  why,
  remedy
from
  findings
order by
  kind,
  source,
  missing_from_date nulls first,
  removed_days
