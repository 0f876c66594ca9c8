-- title: Details that are recorded of each resource
-- question: For each network interface in scope, which of the six details of an audit record do its flows hold, by themselves or with a companion?
-- requirements: 10.2.2
-- parameters: period_start, period_end
-- rows: summary
-- needs: flows, interfaces_in_scope
-- grain: one row a network interface in scope
-- limits: A flow record supports an audit trail; it is none of the events that 10.2.1.1 to 10.2.1.7 name. Flows of a time at
--   which no inventory snapshot covers the interface are in no scope and not counted here. Periods are whole UTC days. A flow
--   that several flow logs recorded counts once, by the record with the most fields; copy_count says how many other records
--   it stands for. An address may stand in several rows: AWS gives it to another interface once it is free.
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
      *
    from
      detail_day
    where
      scope_name is not null
      and network_interface_id is not null
      and flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date < cast(cast($period_end as timestamp) as date)
  ),
  copies as (
    select
      network_interface_id,
      sum(copy_count) as copy_count
    from
      copy_day
    where
      scope_name is not null
      and network_interface_id is not null
      and flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date < cast(cast($period_end as timestamp) as date)
    group by
      network_interface_id
  ),
  -- Every flow stands in one row a detail, so one of the details counts them.
  flows as (
    select
      network_interface_id,
      max(
        coalesce(
          instance_name || ' (' || instance_id || ')',
          instance_id,
          owner_kind
        )
      ) as resource,
      sum(flow_count) as flow_count,
      min(first_at) as first_at,
      max(last_at) as last_at
    from
      details
    where
      element = 'event_time'
    group by
      network_interface_id
  ),
  short_names (element, short_name) as (
    values
      ('user_identification', 'user'),
      ('event_type', 'type'),
      ('event_time', 'time'),
      ('outcome', 'outcome'),
      ('origination', 'origination'),
      ('affected_resource', 'affected')
  ),
  element_counts as (
    select
      details.network_interface_id,
      details.element_position as position,
      details.element,
      short_names.short_name,
      sum(if (status in ('met', 'supplied'), flow_count, 0)) as detail_count,
      sum(if (status = 'supplied', flow_count, 0)) as supplied_count,
      sum(if (status = 'missing', flow_count, 0)) as missing_count
    from
      details
      inner join short_names on details.element = short_names.element
    group by
      details.network_interface_id,
      details.element_position,
      details.element,
      short_names.short_name
  ),
  reason_counts as (
    select
      network_interface_id,
      element,
      code,
      reason,
      remedy,
      row_number() over (
        partition by
          network_interface_id,
          element
        order by
          sum(flow_count) desc,
          code,
          reason,
          remedy
      ) as reason_number
    from
      details
    where
      status in ('partial', 'missing')
    group by
      network_interface_id,
      element,
      code,
      reason,
      remedy
  ),
  -- The weakest detail is the one that most flows lack altogether; of equals, the one that fewest
  -- have; of equals, the first in the order of 10.2.2.
  ranked as (
    select
      element_counts.*,
      reason_counts.code,
      reason_counts.reason,
      reason_counts.remedy,
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
      max(code) filter(
        where
          weakness = 1
      ) as weakest_code,
      max(reason) filter(
        where
          weakness = 1
      ) as weakest_reason,
      max(remedy) filter(
        where
          weakness = 1
      ) as weakest_remedy
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
      summaries.weakest_code,
      summaries.weakest_reason,
      summaries.weakest_remedy
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
    else weakest_code
  end as gap_code,
  case
    when flow_count = 0 then 'No flow of this interface was read in the period.'
    when is_complete then 'Every flow has all six details.'
    else 'The weakest detail, ' || weakest_element || ', is there in ' || cast(weakest_count as varchar) || ' of ' || cast(flow_count as varchar) || ' flows: ' || weakest_reason || '.'
  end as why,
  case
    when flow_count = 0 then 'See flow_log_configuration: a flow log that covers the interface, or the place that it delivers to, is missing.'
    when is_complete then null
    else weakest_remedy || ' What would supply the other details, and the exact format, stands in log_detail_by_source.'
  end as remedy
from
  judged
order by
  network_interface_id
