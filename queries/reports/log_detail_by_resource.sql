-- title: Details that are recorded of each resource
-- question: For each network interface in scope, which of the six details of an audit record do its flows hold, by themselves or with a companion?
-- requirements: 10.2.2
-- parameters: period_start, period_end
-- rows: summary
-- needs: flows, interfaces_in_scope
-- grain: one row a network interface in scope
-- limits: A flow record supports an audit trail; it is none of the events that 10.2.1.1 to 10.2.1.7 name. Flows of a time at
--   which no inventory snapshot covers the interface are in no scope and not counted here. A flow that several flow logs
--   recorded counts once, by the record with the most fields; copy_count says how many other records it stands for. An address may stand in several rows: AWS gives it to
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
      array_join (addresses, ', ') as addresses,
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
      max_by(addresses, valid_from) as addresses
    from
      scope_states
    group by
      network_interface_id
  ),
  details as (
    select
      flow_id,
      network_interface_id,
      coalesce(
        instance_name || ' (' || resource_instance_id || ')',
        resource_instance_id,
        owner_kind
      ) as resource,
      user_identification,
      user_identification_reason,
      event_type,
      event_type_reason,
      event_time,
      event_time_reason,
      outcome,
      outcome_reason,
      origination,
      origination_reason,
      affected_resource,
      affected_resource_reason,
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
  copies as (
    select
      details.network_interface_id,
      count(distinct flow_copy.flow_id) as copy_count
    from
      flow_copy
      inner join details on flow_copy.kept_flow_id = details.flow_id
    group by
      details.network_interface_id
  ),
  flows as (
    select
      network_interface_id,
      max(resource) as resource,
      count(*) as flow_count,
      min(start_at) as first_at,
      max(end_at) as last_at
    from
      details
    group by
      network_interface_id
  ),
  elements as (
    select
      details.network_interface_id,
      element.position,
      element.element,
      element.short_name,
      case element.element
        when 'user_identification' then user_identification
        when 'event_type' then event_type
        when 'event_time' then event_time
        when 'outcome' then outcome
        when 'origination' then origination
        when 'affected_resource' then affected_resource
      end as value,
      case element.element
        when 'user_identification' then user_identification_reason
        when 'event_type' then event_type_reason
        when 'event_time' then event_time_reason
        when 'outcome' then outcome_reason
        when 'origination' then origination_reason
        when 'affected_resource' then affected_resource_reason
      end as reason
    from
      details
      cross join (
        values
          (1, 'user_identification', 'user'),
          (2, 'event_type', 'type'),
          (3, 'event_time', 'time'),
          (4, 'outcome', 'outcome'),
          (5, 'origination', 'origination'),
          (6, 'affected_resource', 'affected')
      ) as element (position, element, short_name)
  ),
  element_counts as (
    select
      network_interface_id,
      position,
      element,
      short_name,
      count(*) filter(
        where
          value in ('met', 'supplied')
      ) as detail_count,
      count(*) filter(
        where
          value = 'supplied'
      ) as supplied_count,
      count(*) filter(
        where
          value = 'missing'
      ) as missing_count
    from
      elements
    group by
      network_interface_id,
      position,
      element,
      short_name
  ),
  reason_counts as (
    select
      network_interface_id,
      element,
      reason,
      row_number() over (
        partition by
          network_interface_id,
          element
        order by
          count(*) desc,
          reason
      ) as reason_number
    from
      elements
    where
      value in ('partial', 'missing')
    group by
      network_interface_id,
      element,
      reason
  ),
  -- The weakest detail is the one that most flows lack altogether; of equals, the one that fewest
  -- have; of equals, the first in the order of 10.2.2.
  ranked as (
    select
      element_counts.*,
      reason_counts.reason,
      row_number() over (
        partition by
          element_counts.network_interface_id
        order by
          element_counts.missing_count desc,
          element_counts.detail_count,
          element_counts.position
      ) as weakness
    from
      element_counts
      left join reason_counts on element_counts.network_interface_id = reason_counts.network_interface_id
      and element_counts.element = reason_counts.element
      and reason_counts.reason_number = 1
  ),
  summaries as (
    select
      network_interface_id,
      sum(detail_count) as detail_count,
      array_join (
        array_agg(
          short_name || ' ' || cast(detail_count as varchar) || if (
            supplied_count > 0,
            ' (' || cast(supplied_count as varchar) || ' by companion)',
            ''
          )
          order by
            position
        ),
        ', '
      ) as flows_with_detail,
      max(element) filter(
        where
          weakness = 1
      ) as weakest_element,
      max(detail_count) filter(
        where
          weakness = 1
      ) as weakest_count,
      max(reason) filter(
        where
          weakness = 1
      ) as weakest_reason
    from
      ranked
    group by
      network_interface_id
  ),
  judged as (
    select
      coalesce(
        interfaces.network_interface_id,
        flows.network_interface_id
      ) as network_interface_id,
      coalesce(interfaces.resource, flows.resource) as resource,
      interfaces.addresses,
      coalesce(flows.flow_count, 0) as flow_count,
      coalesce(copies.copy_count, 0) as copy_count,
      flows.first_at,
      flows.last_at,
      summaries.flows_with_detail,
      summaries.detail_count = 6 * flows.flow_count as is_complete,
      summaries.detail_count = 0 as is_empty,
      summaries.weakest_element,
      summaries.weakest_count,
      summaries.weakest_reason
    from
      interfaces
      full outer join flows on interfaces.network_interface_id = flows.network_interface_id
      left join summaries on flows.network_interface_id = summaries.network_interface_id
      left join copies on flows.network_interface_id = copies.network_interface_id
  )
select
  network_interface_id,
  resource,
  addresses,
  cast(flow_count as bigint) as flow_count,
  cast(copy_count as bigint) as copy_count,
  flows_with_detail,
  if (is_complete is true, null, weakest_element) as weakest_element,
  first_at,
  last_at,
  case
    when flow_count = 0 then 'not_evidenced'
    when is_complete then 'supports'
    when is_empty then 'not_evidenced'
    else 'partial'
  end as status,
  case
    when flow_count = 0 then 'FL_SILENT_ENI'
    when is_complete then null
    else split_part(
      coalesce(
        weakest_reason,
        'FL_FORMAT_MISSING_' || upper(weakest_element)
      ),
      ':',
      1
    )
  end as gap_code,
  case
    when flow_count = 0 then 'No flow of this interface was read in the period.'
    when is_complete then 'Every flow has all six details.'
    else 'The weakest detail, ' || weakest_element || ', is there in ' || cast(weakest_count as varchar) || ' of ' || cast(flow_count as varchar) || ' flows' || coalesce(
      ': ' || trim(split_part(weakest_reason, ':', 2)),
      ''
    ) || '.'
  end as why,
  case
    when flow_count = 0 then 'See coverage_gaps: a flow log that covers the interface, or the place that it delivers to, is missing.'
    when is_complete then null
    when weakest_element = 'user_identification' then 'No flow log of any format can name a user. Add host agent events that name one under ips_events; take the rest from CloudTrail, Session Manager, operating system and database audit logs. What would supply the other details stands in log_detail_by_source.'
    when weakest_element = 'event_type' then 'No flow log can say what was done. Add IPS events of the host under ips_events; take the rest from application and operating system logs. What would supply the other details stands in log_detail_by_source.'
    else 'See log_detail_by_source for what supplies ' || weakest_element || ', and for the exact format.'
  end as remedy
from
  judged
order by
  network_interface_id
