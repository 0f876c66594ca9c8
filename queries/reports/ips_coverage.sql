-- title: Intrusion detection and prevention of each resource
-- question: Which network interfaces in scope did a host agent watch, what did it stop, and what reached the host?
-- requirements: 11.5.1
-- parameters: period_start, period_end
-- rows: summary
-- needs: interfaces_in_scope
-- grain: one row a network interface in scope and the instance that it is attached to
-- limits: Without a list of agents, an agent that has nothing to report and no agent look the same. An event counts for an
--   instance by its instance id; if it has none, by the host's address at the time; if it has none, by the host's name, if
--   one instance alone has that name. An attack counts as reached if it was only detected and an accepted flow to the
--   interface matches it, ports or not. Whether engines and signatures are current and someone was alerted is for a person
--   to show. A flow log is no intrusion detection.
-- source: PCI DSS v4.0.1 requirement 11.5.1
with
  scope_states as (
    select
      network_interface_id,
      instance_id,
      instance_name,
      owner_kind,
      addresses,
      valid_from,
      valid_to,
      absent_at
    from
      scope_interface
    where
      valid_from < cast($period_end as timestamp)
      and (
        valid_to is null
        or valid_to > cast($period_start as timestamp)
      )
  ),
  interfaces as (
    select
      network_interface_id,
      instance_id,
      max_by(
        coalesce(
          instance_name || ' (' || instance_id || ')',
          instance_id,
          owner_kind,
          'unknown'
        ),
        valid_from
      ) as resource,
      max_by(owner_kind, valid_from) as owner_kind
    from
      scope_states
    group by
      network_interface_id,
      instance_id
  ),
  -- The same event may be delivered twice: once is enough.
  events as (
    select
      event_id,
      min(coalesce(event_at, received_at)) as event_at,
      min(product) as product,
      min(module) as module,
      min(disposition) as disposition,
      min(instance_id) as instance_id,
      min(host_address) as host_address,
      min(lower(host_name)) as host_name,
      min(coalesce(destination_address, host_address)) as destination_address
    from
      ips_event
    where
      coalesce(event_at, received_at) >= cast($period_start as timestamp)
      and coalesce(event_at, received_at) < cast($period_end as timestamp)
    group by
      event_id
  ),
  unique_names as (
    select
      lower(instance_name) as host_name,
      min(instance_id) as instance_id
    from
      scope_states
    where
      instance_id is not null
      and instance_name is not null
    group by
      lower(instance_name)
    having
      count(distinct instance_id) = 1
  ),
  host_addresses as (
    select distinct
      scope_states.instance_id,
      host.address as host_address,
      scope_states.absent_at,
      scope_states.valid_to
    from
      scope_states
      cross join unnest(scope_states.addresses) as host (address)
    where
      scope_states.instance_id is not null
  ),
  event_hosts as (
    select
      event_id,
      instance_id
    from
      events
    where
      instance_id is not null
    union
    select
      events.event_id,
      host_addresses.instance_id
    from
      events
      inner join host_addresses on events.host_address = host_addresses.host_address
    where
      events.instance_id is null
      and (
        host_addresses.absent_at is null
        or events.event_at > host_addresses.absent_at
      )
      and (
        host_addresses.valid_to is null
        or events.event_at < host_addresses.valid_to
      )
    union
    select
      events.event_id,
      unique_names.instance_id
    from
      events
      inner join unique_names on events.host_name = unique_names.host_name
    where
      events.instance_id is null
      and events.host_address is null
  ),
  agents as (
    select
      event_hosts.instance_id,
      array_join (
        array_agg(
          distinct events.product
          order by
            events.product
        ),
        ', '
      ) as products,
      max(events.event_at) as last_contact_at,
      count(*) filter(
        where
          events.module = 'intrusion_prevention'
      ) as ips_count,
      count(*) filter(
        where
          events.module = 'intrusion_prevention'
          and events.disposition = 'blocked'
      ) as blocked_count,
      count(*) filter(
        where
          events.module = 'intrusion_prevention'
          and events.disposition = 'detected'
      ) as detected_count
    from
      event_hosts
      inner join events on event_hosts.event_id = events.event_id
    where
      -- These see the traffic of a host, and are no agent on it.
      events.product not in ('guardduty', 'aws_network_firewall')
    group by
      event_hosts.instance_id
  ),
  reached as (
    select
      flow_enriched.network_interface_id,
      flow_enriched.resource_instance_id as instance_id,
      count(distinct events.event_id) as reached_count
    from
      flow_event
      inner join events on flow_event.event_id = events.event_id
      inner join flow_enriched on flow_event.flow_id = flow_enriched.flow_id
      and flow_event.flow_date = flow_enriched.flow_date
      and events.destination_address = flow_enriched.local_address
    where
      flow_event.disposition = 'detected'
      and events.module = 'intrusion_prevention'
      and flow_enriched.action = 'ACCEPT'
      and flow_enriched.scope_name is not null
      and flow_event.flow_date >= cast(
        cast($period_start as timestamp) - interval '1' day as date
      )
      and flow_event.flow_date <= cast(cast($period_end as timestamp) as date)
      and flow_enriched.flow_date >= cast(
        cast($period_start as timestamp) - interval '1' day as date
      )
      and flow_enriched.flow_date <= cast(cast($period_end as timestamp) as date)
    group by
      flow_enriched.network_interface_id,
      flow_enriched.resource_instance_id
  ),
  listed as (
    select
      interfaces.network_interface_id,
      interfaces.resource,
      interfaces.instance_id,
      interfaces.owner_kind,
      agents.products,
      agents.last_contact_at,
      coalesce(agents.ips_count, 0) as ips_count,
      coalesce(agents.blocked_count, 0) as blocked_count,
      coalesce(agents.detected_count, 0) as detected_count,
      coalesce(reached.reached_count, 0) as reached_count
    from
      interfaces
      left join agents on interfaces.instance_id = agents.instance_id
      left join reached on interfaces.network_interface_id = reached.network_interface_id
      and interfaces.instance_id is not distinct from reached.instance_id
  ),
  judged as (
    select
      *,
      case
        when reached_count > 0 then 'IPS_DETECT_ONLY'
        when instance_id is null then 'IPS_UNCOVERED_ENI'
        when products is null then 'IPS_NO_EVENT'
        when ips_count = 0 then 'IPS_MODULE_SILENT'
      end as gap_code
    from
      listed
  )
