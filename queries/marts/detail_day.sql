-- title: How many flows of each day have each of the six details of PCI DSS v4.0.1 requirement 10.2.2
-- grain: one row a recorder, network interface, resource on it, detail, and verdict on the detail with all its words
-- parameters: none
-- source: detail.sql decides; flows with companion events are judged one by one (flow_event_detail), the others by their class
with
  event_flows as (
    select
      class_id,
      detail_id,
      count(*) as flow_count
    from
      flow_event_detail
    group by
      class_id,
      detail_id
  ),
  -- What events say of a flow counts instead of what is said of its class.
  counted as (
    select
      source,
      flow_log_id,
      log_format,
      network_interface_id,
      state_id,
      detail_id,
      flow_count,
      first_at,
      last_at,
      flow_date
    from
      flow_class
    union all
    select
      flow_class.source,
      flow_class.flow_log_id,
      flow_class.log_format,
      flow_class.network_interface_id,
      flow_class.state_id,
      flow_class.detail_id,
      - event_flows.flow_count as flow_count,
      flow_class.first_at,
      flow_class.last_at,
      flow_class.flow_date
    from
      event_flows
      inner join flow_class on event_flows.class_id = flow_class.class_id
    union all
    select
      flow_class.source,
      flow_class.flow_log_id,
      flow_class.log_format,
      flow_class.network_interface_id,
      flow_class.state_id,
      event_flows.detail_id,
      event_flows.flow_count,
      flow_class.first_at,
      flow_class.last_at,
      flow_class.flow_date
    from
      event_flows
      inner join flow_class on event_flows.class_id = flow_class.class_id
  ),
  -- The times of a class are those of all its flows, with companion events or without.
  sums as (
    select
      source,
      flow_log_id,
      log_format,
      network_interface_id,
      state_id,
      detail_id,
      sum(flow_count) as flow_count,
      min(first_at) as first_at,
      max(last_at) as last_at,
      flow_date
    from
      counted
    group by
      source,
      flow_log_id,
      log_format,
      network_interface_id,
      state_id,
      detail_id,
      flow_date
    having
      sum(flow_count) > 0
  ),
  recorded as (
    select
      sums.source,
      sums.flow_log_id,
      sums.log_format,
      sums.network_interface_id,
      interface_context.instance_id,
      interface_context.instance_name,
      interface_context.owner_kind,
      interface_context.scope_name,
      sums.detail_id,
      sums.flow_count,
      sums.first_at,
      sums.last_at,
      sums.flow_date
    from
      sums
      left join interface_context on sums.state_id = interface_context.state_id
  )
select
  recorded.source,
  recorded.flow_log_id,
  recorded.log_format,
  recorded.network_interface_id,
  recorded.instance_id,
  recorded.instance_name,
  recorded.owner_kind,
  recorded.scope_name,
  detail.element_position,
  detail.element,
  detail.status,
  detail.code,
  detail.reason,
  detail.supplied_by,
  detail.remedy,
  detail.needs_flow_log,
  cast(sum(recorded.flow_count) as bigint) as flow_count,
  min(recorded.first_at) as first_at,
  max(recorded.last_at) as last_at,
  recorded.flow_date
from
  recorded
  inner join detail on recorded.detail_id = detail.detail_id
group by
  recorded.source,
  recorded.flow_log_id,
  recorded.log_format,
  recorded.network_interface_id,
  recorded.instance_id,
  recorded.instance_name,
  recorded.owner_kind,
  recorded.scope_name,
  detail.element_position,
  detail.element,
  detail.status,
  detail.code,
  detail.reason,
  detail.supplied_by,
  detail.remedy,
  detail.needs_flow_log,
  recorded.flow_date
order by
  recorded.source,
  recorded.flow_log_id,
  recorded.log_format,
  recorded.network_interface_id,
  recorded.instance_id,
  recorded.instance_name,
  recorded.owner_kind,
  recorded.scope_name,
  detail.element_position,
  detail.status,
  detail.code,
  detail.reason,
  detail.supplied_by,
  detail.remedy,
  detail.needs_flow_log
