-- title: Details that are recorded of each resource
-- question: For each network interface in scope, which of the six details of an audit record do its flows hold, by themselves or with a companion?
-- requirements: 10.2.2
-- parameters: period_start, period_end
-- rows: summary
-- grain: one row a network interface in scope
-- limits: A flow record supports an audit trail; it is none of the events that 10.2.1.1 to 10.2.1.7 name. Flows of a time at
--   which no inventory snapshot covers the interface are in no scope and not counted here. A flow that several flow logs
--   recorded counts once, by the record with the most fields. An address may stand in several rows: AWS gives it to
--   another interface once it is free.
-- source: PCI DSS v4.0.1 requirement 10.2.2
with
  scope_states as (
    select
      network_interface_id,
      coalesce(
        instance_name || ' (' || instance_id || ')',
        instance_id,
        owner_kind
      ) as resource,
      private_address,
      valid_from
    from
      scope_interface
    where
      valid_from < cast($period_end as timestamp)
      and (
        valid_to is null
        or valid_to > cast($period_start as timestamp)
      )
  ),
  -- The newest state names the resource.
  interfaces as (
    select
      network_interface_id,
      max_by(resource, valid_from) as resource,
      max_by(private_address, valid_from) as private_address
    from
      scope_states
    group by
      network_interface_id
  ),
  details as (
    select
      flow_id,
      network_interface_id,
      coalesce(flow_log_id, source) as flow_log,
      coalesce(
        instance_name || ' (' || resource_instance_id || ')',
        resource_instance_id,
        owner_kind
      ) as resource,
      user_identification,
      event_type,
      event_time,
      outcome,
      origination,
      affected_resource,
      start_at,
      end_at
    from
      flow_detail
    where
      scope_name is not null
      and network_interface_id is not null
      and flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date <= cast(cast($period_end as timestamp) as date)
      and coalesce(start_at, end_at, cast(flow_date as timestamp)) >= cast($period_start as timestamp)
      and coalesce(start_at, end_at, cast(flow_date as timestamp)) < cast($period_end as timestamp)
  ),
  -- Only where several flow logs recorded an interface can a flow be there twice.
  recorded_often as (
    select
      network_interface_id
    from
      details
    group by
      network_interface_id
    having
      count(distinct flow_log) > 1
  ),
  numbered_copies as (
    select
      flow_id,
      row_number() over (
        partition by
          network_interface_id,
          srcaddr,
          dstaddr,
          srcport,
          dstport,
          protocol,
          start_at,
          end_at,
          action,
          packets,
          bytes
        order by
          length(coalesce(log_format, '')) desc,
          flow_id
      ) as copy_number
    from
      flow_enriched
    where
      network_interface_id in (
        select
          network_interface_id
        from
          recorded_often
      )
      and flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date <= cast(cast($period_end as timestamp) as date)
  ),
  counted as (
    select
      network_interface_id,
      max(resource) as resource,
      count(*) as flow_count,
      min(start_at) as first_at,
      max(end_at) as last_at,
      count(*) filter(
        where
          user_identification in ('met', 'supplied')
      ) as user_count,
      count(*) filter(
        where
          user_identification = 'supplied'
      ) as user_supplied_count,
      count(*) filter(
        where
          event_type in ('met', 'supplied')
      ) as type_count,
      count(*) filter(
        where
          event_type = 'supplied'
      ) as type_supplied_count,
      count(*) filter(
        where
          event_time in ('met', 'supplied')
      ) as time_count,
      count(*) filter(
        where
          event_time = 'supplied'
      ) as time_supplied_count,
      count(*) filter(
        where
          outcome in ('met', 'supplied')
      ) as outcome_count,
      count(*) filter(
        where
          outcome = 'supplied'
      ) as outcome_supplied_count,
      count(*) filter(
        where
          origination in ('met', 'supplied')
      ) as origination_count,
      count(*) filter(
        where
          origination = 'supplied'
      ) as origination_supplied_count,
      count(*) filter(
        where
          affected_resource in ('met', 'supplied')
      ) as affected_count,
      count(*) filter(
        where
          affected_resource = 'supplied'
      ) as affected_supplied_count
    from
      details
    where
      flow_id not in (
        select
          flow_id
        from
          numbered_copies
        where
          copy_number > 1
      )
    group by
      network_interface_id
  ),
  listed as (
    select
      coalesce(
        interfaces.network_interface_id,
        counted.network_interface_id
      ) as network_interface_id,
      coalesce(interfaces.resource, counted.resource) as resource,
      interfaces.private_address,
      coalesce(counted.flow_count, 0) as flow_count,
      counted.first_at,
      counted.last_at,
      coalesce(user_count, 0) as user_count,
      coalesce(user_supplied_count, 0) as user_supplied_count,
      coalesce(type_count, 0) as type_count,
      coalesce(type_supplied_count, 0) as type_supplied_count,
      coalesce(time_count, 0) as time_count,
      coalesce(time_supplied_count, 0) as time_supplied_count,
      coalesce(outcome_count, 0) as outcome_count,
      coalesce(outcome_supplied_count, 0) as outcome_supplied_count,
      coalesce(origination_count, 0) as origination_count,
      coalesce(origination_supplied_count, 0) as origination_supplied_count,
      coalesce(affected_count, 0) as affected_count,
      coalesce(affected_supplied_count, 0) as affected_supplied_count
    from
      interfaces
      full outer join counted on interfaces.network_interface_id = counted.network_interface_id
  ),
  -- The weakest detail is the one that the fewest flows have; of equals, the first in the order of 10.2.2.
  judged as (
    select
      *,
      user_count + type_count + time_count + outcome_count + origination_count + affected_count as detail_count,
      case least(
          user_count,
          type_count,
          time_count,
          outcome_count,
          origination_count,
          affected_count
        )
        when user_count then 'user_identification'
        when type_count then 'event_type'
        when time_count then 'event_time'
        when outcome_count then 'outcome'
        when origination_count then 'origination'
        else 'affected_resource'
      end as weakest_element
    from
      listed
  )