select
  network_interface_id,
  resource,
  owner_kind,
  products,
  last_contact_at,
  blocked_count,
  detected_count,
  reached_count,
  case
    when gap_code is null then 'supports'
    when gap_code in ('IPS_DETECT_ONLY', 'IPS_MODULE_SILENT') then 'partial'
    else 'not_evidenced'
  end as status,
  gap_code,
  case gap_code
    when 'IPS_DETECT_ONLY' then cast(reached_count as varchar) || if (reached_count = 1, ' attack was', ' attacks were') || ' detected and let through: an accepted flow to this interface matches.'
    when 'IPS_UNCOVERED_ENI' then 'No instance of yours is on it (' || coalesce(owner_kind, 'unknown owner') || '), so it cannot carry a host agent.'
    when 'IPS_NO_EVENT' then 'No event of this instance was read: it has no agent, or the agent had nothing to report.'
    when 'IPS_MODULE_SILENT' then 'The agent was seen, but no event of its intrusion prevention: nothing says that the module is on.'
    else 'The agent reported intrusion events, and none of those let through matches an accepted flow.'
  end as why,
  case gap_code
    when 'IPS_DETECT_ONLY' then 'Show who was alerted and when (11.5.1.b); examine the host; set the rules that fired from detect to prevent. The events: select * from flow_event where disposition = ''detected''.'
    when 'IPS_UNCOVERED_ENI' then 'Watch its traffic with network intrusion detection (AWS Network Firewall, traffic mirroring to a sensor) or GuardDuty, and show that in the network diagram.'
    when 'IPS_NO_EVENT' then 'Supply the list of agents of the manager (host, policy, last contact), or install the agent and send its events to a place under ips_events.'
    when 'IPS_MODULE_SILENT' then 'Supply the policy of the host from the manager, showing intrusion prevention on, its mode and the date of its rules.'
  end as remedy
from
  judged
order by
  network_interface_id,
  resource
