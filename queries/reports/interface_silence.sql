-- title: Silent hours and losses of each interface
-- question: In which hours has an interface in scope no record at all, where did AWS skip records, and which interface was never seen?
-- requirements: 10.2.1, 10.7.2
-- parameters: period_start, period_end
-- rows: summary
-- needs: flows, interfaces_in_scope
-- grain: one row an interface in scope, with the hours that should have records and those that have; and one row an interface
--   and stretch of time in which it is silent or AWS skipped records
-- limits: Status: supports if every whole hour in which the interface was there has a record of it or a NODATA record;
--   partial for an interface with silent hours and for each stretch that AWS skipped; not_evidenced for a stretch of
--   silent hours and for an interface without any record. Hours count from the first snapshot of the interface until ten minutes
--   after the newest record of any interface. Hours in which nothing at all came from the flow logs that record the interface are in
--   logging_failures and not repeated here, and an interface that no flow log covers is in flow_log_configuration.
--   Delivery is best effort: a silent hour may be late rather than lost. Records that name no interface count for the one
--   that has their address only for whether it was ever seen. How many records a SKIPDATA interval stands for is not known.
-- source: Amazon VPC User Guide, "Flow log records", log-status
with
  recorder_days as (
    select
      interface_id,
      coalesce(flow_log_id, source, 'unknown flow log') as flow_log,
      flow_date,
      seen_hours,
      seen_hour_count
    from
      interface_day
    where
      flow_date >= cast(cast($period_start as timestamp) as date) - interval '1' day
      and flow_date < cast(cast($period_end as timestamp) as date)
  ),
  -- Many interfaces of a flow log have the same hours.
  flow_log_lists as (
    select distinct
      flow_log,
      flow_date,
      seen_hours
    from
      recorder_days
  ),
  flow_log_hours as (
    select distinct
      flow_log_lists.flow_log,
      seconds_after (
        cast(flow_log_lists.flow_date as timestamp),
        hours.hour_number * 3600
      ) as hour_at
    from
      flow_log_lists
      cross join unnest(flow_log_lists.seen_hours) as hours (hour_number)
  ),
  flow_log_days as (
    select distinct
      flow_log,
      cast(hour_at as date) as day
    from
      flow_log_hours
    where
      hour_at >= cast($period_start as timestamp)
      and hour_at < cast($period_end as timestamp)
  ),
  interface_flow_logs as (
    select distinct
      interface_id,
      flow_log
    from
      recorder_days
    where
      interface_id is not null
  ),
  complete_days as (
    select distinct
      interface_id,
      flow_date
    from
      recorder_days
    where
      interface_id is not null
      and seen_hour_count = 24
  ),
  lives as (
    select
      network_interface_id,
      max_by(
        coalesce(
          instance_name || ' (' || instance_id || ')',
          instance_id,
          owner_kind,
          'unknown'
        ),
        valid_from
      ) as resource,
      max_by(scope_name, valid_from) as scope_name,
      greatest(min(valid_from), cast($period_start as timestamp)) as life_from,
      least(
        max(
          coalesce(valid_to, cast($period_end as timestamp))
        ),
        cast($period_end as timestamp)
      ) as life_until
    from
      scope_interface
    where
      valid_from < cast($period_end as timestamp)
      and (
        valid_to is null
        or valid_to > cast($period_start as timestamp)
      )
    group by
      network_interface_id
  ),
  newest_record as (
    -- 600 seconds are the longest time over which a flow log collects a record.
    select
      seconds_after (max(last_at), 600) as last_at
    from
      interface_day
    where
      flow_date >= cast(cast($period_start as timestamp) as date)
  ),
  -- Only days and hours in which its flow logs delivered something: of the others all their interfaces are silent.
  interface_days as (
    select distinct
      lives.network_interface_id,
      lives.life_from,
      least(lives.life_until, newest_record.last_at) as life_until,
      flow_log_days.day,
      complete_days.interface_id is not null
      and cast(flow_log_days.day as timestamp) >= lives.life_from
      and seconds_after (cast(flow_log_days.day as timestamp), 86400) <= least(lives.life_until, newest_record.last_at) as is_complete
    from
      lives
      inner join interface_flow_logs on lives.network_interface_id = interface_flow_logs.interface_id
      inner join flow_log_days on interface_flow_logs.flow_log = flow_log_days.flow_log
      and seconds_after (cast(flow_log_days.day as timestamp), 86400) > lives.life_from
      and cast(flow_log_days.day as timestamp) < lives.life_until
      left join complete_days on lives.network_interface_id = complete_days.interface_id
      and flow_log_days.day = complete_days.flow_date
      cross join newest_record
  ),
  incomplete_days as (
    select
      network_interface_id,
      life_from,
      life_until,
      day
    from
      interface_days
    where
      not is_complete
  ),
  expected_hours as (
    select distinct
      incomplete_days.network_interface_id,
      flow_log_hours.hour_at
    from
      incomplete_days
      inner join interface_flow_logs on incomplete_days.network_interface_id = interface_flow_logs.interface_id
      inner join flow_log_hours on interface_flow_logs.flow_log = flow_log_hours.flow_log
      and incomplete_days.day = cast(flow_log_hours.hour_at as date)
    where
      flow_log_hours.hour_at >= incomplete_days.life_from
      and seconds_after (flow_log_hours.hour_at, 3600) <= incomplete_days.life_until
  ),
  -- What began the day before may have ended in the day.
  interface_lists as (
    select
      incomplete_days.network_interface_id,
      recorder_days.flow_date,
      recorder_days.seen_hours
    from
      incomplete_days
      inner join recorder_days on incomplete_days.network_interface_id = recorder_days.interface_id
      and incomplete_days.day = recorder_days.flow_date
    union all
    select
      incomplete_days.network_interface_id,
      recorder_days.flow_date,
      recorder_days.seen_hours
    from
      incomplete_days
      inner join recorder_days on incomplete_days.network_interface_id = recorder_days.interface_id
      and incomplete_days.day - interval '1' day = recorder_days.flow_date
  ),
  interface_hours as (
    select distinct
      interface_lists.network_interface_id,
      seconds_after (
        cast(interface_lists.flow_date as timestamp),
        hours.hour_number * 3600
      ) as hour_at
    from
      interface_lists
      cross join unnest(interface_lists.seen_hours) as hours (hour_number)
  ),
  silent_hours as (
    select
      expected_hours.network_interface_id,
      expected_hours.hour_at,
      date_diff(
        'hour',
        cast($period_start as timestamp),
        expected_hours.hour_at
      ) - row_number() over (
        partition by
          expected_hours.network_interface_id
        order by
          expected_hours.hour_at
      ) as run_number
    from
      expected_hours
      left join interface_hours on expected_hours.network_interface_id = interface_hours.network_interface_id
      and expected_hours.hour_at = interface_hours.hour_at
    where
      interface_hours.hour_at is null
  ),
  silent_stretches as (
    select
      network_interface_id,
      min(hour_at) as started_at,
      seconds_after (max(hour_at), 3600) as ended_at,
      count(*) as hour_count
    from
      silent_hours
    group by
      network_interface_id,
      run_number
  ),
  silent_counts as (
    select
      network_interface_id,
      sum(hour_count) as hour_count,
      count(*) as stretch_count
    from
      silent_stretches
    group by
      network_interface_id
  ),
  expected_counts as (
    select
      network_interface_id,
      sum(hour_count) as hour_count,
      min(started_at) as started_at,
      max(ended_at) as ended_at
    from
      (
        select
          network_interface_id,
          count(*) as hour_count,
          min(hour_at) as started_at,
          seconds_after (max(hour_at), 3600) as ended_at
        from
          expected_hours
        group by
          network_interface_id
        union all
        select
          network_interface_id,
          count(*) * 24 as hour_count,
          min(cast(day as timestamp)) as started_at,
          seconds_after (max(cast(day as timestamp)), 86400) as ended_at
        from
          interface_days
        where
          is_complete
        group by
          network_interface_id
      ) as counts
    group by
      network_interface_id
  ),
  -- Records that name no interface are known by VPC and address.
  known_by_address as (
    select distinct
      network_interface_id
    from
      flow_class
    where
      flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date < cast(cast($period_end as timestamp) as date)
      and network_interface_id is not null
  ),
  skipped as (
    select
      interface_id,
      coalesce(flow_log_id, source, 'unknown flow log') as flow_log,
      interval_count,
      started_at,
      ended_at
    from
      skipped_interval
    where
      flow_date >= cast(cast($period_start as timestamp) as date) - interval '1' day
      and flow_date < cast(cast($period_end as timestamp) as date)
      and started_at < cast($period_end as timestamp)
      and ended_at >= cast($period_start as timestamp)
  ),
  -- A stretch may go on over midnight.
  marked_losses as (
    select
      *,
      if (
        started_at <= max(ended_at) over (
          partition by
            interface_id,
            flow_log
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
  numbered_losses as (
    select
      *,
      sum(is_first) over (
        partition by
          interface_id,
          flow_log
        order by
          started_at,
          ended_at rows between unbounded preceding
          and current row
      ) as loss_number
    from
      marked_losses
  ),
  losses as (
    select
      interface_id,
      flow_log,
      sum(interval_count) as interval_count,
      greatest(min(started_at), cast($period_start as timestamp)) as started_at,
      least(max(ended_at), cast($period_end as timestamp)) as ended_at
    from
      numbered_losses
    group by
      interface_id,
      flow_log,
      loss_number
  ),
  covering_flow_logs as (
    select
      scope_interface.network_interface_id,
      min(flow_log.flow_log_id) as flow_log_id
    from
      scope_interface
      inner join flow_log on flow_log.resource_id in (
        scope_interface.network_interface_id,
        scope_interface.subnet_id,
        scope_interface.vpc_id
      )
    where
      coalesce(flow_log.created_at, flow_log.valid_from) < cast($period_end as timestamp)
      and (
        flow_log.valid_to is null
        or flow_log.valid_to > cast($period_start as timestamp)
      )
      and scope_interface.valid_from < cast($period_end as timestamp)
      and (
        scope_interface.valid_to is null
        or scope_interface.valid_to > cast($period_start as timestamp)
      )
    group by
      scope_interface.network_interface_id
  ),
  findings as (
    select
      lives.network_interface_id,
      lives.resource,
      lives.scope_name,
      cast(null as varchar) as flow_log,
      expected_counts.hour_count as expected_hours,
      coalesce(silent_counts.hour_count, 0) as silent_hours,
      cast(null as bigint) as skipped_intervals,
      expected_counts.started_at,
      expected_counts.ended_at,
      if (
        silent_counts.hour_count is null,
        'supports',
        'partial'
      ) as status,
      cast(null as varchar) as gap_code,
      if (
        silent_counts.hour_count is null,
        'Each of these hours has a record of the interface, or one that says that it had no traffic.',
        'The other hours have records; the silent ones make ' || cast(silent_counts.stretch_count as varchar) || if (
          silent_counts.stretch_count = 1,
          ' stretch, listed below.',
          ' stretches, listed below.'
        )
      ) as why,
      cast(null as varchar) as remedy
    from
      lives
      inner join expected_counts on lives.network_interface_id = expected_counts.network_interface_id
      left join silent_counts on lives.network_interface_id = silent_counts.network_interface_id
    union all
    select
      silent_stretches.network_interface_id,
      lives.resource,
      lives.scope_name,
      cast(null as varchar) as flow_log,
      silent_stretches.hour_count as expected_hours,
      silent_stretches.hour_count as silent_hours,
      cast(null as bigint) as skipped_intervals,
      silent_stretches.started_at,
      silent_stretches.ended_at,
      'not_evidenced' as status,
      'FL_SILENT_ENI_HOURS' as gap_code,
      'No record names the interface in these whole hours, not even NODATA, while its flow log recorded others.' as why,
      'Check whether it was attached and its instance running then; if it was, look for late objects of these hours at the destination, and take what happened from host agent and operating system logs.' as remedy
    from
      silent_stretches
      inner join lives on silent_stretches.network_interface_id = lives.network_interface_id
    union all
    select
      losses.interface_id as network_interface_id,
      lives.resource,
      lives.scope_name,
      losses.flow_log,
      cast(null as bigint) as expected_hours,
      cast(null as bigint) as silent_hours,
      losses.interval_count as skipped_intervals,
      losses.started_at,
      losses.ended_at,
      'partial' as status,
      'FL_SKIPDATA' as gap_code,
      'AWS skipped an unknown number of records (SKIPDATA).' as why,
      'The records cannot be had again. Keep the interval as a logging failure (10.7.3), and take what happened in it from host agent and operating system logs.' as remedy
    from
      losses
      left join lives on losses.interface_id = lives.network_interface_id
    union all
    select
      lives.network_interface_id,
      lives.resource,
      lives.scope_name,
      covering_flow_logs.flow_log_id as flow_log,
      cast(null as bigint) as expected_hours,
      cast(null as bigint) as silent_hours,
      cast(null as bigint) as skipped_intervals,
      lives.life_from as started_at,
      lives.life_until as ended_at,
      'not_evidenced' as status,
      'FL_SILENT_ENI' as gap_code,
      'Flow log ' || covering_flow_logs.flow_log_id || ' covers it, but no record of it was read.' as why,
      'Check that the destination of ' || covering_flow_logs.flow_log_id || ' is read as a whole, and whether the interface was attached and in use: aws ec2 describe-network-interfaces --network-interface-ids ' || lives.network_interface_id as remedy
    from
      lives
      inner join covering_flow_logs on lives.network_interface_id = covering_flow_logs.network_interface_id
      left join interface_flow_logs on lives.network_interface_id = interface_flow_logs.interface_id
      left join known_by_address on lives.network_interface_id = known_by_address.network_interface_id
    where
      interface_flow_logs.interface_id is null
      and known_by_address.network_interface_id is null
  )
select
  network_interface_id,
  resource,
  scope_name,
  flow_log,
  cast(expected_hours as bigint) as expected_hours,
  cast(silent_hours as bigint) as silent_hours,
  cast(skipped_intervals as bigint) as skipped_intervals,
  started_at,
  ended_at,
  status,
  gap_code,
  why,
  remedy
from
  findings
order by
  network_interface_id,
  gap_code nulls first,
  started_at,
  flow_log,
  ended_at
