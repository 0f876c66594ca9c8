-- title: Gaps in what was delivered, read and placed
-- question: What did each flow log deliver, and which of it could not be read, put in scope, or counted once?
-- requirements: 10.2.1, 10.7.2
-- parameters: period_start, period_end
-- rows: findings
-- needs: flows
-- grain: one row a flow log that delivered, with its NODATA intervals, and one row a gap: source object, interface whose
--   records are in no scope, or interface that two flow logs recorded differently
-- limits: Status: supports for what was delivered; partial for what was read in part, or may count twice; not_evidenced for what was
--   not read at all and for flows in no scope. Hours in which a flow log is silent are in logging_failures, silent hours and
--   losses of single interfaces in interface_silence, flow logs as configured in flow_log_configuration, and what no flow
--   log can show in unlogged_traffic. An object without record times is listed unless it was last modified before the
--   period, since it may hold records of it. Records count for the UTC day of their start. Overlapping flow logs are
--   compared by interface and UTC day of the record.
-- source: Amazon VPC User Guide, "Flow log records", "Flow log limitations"
with
  -- What a flow log delivered are all of its records, also those that another one stands for.
  deliveries as (
    select
      coalesce(flow_log_id, source, 'unknown flow log') as flow_log,
      sum(record_count) as record_count,
      sum(nodata_count) as nodata_count,
      min(first_at) as first_at,
      max(last_at) as last_at
    from
      interface_day
    where
      flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date < cast(cast($period_end as timestamp) as date)
    group by
      coalesce(flow_log_id, source, 'unknown flow log')
  ),
  copies as (
    select
      coalesce(flow_log_id, source, 'unknown flow log') as flow_log,
      sum(copy_count) as copy_count
    from
      copy_day
    where
      flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date < cast(cast($period_end as timestamp) as date)
    group by
      coalesce(flow_log_id, source, 'unknown flow log')
  ),
  delivered as (
    select
      'flow log' as subject_kind,
      deliveries.flow_log as subject_id,
      deliveries.first_at as started_at,
      deliveries.last_at as ended_at,
      deliveries.nodata_count as item_count,
      'supports' as status,
      cast(null as varchar) as gap_code,
      'It delivered ' || cast(deliveries.record_count as varchar) || ' flow records' || if (
        copies.copy_count > 0,
        ', of which ' || cast(copies.copy_count as varchar) || ' are copies of what another flow log recorded',
        ''
      ) || '; NODATA intervals, counted here, say that an interface had no traffic.' as why,
      cast(null as varchar) as remedy
    from
      deliveries
      left join copies on deliveries.flow_log = copies.flow_log
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
      coalesce(network_interface_id, 'not named by the records') as subject_id,
      min(first_at) as started_at,
      max(last_at) as ended_at,
      sum(flow_count) as item_count,
      'not_evidenced' as status,
      'META_UNRESOLVED_ENI' as gap_code,
      cast(sum(flow_count) as varchar) || ' flows are in no scope, because what the interface was then is not known: ' || min(as_of_reason) || '.' as why,
      'Take inventory snapshots before and after: aws ec2 describe-network-interfaces and the others, each hour and after changes.' as remedy
    from
      flow_class
    where
      as_of_verdict = 'no_metadata'
      and flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date < cast(cast($period_end as timestamp) as date)
    group by
      coalesce(network_interface_id, 'not named by the records')
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
  gaps as (
    select
      *
    from
      delivered
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
