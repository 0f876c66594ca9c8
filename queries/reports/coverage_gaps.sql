-- title: Gaps in what was logged and read
-- question: Where and when did logging of interfaces in scope fail, stop or lose records, and what could not be read?
-- requirements: 10.2.1, 10.7.2
-- parameters: period_start, period_end
-- rows: findings
-- needs: flows
-- grain: one row a gap: interface, flow log and stretch of time, source object, or class of traffic; and one row a flow log
--   that delivered, with its NODATA intervals
-- limits: Delivery of flow logs is best effort: a silent hour may be late rather than lost, and without any interface a flow
--   log is silent by right. How many records a SKIPDATA interval stands for is not known. An object without record times
--   is listed unless it was last modified before the period, since it may hold records of it. Whether someone was alerted
--   to a gap is for a person to show. Overlapping flow logs are compared by interface and UTC day of the record.
-- source: Amazon VPC User Guide, "Flow log records", "Flow log limitations"; EC2 API Reference, "FlowLog"
with
  -- A flow log cannot be edited, so what it covers and records held since it was created.
  configured_flow_logs as (
    select
      flow_log_id,
      max_by(resource_id, valid_from) as resource_id,
      max_by(traffic_type, valid_from) as traffic_type,
      max_by(log_destination_type, valid_from) as log_destination_type,
      max_by(log_destination, valid_from) as log_destination,
      max_by(log_group_name, valid_from) as log_group_name,
      greatest(
        min(coalesce(created_at, valid_from)),
        cast($period_start as timestamp)
      ) as active_from,
      least(
        max(
          coalesce(valid_to, cast($period_end as timestamp))
        ),
        cast($period_end as timestamp)
      ) as active_until
    from
      flow_log
    where
      coalesce(created_at, valid_from) < cast($period_end as timestamp)
      and (
        valid_to is null
        or valid_to > cast($period_start as timestamp)
      )
    group by
      flow_log_id
  ),
  log_groups as (
    select
      log_group_name,
      min(flow_log_id) as flow_log_id
    from
      flow_log
    where
      log_group_name is not null
    group by
      log_group_name
    having
      count(distinct flow_log_id) = 1
  ),
  -- Of a flow log whose id is not known, the entry of the configuration stands for it.
  object_flow_logs as (
    select
      source_object.object_id,
      coalesce(
        source_object.flow_log_id,
        log_groups.flow_log_id,
        source_object.source
      ) as flow_log
    from
      source_object
      left join log_groups on log_group_of (source_object.uri) = log_groups.log_group_name
    where
      source_object.kind = 'flow_logs'
  ),
  -- What a flow log delivered are all of its records, also those that another one stands for.
  delivered_records as (
    select
      flow_log_id,
      source,
      coalesce(network_interface_id, interface_id) as network_interface_id,
      start_at,
      end_at,
      flow_date,
      0 as copy_count
    from
      flow_enriched
    union all
    select
      flow_log_id,
      source,
      network_interface_id,
      start_at,
      end_at,
      flow_date,
      1 as copy_count
    from
      (
        select distinct
          flow_id,
          flow_log_id,
          source,
          interface_id as network_interface_id,
          start_at,
          end_at,
          flow_date
        from
          flow_copy
      ) as copies
  ),
  flow_records as (
    select
      coalesce(flow_log_id, source, 'unknown flow log') as flow_log,
      network_interface_id,
      date_trunc('hour', coalesce(start_at, end_at)) as start_hour_at,
      date_trunc('hour', coalesce(end_at, start_at)) as end_hour_at,
      count(*) filter(
        where
          coalesce(start_at, end_at) >= cast($period_start as timestamp)
      ) as flow_count,
      sum(copy_count) filter(
        where
          coalesce(start_at, end_at) >= cast($period_start as timestamp)
      ) as copy_count
    from
      delivered_records
    where
      flow_date >= cast(
        cast($period_start as timestamp) - interval '1' hour as date
      )
      and flow_date <= cast(cast($period_end as timestamp) as date)
      and coalesce(end_at, start_at) >= cast($period_start as timestamp)
      and coalesce(start_at, end_at) < cast($period_end as timestamp)
    group by
      1,
      2,
      3,
      4
  ),
  status_intervals as (
    select
      coalesce(object_flow_logs.flow_log, 'unknown flow log') as flow_log,
      coalesce(flow_status.interface_id, 'unknown interface') as network_interface_id,
      flow_status.log_status,
      coalesce(
        flow_status.start_at,
        flow_status.end_at,
        cast(flow_status.flow_date as timestamp)
      ) as start_at,
      coalesce(
        flow_status.end_at,
        flow_status.start_at,
        cast(flow_status.flow_date as timestamp)
      ) as end_at
    from
      flow_status
      left join object_flow_logs on flow_status.object_id = object_flow_logs.object_id
    where
      coalesce(
        flow_status.start_at,
        flow_status.end_at,
        cast(flow_status.flow_date as timestamp)
      ) < cast($period_end as timestamp)
      and coalesce(
        flow_status.end_at,
        flow_status.start_at,
        cast(flow_status.flow_date as timestamp)
      ) >= cast($period_start as timestamp)
  ),
  records as (
    select
      flow_log,
      network_interface_id,
      start_hour_at,
      end_hour_at,
      flow_count,
      copy_count,
      cast(null as varchar) as log_status,
      cast(null as timestamp) as start_at,
      cast(null as timestamp) as end_at
    from
      flow_records
    union all
    select
      flow_log,
      network_interface_id,
      date_trunc('hour', start_at) as start_hour_at,
      date_trunc('hour', end_at) as end_hour_at,
      0 as flow_count,
      0 as copy_count,
      log_status,
      start_at,
      end_at
    from
      status_intervals
  ),
  seen_hours as (
    select
      flow_log,
      start_hour_at as hour_at
    from
      records
    union
    select
      flow_log,
      end_hour_at as hour_at
    from
      records
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
      hour_at >= cast($period_start as timestamp)
      and hour_at + interval '1' hour <= cast($period_end as timestamp)
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
      active_from,
      active_until
    from
      configured_flow_logs
    union all
    select distinct
      flow_log,
      cast($period_start as timestamp) as active_from,
      cast($period_end as timestamp) as active_until
    from
      records
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
      and period_hours.hour_at + interval '1' hour <= flow_logs.active_until
  ),
  silent_runs as (
    select
      'flow log' as subject_kind,
      flow_log as subject_id,
      min(hour_at) as started_at,
      max(hour_at) + interval '1' hour as ended_at,
      count(*) as item_count,
      'not_evidenced' as status,
      if (
        flow_log in (
          select
            flow_log
          from
            records
        ),
        'FL_SILENT_HOURS',
        'FL_SILENT_FLOW_LOG'
      ) as gap_code,
      'Whole hours without any record, not even NODATA, while other hours up to the newest record have some.' as why,
      'Look for objects of these hours at the destination and run flowproof again; if there are none, compare with aws ec2 describe-flow-logs --flow-log-ids ' || flow_log || ' and the access policy of the destination, and keep start, end and cause as 10.7.3 asks.' as remedy
    from
      silent_hours
    group by
      flow_log,
      run_number
  ),
  -- Intervals that overlap or touch are one loss.
  marked_losses as (
    select
      flow_log,
      network_interface_id,
      start_at,
      end_at,
      if (
        start_at <= max(end_at) over (
          partition by
            flow_log,
            network_interface_id
          order by
            start_at,
            end_at rows between unbounded preceding
            and 1 preceding
        ),
        0,
        1
      ) as is_first
    from
      status_intervals
    where
      log_status = 'SKIPDATA'
  ),
  numbered_losses as (
    select
      flow_log,
      network_interface_id,
      start_at,
      end_at,
      sum(is_first) over (
        partition by
          flow_log,
          network_interface_id
        order by
          start_at,
          end_at rows between unbounded preceding
          and current row
      ) as loss_number
    from
      marked_losses
  ),
  losses as (
    select
      'network interface' as subject_kind,
      network_interface_id as subject_id,
      greatest(min(start_at), cast($period_start as timestamp)) as started_at,
      least(max(end_at), cast($period_end as timestamp)) as ended_at,
      count(*) as item_count,
      'partial' as status,
      'FL_SKIPDATA' as gap_code,
      'AWS skipped an unknown number of records of flow log ' || flow_log || ' (SKIPDATA).' as why,
      'The records cannot be had again. Keep the interval as a logging failure (10.7.3), and take what happened in it from host agent and operating system logs.' as remedy
    from
      numbered_losses
    group by
      flow_log,
      network_interface_id,
      loss_number
  ),
  delivered as (
    select
      'flow log' as subject_kind,
      flow_log as subject_id,
      min(start_at) filter(
        where
          log_status = 'NODATA'
          and start_at >= cast($period_start as timestamp)
      ) as started_at,
      max(end_at) filter(
        where
          log_status = 'NODATA'
          and start_at >= cast($period_start as timestamp)
      ) as ended_at,
      count(*) filter(
        where
          log_status = 'NODATA'
          and start_at >= cast($period_start as timestamp)
      ) as item_count,
      'supports' as status,
      cast(null as varchar) as gap_code,
      'It delivered ' || cast(sum(flow_count) as varchar) || ' flow records' || if (
        sum(copy_count) > 0,
        ', of which ' || cast(sum(copy_count) as varchar) || ' are copies of what another flow log recorded',
        ''
      ) || '; NODATA intervals, counted here, say that an interface had no traffic.' as why,
      cast(null as varchar) as remedy
    from
      records
    group by
      flow_log
  ),
  failed_flow_logs as (
    select
      'flow log' as subject_kind,
      flow_log_id as subject_id,
      greatest(min(valid_from), cast($period_start as timestamp)) as started_at,
      least(
        max(
          coalesce(valid_to, cast($period_end as timestamp))
        ),
        cast($period_end as timestamp)
      ) as ended_at,
      count(*) as item_count,
      'contradicts' as status,
      'FL_DELIVERY_FAILED' as gap_code,
      'The inventory shows that delivery failed: ' || coalesce(deliver_logs_error, 'no error stated') || '.' as why,
      case deliver_logs_error
        when 'Access error' then 'Let delivery.logs.amazonaws.com write to the destination (bucket or key policy, or the role of the log group), then check: aws ec2 describe-flow-logs --flow-log-ids '
        when 'Rate limited' then 'Raise the CloudWatch Logs quota of PutLogEvents or deliver to S3, then check: aws ec2 describe-flow-logs --flow-log-ids '
        else 'Create the flow log anew and delete this one, then check: aws ec2 describe-flow-logs --flow-log-ids '
      end || flow_log_id as remedy
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
      deliver_logs_error
  ),
  one_sided_flow_logs as (
    select
      'flow log' as subject_kind,
      flow_log_id as subject_id,
      active_from as started_at,
      active_until as ended_at,
      1 as item_count,
      'partial' as status,
      'FL_TRAFFIC_TYPE_NOT_ALL' as gap_code,
      'It records only ' || traffic_type || ' traffic of ' || coalesce(resource_id, 'its resource') || '.' as why,
      'A flow log cannot be edited: ' || create_flow_log_command (
        resource_id,
        log_destination_type,
        log_destination,
        log_group_name
      ) || ' and then: aws ec2 delete-flow-logs --flow-log-ids ' || flow_log_id as remedy
    from
      configured_flow_logs
    where
      traffic_type <> 'ALL'
  ),
  scope_interfaces as (
    select
      scope_interface.network_interface_id,
      max_by(
        scope_interface.vpc_id,
        scope_interface.valid_from
      ) as vpc_id,
      min(scope_interface.valid_from) as valid_from,
      max(
        coalesce(
          scope_interface.valid_to,
          cast($period_end as timestamp)
        )
      ) as valid_until,
      max(configured_flow_logs.flow_log_id) as flow_log_id,
      bool_or(flow_log_snapshots.series is not null) as is_flow_log_inventory_known
    from
      scope_interface
      left join configured_flow_logs on configured_flow_logs.resource_id in (
        scope_interface.network_interface_id,
        scope_interface.subnet_id,
        scope_interface.vpc_id
      )
      left join (
        select distinct
          series
        from
          inventory_snapshot
        where
          resource_type = 'flow_log'
          and is_complete is true
          and taken_at < cast($period_end as timestamp)
      ) as flow_log_snapshots on coalesce(
        nullif(split_part(flow_log_snapshots.series, '/', 1), ''),
        scope_interface.account_id,
        ''
      ) = coalesce(
        scope_interface.account_id,
        split_part(flow_log_snapshots.series, '/', 1)
      )
      and coalesce(
        nullif(split_part(flow_log_snapshots.series, '/', 2), ''),
        scope_interface.region,
        ''
      ) = coalesce(
        scope_interface.region,
        split_part(flow_log_snapshots.series, '/', 2)
      )
    where
      scope_interface.valid_from < cast($period_end as timestamp)
      and (
        scope_interface.valid_to is null
        or scope_interface.valid_to > cast($period_start as timestamp)
      )
    group by
      scope_interface.network_interface_id
  ),
  unrecorded_interfaces as (
    select
      'network interface' as subject_kind,
      network_interface_id as subject_id,
      greatest(valid_from, cast($period_start as timestamp)) as started_at,
      least(valid_until, cast($period_end as timestamp)) as ended_at,
      1 as item_count,
      'not_evidenced' as status,
      case
        when flow_log_id is not null then 'FL_SILENT_ENI'
        when is_flow_log_inventory_known then 'FL_ENI_UNCOVERED'
        else 'META_FLOW_LOGS_UNKNOWN'
      end as gap_code,
      case
        when flow_log_id is not null then 'Flow log ' || flow_log_id || ' covers it, but no record of it was read.'
        when is_flow_log_inventory_known then 'No flow log of its own, its subnet or its VPC covers it, and no record of it was read.'
        else 'No record of it was read, and no inventory snapshot says which flow logs there are.'
      end as why,
      case
        when flow_log_id is not null then 'Check that the destination of ' || flow_log_id || ' is read as a whole, and whether the interface was attached and in use: aws ec2 describe-network-interfaces --network-interface-ids ' || network_interface_id
        when is_flow_log_inventory_known then create_flow_log_command (
          coalesce(vpc_id, network_interface_id),
          's3',
          null,
          null
        )
        else 'Add the flow logs to the inventory (permission ec2:DescribeFlowLogs, or the output of aws ec2 describe-flow-logs).'
      end as remedy
    from
      scope_interfaces
    where
      network_interface_id not in (
        select
          network_interface_id
        from
          records
        where
          network_interface_id is not null
      )
  ),
  objects as (
    select
      *
    from
      source_object
    where
      (
        last_at is not null
        or modified_at is null
        or modified_at >= cast($period_start as timestamp)
      )
      and (
        last_at is null
        or last_at >= cast($period_start as timestamp)
      )
      and (
        first_at is null
        or first_at < cast($period_end as timestamp)
      )
  ),
  unread_objects as (
    select
      'source object' as subject_kind,
      uri as subject_id,
      first_at as started_at,
      last_at as ended_at,
      count(*) as item_count,
      if (status = 'damaged', 'partial', 'not_evidenced') as status,
      if (
        status = 'damaged',
        'SOURCE_DAMAGED',
        'SOURCE_REFUSED'
      ) as gap_code,
      if (
        status = 'damaged',
        'Only its readable part was loaded: ',
        'Nothing of it was loaded: '
      ) || coalesce(reason, 'no reason recorded') || '.' as why,
      if (
        status = 'damaged',
        'Fetch the object again from its origin or an earlier version, compare its SHA-256, and run flowproof again.',
        'Declare its format in the configuration or exclude it; if it is a log, fetch it again and run flowproof again.'
      ) as remedy
    from
      objects
    where
      status in ('damaged', 'refused')
    group by
      uri,
      first_at,
      last_at,
      status,
      reason
  ),
  rejected_lines as (
    select
      'source object' as subject_kind,
      uri as subject_id,
      first_at as started_at,
      last_at as ended_at,
      sum(rejected_count) as item_count,
      'partial' as status,
      'SOURCE_LINES_REJECTED' as gap_code,
      cast(sum(rejected_count) as varchar) || ' of ' || cast(sum(line_count) as varchar) || ' lines could not be read; each is kept in rejected_record with its reason.' as why,
      'Read the reasons: select line_number, reason from rejected_record where uri = ''' || replace(uri, '''', '''''') || ''' order by line_number' as remedy
    from
      objects
    where
      rejected_count > 0
    group by
      uri,
      first_at,
      last_at
  ),
  -- A flow whose interface no snapshot covers is in no scope: the other reports do not see it.
  unplaced_flows as (
    select
      'network interface' as subject_kind,
      coalesce(interface_id, 'not named by the records') as subject_id,
      min(start_at) as started_at,
      max(end_at) as ended_at,
      count(*) as item_count,
      'not_evidenced' as status,
      'META_UNRESOLVED_ENI' as gap_code,
      cast(count(*) as varchar) || ' flows are in no scope, because what the interface was then is not known: ' || min(as_of_reason) || '.' as why,
      'Take inventory snapshots before and after: aws ec2 describe-network-interfaces and the others, each hour and after changes.' as remedy
    from
      flow_enriched
    where
      as_of_verdict = 'no_metadata'
      and flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date <= cast(cast($period_end as timestamp) as date)
      and coalesce(start_at, end_at, cast(flow_date as timestamp)) >= cast($period_start as timestamp)
      and coalesce(start_at, end_at, cast(flow_date as timestamp)) < cast($period_end as timestamp)
    group by
      coalesce(interface_id, 'not named by the records')
  ),
  -- Where two flow logs overlap and their records do not match, a flow may count twice.
  overlapping_logs as (
    select
      'network interface' as subject_kind,
      interface_id as subject_id,
      greatest(min(started_at), cast($period_start as timestamp)) as started_at,
      least(max(ended_at), cast($period_end as timestamp)) as ended_at,
      sum(record_count + other_record_count) as item_count,
      'partial' as status,
      'FL_OVERLAP_NOT_ONE_TO_ONE' as gap_code,
      'Flow logs ' || flow_log || ' and ' || other_flow_log || ' both recorded it, ' || case reason
        when 'records_differ' then 'and in ' || cast(
          count(distinct date_trunc('hour', started_at)) as varchar
        ) || ' hours some of their records are of one connection at one time without being equal or the sum of each other'
        else 'and share too few fields (' || min(compared_fields) || ') to tell which records are copies'
      end || ': ' || cast(sum(record_count) as varchar) || ' and ' || cast(sum(other_record_count) as varchar) || ' records may count some flows twice.' as why,
      'Leave one of the two: take its entry out of flow_logs, or replace both by one flow log with every field and an aggregation interval of 60 seconds.' || coalesce(
        ' Then: aws ec2 delete-flow-logs --flow-log-ids ' || min(other_flow_log_id),
        ''
      ) as remedy
    from
      (
        select
          *,
          coalesce(flow_log_id, source, 'unknown') as flow_log,
          coalesce(other_flow_log_id, other_source, 'unknown') as other_flow_log
        from
          flow_overlap
      ) as found
    where
      flow_date >= cast(
        cast($period_start as timestamp) - interval '1' hour as date
      )
      and flow_date <= cast(cast($period_end as timestamp) as date)
      and coalesce(ended_at, cast(flow_date as timestamp)) >= cast($period_start as timestamp)
      and coalesce(started_at, cast(flow_date as timestamp)) < cast($period_end as timestamp)
    group by
      interface_id,
      flow_log,
      other_flow_log,
      reason
  ),
  unlogged_classes as (
    select
      'class of traffic' as subject_kind,
      'never in a flow log' as subject_id,
      cast($period_start as timestamp) as started_at,
      cast($period_end as timestamp) as ended_at,
      10 as item_count,
      'out_of_reach' as status,
      'FL_UNLOGGED_CLASS' as gap_code,
      'AWS never logs: queries to the Amazon DNS server, Windows licence activation, instance metadata (169.254.169.254), Amazon Time Sync (169.254.169.123), DHCP, mirrored source traffic, the reserved VPC router address, endpoint to Network Load Balancer interfaces, ARP, and regional NAT gateways that live for minutes.' as why,
      'Other sources must show it: Route 53 Resolver query logs for DNS, host agent or operating system logs for metadata, time and DHCP.' as remedy
  ),
  gaps as (
    select
      *
    from
      silent_runs
    union all
    select
      *
    from
      losses
    union all
    select
      *
    from
      delivered
    union all
    select
      *
    from
      failed_flow_logs
    union all
    select
      *
    from
      one_sided_flow_logs
    union all
    select
      *
    from
      unrecorded_interfaces
    union all
    select
      *
    from
      unread_objects
    union all
    select
      *
    from
      rejected_lines
    union all
    select
      *
    from
      unplaced_flows
    union all
    select
      *
    from
      overlapping_logs
    union all
    select
      *
    from
      unlogged_classes
  )
select
  subject_kind,
  subject_id,
  started_at,
  ended_at,
  cast(item_count as bigint) as item_count,
  status,
  gap_code,
  why,
  remedy
from
  gaps
order by
  subject_kind,
  subject_id,
  gap_code,
  started_at,
  ended_at,
  why
