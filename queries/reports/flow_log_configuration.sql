-- title: Flow logs of each interface in scope, as configured
-- question: Which flow log records each network interface in scope, what does it record and where does it deliver, and when did none?
-- requirements: 10.2.1, 10.7.2
-- parameters: period_start, period_end
-- rows: summary
-- needs: interfaces_in_scope
-- grain: one row a network interface in scope and a flow log that covers it, and one row an interface and a stretch of time
--   that no known flow log covers
-- limits: Status: contradicts if an inventory snapshot of the period shows that delivery failed; not_evidenced for a stretch
--   without a flow log, and where no complete snapshot tells the flow logs; partial if the flow log records one kind of
--   traffic only or its format lacks a field that 10.2.2 draws on; else supports: it was set up so, which does not show
--   that records came (interface_silence). A flow log counts from its creation until the first snapshot that no longer shows
--   it, an interface while snapshots show it: what began and ended between two snapshots is not seen. Flow logs of transit
--   gateways cover no interface of a VPC.
-- source: Amazon VPC User Guide, "Flow log basics" and "Flow log records"; EC2 API Reference, "FlowLog"; which fields 10.2.2 draws
--   on: the needed fields of detail.sql
with
  -- A flow log cannot be edited: what it covers and records held since it was created.
  configured_flow_logs as (
    select
      flow_log_id,
      max_by(resource_id, valid_from) as resource_id,
      max_by(traffic_type, valid_from) as traffic_type,
      max_by(log_format, valid_from) as log_format,
      max_by(max_aggregation_interval_seconds, valid_from) as aggregation_seconds,
      max_by(log_destination_type, valid_from) as log_destination_type,
      max_by(log_destination, valid_from) as log_destination,
      max_by(log_group_name, valid_from) as log_group_name,
      max_by(deliver_logs_status, valid_from) as deliver_logs_status,
      min(created_at) as created_at,
      bool_or(deliver_logs_status = 'FAILED') as has_failed,
      max_by(deliver_logs_error, valid_from) filter(
        where
          deliver_logs_status = 'FAILED'
      ) as deliver_logs_error,
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
  fields (field) as (
    values
      ('action'),
      ('dstaddr'),
      ('dstport'),
      ('end'),
      ('flow-direction'),
      ('instance-id'),
      ('interface-id'),
      ('log-status'),
      ('pkt-dstaddr'),
      ('pkt-srcaddr'),
      ('protocol'),
      ('srcaddr'),
      ('srcport'),
      ('start'),
      ('tcp-flags'),
      ('vpc-id')
  ),
  lacking_fields as (
    select
      configured_flow_logs.flow_log_id,
      array_join (
        array_agg(
          fields.field
          order by
            fields.field
        ),
        ', '
      ) as fields
    from
      configured_flow_logs
      cross join fields
    where
      configured_flow_logs.log_format is not null
      and ' ' || replace(configured_flow_logs.log_format, '_', '-') || ' ' not like '% ' || fields.field || ' %'
    group by
      configured_flow_logs.flow_log_id
  ),
  lives as (
    select
      scope_name,
      network_interface_id,
      subnet_id,
      vpc_id,
      account_id,
      region,
      max_by(
        coalesce(
          instance_name || ' (' || instance_id || ')',
          instance_id,
          owner_kind,
          'unknown'
        ),
        valid_from
      ) as resource,
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
      scope_name,
      network_interface_id,
      subnet_id,
      vpc_id,
      account_id,
      region
  ),
  covers as (
    select
      lives.scope_name,
      lives.network_interface_id,
      lives.subnet_id,
      lives.vpc_id,
      lives.resource,
      configured_flow_logs.flow_log_id,
      case configured_flow_logs.resource_id
        when lives.network_interface_id then 'interface'
        when lives.subnet_id then 'subnet'
        else 'vpc'
      end as covered_by,
      greatest(lives.life_from, configured_flow_logs.active_from) as covered_from,
      least(
        lives.life_until,
        configured_flow_logs.active_until
      ) as covered_until
    from
      lives
      inner join configured_flow_logs on configured_flow_logs.resource_id in (
        lives.network_interface_id,
        lives.subnet_id,
        lives.vpc_id
      )
      and configured_flow_logs.active_from < lives.life_until
      and configured_flow_logs.active_until > lives.life_from
  ),
  -- The begin and the end of a life stand as intervals without length, so that gaps at both ends are found too.
  intervals as (
    select
      scope_name,
      network_interface_id,
      subnet_id,
      vpc_id,
      covered_from,
      covered_until
    from
      covers
    union all
    select
      scope_name,
      network_interface_id,
      subnet_id,
      vpc_id,
      life_from as covered_from,
      life_from as covered_until
    from
      lives
    union all
    select
      scope_name,
      network_interface_id,
      subnet_id,
      vpc_id,
      life_until as covered_from,
      life_until as covered_until
    from
      lives
  ),
  ordered_intervals as (
    select
      *,
      max(covered_until) over (
        partition by
          scope_name,
          network_interface_id,
          coalesce(subnet_id, ''),
          coalesce(vpc_id, '')
        order by
          covered_from,
          covered_until rows between unbounded preceding
          and 1 preceding
      ) as until_then
    from
      intervals
  ),
  flow_log_series as (
    select distinct
      split_part(series, '/', 1) as account_id,
      split_part(series, '/', 2) as region
    from
      inventory_snapshot
    where
      resource_type = 'flow_log'
      and is_complete is true
      and taken_at < cast($period_end as timestamp)
  ),
  known_places as (
    select distinct
      places.account_id,
      places.region
    from
      (
        select distinct
          coalesce(account_id, '') as account_id,
          coalesce(region, '') as region
        from
          lives
      ) as places
      inner join flow_log_series on (
        places.account_id = ''
        or flow_log_series.account_id in ('', places.account_id)
      )
      and (
        places.region = ''
        or flow_log_series.region in ('', places.region)
      )
  ),
  gaps as (
    select
      lives.scope_name,
      lives.network_interface_id,
      lives.resource,
      lives.subnet_id,
      lives.vpc_id,
      ordered_intervals.until_then as started_at,
      ordered_intervals.covered_from as ended_at,
      known_places.account_id is not null as is_inventory_known,
      ordered_intervals.until_then <= lives.life_from
      and ordered_intervals.covered_from >= lives.life_until as is_whole_life
    from
      ordered_intervals
      inner join lives on ordered_intervals.scope_name = lives.scope_name
      and ordered_intervals.network_interface_id = lives.network_interface_id
      and coalesce(ordered_intervals.subnet_id, '') = coalesce(lives.subnet_id, '')
      and coalesce(ordered_intervals.vpc_id, '') = coalesce(lives.vpc_id, '')
      left join known_places on coalesce(lives.account_id, '') = known_places.account_id
      and coalesce(lives.region, '') = known_places.region
    where
      ordered_intervals.until_then < ordered_intervals.covered_from
  ),
  findings as (
    select
      covers.network_interface_id,
      covers.resource,
      covers.scope_name,
      covers.flow_log_id,
      covers.covered_by,
      configured_flow_logs.traffic_type,
      configured_flow_logs.deliver_logs_status,
      coalesce(
        configured_flow_logs.log_destination,
        configured_flow_logs.log_group_name,
        configured_flow_logs.log_destination_type
      ) as destination,
      lacking_fields.fields as lacking_fields,
      configured_flow_logs.aggregation_seconds,
      configured_flow_logs.created_at,
      covers.covered_from as from_at,
      covers.covered_until as until_at,
      case
        when configured_flow_logs.has_failed then 'FL_DELIVERY_FAILED'
        when configured_flow_logs.traffic_type <> 'ALL' then 'FL_TRAFFIC_TYPE_NOT_ALL'
        when configured_flow_logs.log_format is null then 'FL_FORMAT_UNKNOWN'
        when lacking_fields.fields is not null then 'FL_FORMAT_MISSING_FIELDS'
      end as gap_code,
      if (
        configured_flow_logs.has_failed,
        'A snapshot of the period shows that delivery failed: ' || coalesce(
          configured_flow_logs.deliver_logs_error,
          'no error stated'
        ) || '. ',
        ''
      ) || if (
        coalesce(configured_flow_logs.traffic_type, 'ALL') <> 'ALL',
        'It records only ' || configured_flow_logs.traffic_type || ' traffic. ',
        ''
      ) || case
        when configured_flow_logs.log_format is null then 'The inventory does not tell its format.'
        when lacking_fields.fields is not null then 'Its format lacks ' || lacking_fields.fields || ', which 10.2.2 draws on.'
        else 'Its format has every field that 10.2.2 can draw on; no flow log names a user.'
      end as why,
      case
        when configured_flow_logs.has_failed then case configured_flow_logs.deliver_logs_error
          when 'Access error' then 'Let delivery.logs.amazonaws.com write to the destination (bucket or key policy, or the role of the log group), then check: aws ec2 describe-flow-logs --flow-log-ids '
          when 'Rate limited' then 'Raise the CloudWatch Logs quota of PutLogEvents or deliver to S3, then check: aws ec2 describe-flow-logs --flow-log-ids '
          else 'Create the flow log anew and delete this one, then check: aws ec2 describe-flow-logs --flow-log-ids '
        end || covers.flow_log_id
        when configured_flow_logs.traffic_type <> 'ALL'
        or lacking_fields.fields is not null then 'A flow log cannot be edited: ' || create_flow_log_command (
          configured_flow_logs.resource_id,
          configured_flow_logs.log_destination_type,
          configured_flow_logs.log_destination,
          configured_flow_logs.log_group_name
        ) || ' and then: aws ec2 delete-flow-logs --flow-log-ids ' || covers.flow_log_id
        when configured_flow_logs.log_format is null then 'Take an inventory snapshot with LogFormat: aws ec2 describe-flow-logs --flow-log-ids ' || covers.flow_log_id
      end as remedy
    from
      covers
      inner join configured_flow_logs on covers.flow_log_id = configured_flow_logs.flow_log_id
      left join lacking_fields on covers.flow_log_id = lacking_fields.flow_log_id
    union all
    select
      network_interface_id,
      resource,
      scope_name,
      cast(null as varchar) as flow_log_id,
      cast(null as varchar) as covered_by,
      cast(null as varchar) as traffic_type,
      cast(null as varchar) as deliver_logs_status,
      cast(null as varchar) as destination,
      cast(null as varchar) as lacking_fields,
      cast(null as integer) as aggregation_seconds,
      cast(null as timestamp) as created_at,
      started_at as from_at,
      ended_at as until_at,
      case
        when not is_inventory_known then 'META_FLOW_LOGS_UNKNOWN'
        when is_whole_life then 'FL_ENI_UNCOVERED'
        else 'FL_ENI_UNCOVERED_FOR_A_TIME'
      end as gap_code,
      case
        when not is_inventory_known then 'No complete inventory snapshot says which flow logs there are in its account and Region.'
        when is_whole_life then 'No flow log of its own, its subnet or its VPC covers it in the period.'
        else 'For this stretch no flow log of its own, its subnet or its VPC covers it.'
      end as why,
      case
        when is_inventory_known then create_flow_log_command (
          coalesce(vpc_id, network_interface_id),
          's3',
          null,
          null
        )
        else 'Add the flow logs to the inventory (permission ec2:DescribeFlowLogs, or the output of aws ec2 describe-flow-logs).'
      end as remedy
    from
      gaps
  )
select
  network_interface_id,
  resource,
  scope_name,
  flow_log_id,
  covered_by,
  traffic_type,
  deliver_logs_status,
  destination,
  lacking_fields,
  aggregation_seconds,
  created_at,
  from_at,
  until_at,
  case gap_code
    when 'FL_DELIVERY_FAILED' then 'contradicts'
    when 'FL_TRAFFIC_TYPE_NOT_ALL' then 'partial'
    when 'FL_FORMAT_UNKNOWN' then 'partial'
    when 'FL_FORMAT_MISSING_FIELDS' then 'partial'
    when 'META_FLOW_LOGS_UNKNOWN' then 'not_evidenced'
    when 'FL_ENI_UNCOVERED' then 'not_evidenced'
    when 'FL_ENI_UNCOVERED_FOR_A_TIME' then 'not_evidenced'
    else 'supports'
  end as status,
  gap_code,
  why,
  remedy
from
  findings
order by
  network_interface_id,
  from_at,
  flow_log_id,
  scope_name,
  until_at,
  resource,
  covered_by
