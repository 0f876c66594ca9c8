-- title: Events that no flow shows
-- question: Which events of intrusion prevention, of interfaces in scope, does no flow record show, and why?
-- requirements: 10.7.2, 11.5.1
-- parameters: period_start, period_end
-- rows: summary
-- needs: ips_events
-- grain: one row a product with what matched, and one row a product, its host or interfaces, and a reason for what did not
-- limits: A match needs both addresses, no protocol or port that differs, and a time within the uncertainty of the two
--   clocks; a clock that is further off leaves its events unmatched. Events of interfaces outside the scope are left out, and
--   those without two addresses unless they are of a packet; events whose interface is not known are listed. That an event
--   has no flow is a lead, not proof that a log failed: delivery of flow logs is best effort, and a sensor may see packets
--   that never reached the interface, or that a firewall made. A finding of GuardDuty stands for many flows and is looked
--   for at its last time only.
-- source: PCI DSS v4.0.1 requirements 10.7.2 and 11.5.1; Amazon VPC User Guide, "Flow log limitations"
with
  events as (
    select
      *,
      case
        when cardinality(network_interface_ids) > 0 then array_join (network_interface_ids, ', ')
        else coalesce(host_name, 'not known')
      end as subject
    from
      event_match
    where
      event_date >= cast(
        cast($period_start as timestamp) - interval '1' day as date
      )
      and event_date <= cast(
        cast($period_end as timestamp) + interval '1' day as date
      )
      and event_at >= cast($period_start as timestamp)
      and event_at < cast($period_end as timestamp)
      and (
        scope_name is not null
        or cardinality(network_interface_ids) = 0
      )
      -- Events of files, programs or accounts concern no traffic, and those without an address say so.
      and (
        reason is distinct from 'no_address'
        or module in (
          'intrusion_prevention',
          'firewall',
          'protocol',
          'tls_inspection'
        )
      )
  ),
  matched as (
    select
      'all' as subject,
      product,
      cast(null as varchar) as reason,
      cast(null as varchar) as unlogged_class,
      cast(null as varchar) as flow_logs,
      count(*) as event_count,
      min(event_at) as first_at,
      max(event_at) as last_at,
      min_by(event_id, event_at) as example_event_id
    from
      events
    where
      reason is null
    group by
      product
  ),
  unmatched as (
    select
      subject,
      product,
      reason,
      unlogged_class,
      array_join (flow_log_ids, ', ') as flow_logs,
      count(*) as event_count,
      min(event_at) as first_at,
      max(event_at) as last_at,
      min_by(event_id, event_at) as example_event_id
    from
      events
    where
      reason is not null
    group by
      subject,
      product,
      reason,
      unlogged_class,
      flow_log_ids
  ),
  listed as (
    select
      *
    from
      matched
    union all
    select
      *
    from
      unmatched
  )
select
  subject,
  product,
  event_count,
  first_at,
  last_at,
  example_event_id,
  case
    when reason is null then 'supports'
    when reason in ('no_address', 'class_never_logged') then 'out_of_reach'
    when reason in (
      'one_sided_flow_log',
      'skipped_interval',
      'not_seen'
    ) then 'partial'
    else 'not_evidenced'
  end as status,
  case reason
    when 'no_address' then 'EVENT_NO_ADDRESS'
    when 'class_never_logged' then 'FL_UNLOGGED_CLASS'
    when 'no_interface_known' then 'META_UNRESOLVED_ENI'
    when 'no_flow_log_known' then 'FL_ENI_UNCOVERED'
    when 'one_sided_flow_log' then 'FL_TRAFFIC_TYPE_NOT_ALL'
    when 'outside_ingested_time' then 'FL_TIME_NOT_READ'
    when 'skipped_interval' then 'FL_SKIPDATA'
    when 'not_seen' then 'FL_EVENT_NOT_SEEN'
  end as gap_code,
  case reason
    when 'no_address' then 'The event names no two addresses, and nothing says which interface its host had: no flow can be found for it.'
    when 'class_never_logged' then 'AWS never logs this traffic: ' || unlogged_class || '.'
    when 'no_interface_known' then 'No interface of the inventory had one of its addresses then.'
    when 'no_flow_log_known' then 'No record of the interface was read for the days about it, and no flow log of the inventory covers it.'
    when 'one_sided_flow_log' then 'The flow log of the interface (' || flow_logs || ') records only accepted, or only rejected, traffic.'
    when 'outside_ingested_time' then 'A flow log covers the interface' || coalesce(' (' || nullif(flow_logs, '') || ')', '') || ', but nothing of that time was read of it.'
    when 'skipped_interval' then 'AWS skipped records of the interface then (SKIPDATA).'
    when 'not_seen' then 'The flow log' || coalesce(' ' || nullif(flow_logs, ''), '') || ' was read for that time and has no record that matches.'
    else 'A flow record shows the traffic of these events.'
  end as why,
  case reason
    when 'no_address' then 'Send the events with host address, instance id or a host name that is the Name tag of one instance.'
    when 'class_never_logged' then 'Keep the events themselves; for DNS also Route 53 Resolver query logs.'
    when 'no_interface_known' then 'Take inventory snapshots of every account and Region, each hour and after changes: aws ec2 describe-network-interfaces and the others.'
    when 'no_flow_log_known' then 'Create a flow log of all traffic of the VPC, or add the one there is to flow_logs; see flow_log_configuration.'
    when 'one_sided_flow_log' then 'Replace it by a flow log of all traffic; see flow_log_configuration for the command.'
    when 'outside_ingested_time' then 'Look for objects of that time at the destination, and run flowproof again.'
    when 'skipped_interval' then 'The records cannot be had again: keep the interval as a logging failure (10.7.3), with these events as its trail.'
    when 'not_seen' then 'Compare the clock of the host (10.6) and event_clock_tolerance_seconds; then look whether the traffic passed another interface: select * from event_match where event_id = ''' || replace(example_event_id, '''', '''''') || '''.'
  end as remedy
from
  listed
order by
  subject,
  product,
  gap_code,
  first_at,
  example_event_id,
  why
