-- title: Failures of logging, as records to be completed
-- question: Which source of logs stopped, from when until when and why, and what of the record that 10.7.3 asks for is still missing?
-- requirements: 10.7.2, 10.7.3
-- parameters: period_start, period_end
-- rows: findings
-- needs: flows
-- grain: one row a failure: a flow log and a stretch of whole hours without any record, a flow log and a stretch of failed
--   delivery, a deleted flow log, a product whose events stopped, or a run of flowproof that failed
-- limits: Status: contradicts for delivery that AWS reports as failed, and for a failed run; partial where records came
--   again and the cause is known from the inventory or the ledger; else not_evidenced. No row becomes supports: the cells
--   marked "to be filled in" are what only a person can supply, as is that someone was alerted. Delivery is best effort:
--   silent hours may be late rather than lost. Losses of single interfaces are in interface_silence, objects that could not be
--   read in coverage_gaps. A product of which no event comes any more may have nothing to report; it is listed after a whole
--   day. A flow log that was deleted and replaced by one of the same VPC or resource is not listed. A run that refused more
--   than the configuration allows did its work and is not listed. Runs count if they began in the period or the day after it;
--   the newest run is not judged, as it may still go on.
-- source: PCI DSS v4.0.1 requirements 10.7.2 and 10.7.3; EC2 API Reference, "FlowLog"; Amazon VPC User Guide, "Flow log records"
with
  configured_flow_logs as (
    select
      flow_log_id,
      max_by(resource_id, valid_from) as resource_id,
      min(coalesce(created_at, valid_from)) as made_at,
      max(known_until) as known_until,
      -- Null while the newest state shows it.
      last_end (valid_to) as gone_at
    from
      flow_log
    group by
      flow_log_id
  ),
  recorder_days as (
    select distinct
      coalesce(flow_log_id, source, 'unknown flow log') as flow_log,
      source,
      flow_date,
      seen_hours
    from
      interface_day
    where
      flow_date >= cast(cast($period_start as timestamp) as date) - interval '1' day
      and flow_date < cast(cast($period_end as timestamp) as date) + interval '1' day
  ),
  seen_hours as (
    select distinct
      recorder_days.flow_log,
      seconds_after (
        cast(recorder_days.flow_date as timestamp),
        hours.hour_number * 3600
      ) as hour_at
    from
      recorder_days
      cross join unnest(recorder_days.seen_hours) as hours (hour_number)
  ),
  recorder_sources as (
    select
      flow_log,
      min(source) as source
    from
      recorder_days
    group by
      flow_log
  ),
  period_hours as (
    select
      hour_at
    from
      unnest(
        sequence (
          date_trunc('hour', cast($period_start as timestamp)),
          cast($period_end as timestamp),
          interval '1' hour
        )
      ) as hours (hour_at)
    where
      seconds_after (hour_at, 3600) <= cast($period_end as timestamp)
      and hour_at <= (
        select
          max(hour_at)
        from
          seen_hours
      )
  ),
  flow_logs as (
    select
      flow_log_id as flow_log,
      greatest(made_at, cast($period_start as timestamp)) as active_from,
      least(
        coalesce(gone_at, cast($period_end as timestamp)),
        cast($period_end as timestamp)
      ) as active_until
    from
      configured_flow_logs
    where
      made_at < cast($period_end as timestamp)
      and (
        gone_at is null
        or gone_at > cast($period_start as timestamp)
      )
    union all
    select distinct
      flow_log,
      cast($period_start as timestamp) as active_from,
      cast($period_end as timestamp) as active_until
    from
      recorder_days
    where
      flow_log not in (
        select
          flow_log_id
        from
          configured_flow_logs
      )
  ),
  silent_hours as (
    select
      flow_logs.flow_log,
      period_hours.hour_at,
      date_diff(
        'hour',
        cast($period_start as timestamp),
        period_hours.hour_at
      ) - row_number() over (
        partition by
          flow_logs.flow_log
        order by
          period_hours.hour_at
      ) as run_number
    from
      flow_logs
      cross join period_hours
      left join seen_hours on flow_logs.flow_log = seen_hours.flow_log
      and period_hours.hour_at = seen_hours.hour_at
    where
      seen_hours.hour_at is null
      and period_hours.hour_at >= flow_logs.active_from
      and seconds_after (period_hours.hour_at, 3600) <= flow_logs.active_until
  ),
  silent_stretches as (
    select
      flow_log,
      min(hour_at) as started_at,
      seconds_after (max(hour_at), 3600) as ended_at
    from
      silent_hours
    group by
      flow_log,
      run_number
  ),
  -- The first hour with a record after the stretch; what began before the period is not known to have stopped.
  resumed as (
    select
      silent_stretches.flow_log,
      silent_stretches.started_at,
      min(seen_hours.hour_at) filter(
        where
          seen_hours.hour_at >= silent_stretches.ended_at
      ) as resumed_at,
      max(seen_hours.hour_at) filter(
        where
          seen_hours.hour_at < silent_stretches.started_at
      ) as last_seen_at
    from
      silent_stretches
      left join seen_hours on silent_stretches.flow_log = seen_hours.flow_log
    group by
      silent_stretches.flow_log,
      silent_stretches.started_at
  ),
  failed_states as (
    select
      flow_log_id,
      coalesce(deliver_logs_error, 'no error stated') as deliver_logs_error,
      min(valid_from) as started_at,
      -- Null while the newest snapshot shows it.
      last_end (valid_to) as ended_at
    from
      flow_log
    where
      deliver_logs_status = 'FAILED'
      and valid_from < cast($period_end as timestamp)
      and (
        valid_to is null
        or valid_to > cast($period_start as timestamp)
      )
    group by
      flow_log_id,
      coalesce(deliver_logs_error, 'no error stated')
  ),
  unread_objects as (
    select
      source,
      flow_log_id,
      status,
      coalesce(first_at, modified_at) as started_at,
      coalesce(last_at, modified_at) as ended_at
    from
      source_object
    where
      kind = 'flow_logs'
      and status in ('refused', 'damaged')
  ),
  -- Of an object without record times, the day after the stretch counts: objects are written after their records.
  unread_counts as (
    select
      silent_stretches.flow_log,
      silent_stretches.started_at,
      count(*) as object_count
    from
      silent_stretches
      left join recorder_sources on silent_stretches.flow_log = recorder_sources.flow_log
      inner join unread_objects on coalesce(unread_objects.flow_log_id, unread_objects.source) in (
        silent_stretches.flow_log,
        recorder_sources.source
      )
      and unread_objects.ended_at >= silent_stretches.started_at
      and unread_objects.started_at < seconds_after (silent_stretches.ended_at, 86400)
    group by
      silent_stretches.flow_log,
      silent_stretches.started_at
  ),
  failed_stretches as (
    select
      silent_stretches.flow_log,
      silent_stretches.started_at,
      min(failed_states.deliver_logs_error) as deliver_logs_error
    from
      silent_stretches
      inner join failed_states on silent_stretches.flow_log = failed_states.flow_log_id
      and failed_states.started_at < silent_stretches.ended_at
      and coalesce(
        failed_states.ended_at,
        cast($period_end as timestamp)
      ) > silent_stretches.started_at
    group by
      silent_stretches.flow_log,
      silent_stretches.started_at
  ),
  silences as (
    select
      'audit logging (flow log)' as failed_control,
      silent_stretches.flow_log as subject_id,
      silent_stretches.started_at,
      silent_stretches.ended_at,
      resumed.resumed_at,
      case
        when failed_stretches.flow_log is not null then 'FL_DELIVERY_FAILED'
        when unread_counts.object_count > 0 then 'SOURCE_REFUSED'
        when resumed.resumed_at is null
        and resumed.last_seen_at is null then 'FL_SILENT_FLOW_LOG'
        else 'FL_SILENT_HOURS'
      end as gap_code,
      case
        when failed_stretches.flow_log is not null then 'AWS reported failed delivery: ' || failed_stretches.deliver_logs_error
        when unread_counts.object_count > 0 then cast(unread_counts.object_count as varchar) || ' objects of this time or the day after could not be read, or only in part'
      end as cause,
      'Whole hours without any record, not even NODATA, up to the newest record of any flow log.' as why,
      'Look for objects of these hours at the destination and run flowproof again; if there are none, compare with aws ec2 describe-flow-logs --flow-log-ids ' || silent_stretches.flow_log || ' and the access policy of the destination.' as remedy
    from
      silent_stretches
      inner join resumed on silent_stretches.flow_log = resumed.flow_log
      and silent_stretches.started_at = resumed.started_at
      left join failed_stretches on silent_stretches.flow_log = failed_stretches.flow_log
      and silent_stretches.started_at = failed_stretches.started_at
      left join unread_counts on silent_stretches.flow_log = unread_counts.flow_log
      and silent_stretches.started_at = unread_counts.started_at
  ),
  -- Records may come although a snapshot says that delivery failed, and a failure may be shorter than an hour.
  failed_deliveries as (
    select
      'audit logging (flow log)' as failed_control,
      failed_states.flow_log_id as subject_id,
      greatest(
        failed_states.started_at,
        cast($period_start as timestamp)
      ) as started_at,
      if (
        failed_states.ended_at < cast($period_end as timestamp),
        failed_states.ended_at,
        null
      ) as ended_at,
      if (
        failed_states.ended_at < cast($period_end as timestamp),
        failed_states.ended_at,
        null
      ) as resumed_at,
      'FL_DELIVERY_FAILED' as gap_code,
      'AWS reported failed delivery: ' || failed_states.deliver_logs_error as cause,
      'Inventory snapshots of this time show the flow log with DeliverLogsStatus FAILED, though no whole hour is without records.' as why,
      case failed_states.deliver_logs_error
        when 'Access error' then 'Let delivery.logs.amazonaws.com write to the destination (bucket or key policy, or the role of the log group), then check: aws ec2 describe-flow-logs --flow-log-ids '
        when 'Rate limited' then 'Raise the CloudWatch Logs quota of PutLogEvents or deliver to S3, then check: aws ec2 describe-flow-logs --flow-log-ids '
        else 'Create the flow log anew and delete this one, then check: aws ec2 describe-flow-logs --flow-log-ids '
      end || failed_states.flow_log_id as remedy
    from
      failed_states
      left join silent_stretches on failed_states.flow_log_id = silent_stretches.flow_log
      and failed_states.started_at < silent_stretches.ended_at
      and coalesce(
        failed_states.ended_at,
        cast($period_end as timestamp)
      ) > silent_stretches.started_at
    where
      silent_stretches.flow_log is null
  ),
  resource_vpcs as (
    select
      subnet_id as resource_id,
      max_by(vpc_id, valid_from) as vpc_id
    from
      subnet
    group by
      subnet_id
    union all
    select
      network_interface_id as resource_id,
      max_by(vpc_id, valid_from) as vpc_id
    from
      network_interface
    group by
      network_interface_id
  ),
  -- A flow log of the same resource, or of its VPC, goes on with the work.
  successors as (
    select
      gone.flow_log_id,
      min(other.made_at) as made_at
    from
      configured_flow_logs as gone
      left join resource_vpcs on gone.resource_id = resource_vpcs.resource_id
      inner join configured_flow_logs as other on other.flow_log_id <> gone.flow_log_id
      and other.resource_id in (gone.resource_id, resource_vpcs.vpc_id)
      and (
        other.gone_at is null
        or other.gone_at > gone.gone_at
      )
      and other.made_at < cast($period_end as timestamp)
    where
      gone.gone_at is not null
    group by
      gone.flow_log_id
  ),
  -- The call that deleted it, where CloudTrail is read; several trails may deliver one event.
  deletions as (
    select
      configured_flow_logs.flow_log_id,
      min(cloudtrail_event.event_at) as event_at,
      min_by(
        coalesce(cloudtrail_event.actor, 'an unknown caller'),
        cloudtrail_event.event_at
      ) as actor,
      min_by(
        cloudtrail_event.event_id,
        cloudtrail_event.event_at
      ) as event_id
    from
      configured_flow_logs
      inner join cloudtrail_event on contains(
        cloudtrail_event.resource_ids,
        configured_flow_logs.flow_log_id
      )
      and cloudtrail_event.event_at >= configured_flow_logs.known_until
      and cloudtrail_event.event_at <= configured_flow_logs.gone_at
    where
      cloudtrail_event.event_name = 'DeleteFlowLogs'
      and cloudtrail_event.error_code is null
    group by
      configured_flow_logs.flow_log_id
  ),
  deleted_flow_logs as (
    select
      'audit logging (flow log)' as failed_control,
      configured_flow_logs.flow_log_id as subject_id,
      coalesce(
        deletions.event_at,
        configured_flow_logs.known_until
      ) as started_at,
      successors.made_at as ended_at,
      successors.made_at as resumed_at,
      'FL_DELETED' as gap_code,
      coalesce(
        'The flow log was deleted by ' || deletions.actor || ' (CloudTrail event ' || deletions.event_id || ')',
        'The flow log was deleted: it was last seen at ' || moment_text (configured_flow_logs.known_until) || ', and no longer at ' || moment_text (configured_flow_logs.gone_at)
      ) as cause,
      'It recorded ' || coalesce(
        configured_flow_logs.resource_id,
        'an unknown resource'
      ) || ', which no other known flow log covered from then on.' as why,
      if (
        deletions.actor is null,
        'Find who deleted it (CloudTrail event DeleteFlowLogs), and create it again: ',
        'Ask why it was deleted, and create it again: '
      ) || create_flow_log_command (
        configured_flow_logs.resource_id,
        cast(null as varchar),
        cast(null as varchar),
        cast(null as varchar)
      ) as remedy
    from
      configured_flow_logs
      left join successors on configured_flow_logs.flow_log_id = successors.flow_log_id
      left join deletions on configured_flow_logs.flow_log_id = deletions.flow_log_id
    where
      configured_flow_logs.gone_at > cast($period_start as timestamp)
      and configured_flow_logs.gone_at <= cast($period_end as timestamp)
      and (
        successors.made_at is null
        or successors.made_at > configured_flow_logs.gone_at
      )
  ),
  newest_record as (
    select
      max(last_at) as last_at
    from
      (
        select
          max(last_at) as last_at
        from
          interface_day
        where
          flow_date < cast(cast($period_end as timestamp) as date)
        union all
        select
          max(last_at) as last_at
        from
          event_day
        where
          event_date < cast(cast($period_end as timestamp) as date)
      ) as newest
  ),
  product_ends as (
    select
      product,
      coalesce(source, 'unknown source') as source,
      max(last_at) as last_at
    from
      event_day
    where
      event_date < cast(cast($period_end as timestamp) as date)
    group by
      product,
      coalesce(source, 'unknown source')
  ),
  stopped_products as (
    select
      'intrusion detection and prevention (events)' as failed_control,
      product_ends.product || ' from ' || product_ends.source as subject_id,
      product_ends.last_at as started_at,
      cast(null as timestamp) as ended_at,
      cast(null as timestamp) as resumed_at,
      'IPS_EVENTS_STOPPED' as gap_code,
      cast(null as varchar) as cause,
      'No event came in the day before the newest record of any source, or later: there was nothing to report, or delivery stopped.' as why,
      'Show an event of a test rule of that time, or the connection of the agents to their manager.' as remedy
    from
      product_ends
      cross join newest_record
    where
      product_ends.last_at >= cast($period_start as timestamp)
      and product_ends.last_at < seconds_after (newest_record.last_at, -86400)
  ),
  runs as (
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
  failed_runs as (
    select
      'audit log review (flowproof)' as failed_control,
      failed.command || ' of ' || moment_text (date_trunc('second', failed.started_at)) as subject_id,
      failed.started_at,
      min(good.started_at) as ended_at,
      min(good.started_at) as resumed_at,
      if (
        failed.finished_at is null,
        'RUN_UNFINISHED',
        'RUN_FAILED'
      ) as gap_code,
      case
        when failed.finished_at is null then 'The run ended without finishing: it failed or was killed'
        else 'A place could not be reached, or the run failed'
      end as cause,
      'The run did not do all that it should' || if (
        failed.finished_at is null,
        '',
        ' (exit code ' || cast(failed.exit_code as varchar) || ')'
      ) || '; what it missed is read by the next run that reaches it.' as why,
      'Read the output that was kept of this run, mend its cause and run flowproof again.' as remedy
    from
      runs as failed
      left join runs as good on good.started_at > failed.started_at
      and good.exit_code in (0, 3)
      and good.started_at < seconds_after (cast($period_end as timestamp), 86400)
    where
      failed.place > 1
      and failed.started_at >= cast($period_start as timestamp)
      and failed.started_at < seconds_after (cast($period_end as timestamp), 86400)
      and (
        failed.finished_at is null
        or failed.exit_code not in (0, 3)
      )
    group by
      failed.run_id,
      failed.command,
      failed.started_at,
      failed.finished_at,
      failed.exit_code
  ),
  failures as (
    select
      *
    from
      silences
    union all
    select
      *
    from
      failed_deliveries
    union all
    select
      *
    from
      deleted_flow_logs
    union all
    select
      *
    from
      stopped_products
    union all
    select
      *
    from
      failed_runs
  )
select
  failed_control,
  subject_id,
  date_trunc('second', started_at) as started_at,
  date_trunc('second', ended_at) as ended_at,
  cast(date_diff('hour', started_at, ended_at) as bigint) as duration_hours,
  case
    when gap_code in (
      'FL_DELIVERY_FAILED',
      'RUN_FAILED',
      'RUN_UNFINISHED'
    ) then 'contradicts'
    when cause is not null
    and resumed_at is not null then 'partial'
    else 'not_evidenced'
  end as status,
  gap_code,
  why,
  coalesce(cause, 'to be filled in') as cause,
  case
    when resumed_at is not null then 'restored by ' || moment_text (date_trunc('second', resumed_at)) || '; how: to be filled in'
    else 'not restored in the data of the period; to be filled in'
  end as restored,
  if (
    resumed_at is null,
    'start as listed; end to be filled in',
    'start and end as listed'
  ) as duration,
  'to be filled in' as remediation,
  'to be filled in' as issues,
  'to be filled in' as further_action,
  'to be filled in' as prevention,
  case
    when resumed_at is not null then 'records or runs again from ' || moment_text (date_trunc('second', resumed_at)) || '; confirmation to be filled in'
    else 'to be filled in'
  end as monitoring,
  remedy
from
  failures
order by
  failed_control,
  subject_id,
  started_at,
  gap_code,
  cause