select
  network_interface_id,
  resource,
  private_address,
  cast(flow_count as bigint) as flow_count,
  'user ' || cast(user_count as varchar) || if (
    user_supplied_count > 0,
    ' (' || cast(user_supplied_count as varchar) || ' by companion)',
    ''
  ) || ', type ' || cast(type_count as varchar) || if (
    type_supplied_count > 0,
    ' (' || cast(type_supplied_count as varchar) || ' by companion)',
    ''
  ) || ', time ' || cast(time_count as varchar) || if (
    time_supplied_count > 0,
    ' (' || cast(time_supplied_count as varchar) || ' by companion)',
    ''
  ) || ', outcome ' || cast(outcome_count as varchar) || if (
    outcome_supplied_count > 0,
    ' (' || cast(outcome_supplied_count as varchar) || ' by companion)',
    ''
  ) || ', origination ' || cast(origination_count as varchar) || if (
    origination_supplied_count > 0,
    ' (' || cast(origination_supplied_count as varchar) || ' by companion)',
    ''
  ) || ', affected ' || cast(affected_count as varchar) || if (
    affected_supplied_count > 0,
    ' (' || cast(affected_supplied_count as varchar) || ' by companion)',
    ''
  ) as flows_with_detail,
  if (
    flow_count = 0
    or detail_count = 6 * flow_count,
    null,
    weakest_element
  ) as weakest_element,
  first_at,
  last_at,
  case
    when flow_count = 0 then 'not_evidenced'
    when detail_count = 6 * flow_count then 'supports'
    when detail_count = 0 then 'not_evidenced'
    else 'partial'
  end as status,
  case
    when flow_count = 0 then 'FL_SILENT_ENI'
    when detail_count = 6 * flow_count then null
    when weakest_element = 'user_identification' then 'FL_NO_USER'
    when weakest_element = 'event_type' then 'FL_EVENT_TYPE_PARTIAL'
    else 'FL_FORMAT_MISSING_' || upper(weakest_element)
  end as gap_code,
  case
    when flow_count = 0 then 'No flow of this interface was read in the period.'
    when detail_count = 6 * flow_count then 'Every flow has all six details.'
    else 'The weakest detail, ' || weakest_element || ', is recorded in ' || cast(
      least(
        user_count,
        type_count,
        time_count,
        outcome_count,
        origination_count,
        affected_count
      ) as varchar
    ) || ' of ' || cast(flow_count as varchar) || ' flows.'
  end as why,
  case
    when flow_count = 0 then 'See coverage_gaps: a flow log that covers the interface, or the place that it delivers to, is missing.'
    when detail_count = 6 * flow_count then null
    when weakest_element = 'user_identification' then 'No flow log of any format can name a user. Add host agent events that name one under ips_events; take the rest from CloudTrail, Session Manager, operating system and database audit logs. What would supply the other details stands in log_detail_by_source.'
    when weakest_element = 'event_type' then 'No flow log can say what was done. Add IPS events of the host under ips_events; take the rest from application and operating system logs. What would supply the other details stands in log_detail_by_source.'
    else 'Replace the flow log by one with the format that log_detail_by_source gives for ' || weakest_element || '.'
  end as remedy
from
  judged
order by
  network_interface_id
