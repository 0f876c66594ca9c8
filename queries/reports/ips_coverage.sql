-- title: Intrusion detection and prevention of each resource
-- question: Which network interfaces in scope did a host agent watch, what did it stop, and what reached the host?
-- requirements: 11.5.1
-- parameters: period_start, period_end
-- rows: summary
-- needs: interfaces_in_scope
-- grain: one row a network interface in scope and the instance that it is attached to
-- limits: A list of agents counts if it was taken in the period, and for instances that existed then; where none was
--   read, no agent and an agent with nothing to report look the same. An event or an agent counts for an instance by its
--   instance id; if it has none, by the host's address at the time; an event that has neither, or an agent, also by the
--   host's name, while one instance alone has that name. A list is as complete as what the manager was asked for. An attack
--   counts as reached if it was only detected and an accepted flow to the interface matches it, ports or not. Rules are stale
--   if the manager says that they are out of date, or if they had not changed for 14 days when the agent was listed and it does
--   not say that they are current. Whether rules are good and someone was alerted is for a person to show. A flow log is no
--   intrusion detection.
-- source: PCI DSS v4.0.1 requirement 11.5.1
with
  scope_states as (
    select
      network_interface_id,
      instance_id,
      instance_name,
      owner_kind,
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
      min(lower(host_name)) as host_name
    from
      ips_event
    where
      -- These see the traffic of a host, and are no agent on it.
      product not in ('guardduty', 'aws_network_firewall')
      and coalesce(event_at, received_at) >= cast($period_start as timestamp)
      and coalesce(event_at, received_at) < cast($period_end as timestamp)
    group by
      event_id
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
      agent_interface.instance_id
    from
      events
      inner join agent_interface on events.host_address = agent_interface.host_key
      and agent_interface.key_kind = 'address'
      and events.event_at >= agent_interface.possible_from
      and (
        agent_interface.possible_until is null
        or events.event_at < agent_interface.possible_until
      )
    where
      events.instance_id is null
    union
    select
      events.event_id,
      agent_interface.instance_id
    from
      events
      inner join agent_interface on events.host_name = agent_interface.host_key
      and agent_interface.key_kind = 'host_name'
      and events.event_at >= agent_interface.possible_from
      and (
        agent_interface.possible_until is null
        or events.event_at < agent_interface.possible_until
      )
    where
      events.instance_id is null
      and events.host_address is null
  ),
  agents as (
    select
      event_hosts.instance_id,
      max(events.event_at) as last_event_at,
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
    group by
      event_hosts.instance_id
  ),
  instance_lives as (
    select
      instance_id,
      min(valid_from) as valid_from,
      case
        when bool_or(valid_to is null) then null
        else max(valid_to)
      end as valid_to
    from
      scope_states
    where
      instance_id is not null
    group by
      instance_id
  ),
  agent_reports as (
    select
      object_id,
      line_number,
      product,
      coalesce(series, '') as series,
      lower(host_name) as host_name,
      lower(display_name) as display_name,
      host_address,
      instance_id,
      has_agent is not false as has_agent,
      -- A module that is set to prevent prevents nothing if it does not run, or has no rules.
      case
        when has_agent is false then null
        when ips_status in ('inactive', 'error', 'not-supported') then 'off'
        when rule_count = 0 then 'off'
        else ips_mode
      end as prevention_mode,
      case
        when last_contact_at is not null then last_contact_at < seconds_after (reported_at, -86400)
        else coalesce(agent_status in ('inactive', 'error'), false)
      end as is_out_of_contact,
      last_contact_at,
      rules_updated_at,
      lower(coalesce(update_status, '')) like 'out%of%date%'
      or (
        rules_updated_at < seconds_after (reported_at, -1209600)
        and lower(coalesce(update_status, '')) <> 'up-to-date'
      ) as has_stale_rules,
      reported_at,
      time_source
    from
      ips_agent
    where
      reported_at >= cast($period_start as timestamp)
      and reported_at < cast($period_end as timestamp)
  ),
  agent_hosts as (
    select
      agent_reports.object_id,
      agent_reports.line_number,
      instance_lives.instance_id
    from
      agent_reports
      inner join instance_lives on agent_reports.instance_id = instance_lives.instance_id
    where
      instance_lives.valid_to is null
      or agent_reports.reported_at < instance_lives.valid_to
    union
    select
      agent_reports.object_id,
      agent_reports.line_number,
      agent_interface.instance_id
    from
      agent_reports
      inner join agent_interface on agent_reports.host_address = agent_interface.host_key
      and agent_interface.key_kind = 'address'
      and agent_reports.reported_at >= agent_interface.possible_from
      and (
        agent_interface.possible_until is null
        or agent_reports.reported_at < agent_interface.possible_until
      )
    where
      agent_reports.instance_id is null
    union
    select
      agent_reports.object_id,
      agent_reports.line_number,
      agent_interface.instance_id
    from
      agent_reports
      inner join agent_interface on agent_reports.host_name = agent_interface.host_key
      and agent_interface.key_kind = 'host_name'
      and agent_reports.reported_at >= agent_interface.possible_from
      and (
        agent_interface.possible_until is null
        or agent_reports.reported_at < agent_interface.possible_until
      )
    where
      agent_reports.instance_id is null
    union
    select
      agent_reports.object_id,
      agent_reports.line_number,
      agent_interface.instance_id
    from
      agent_reports
      inner join agent_interface on agent_reports.display_name = agent_interface.host_key
      and agent_interface.key_kind = 'host_name'
      and agent_reports.reported_at >= agent_interface.possible_from
      and (
        agent_interface.possible_until is null
        or agent_reports.reported_at < agent_interface.possible_until
      )
    where
      agent_reports.instance_id is null
  ),
  -- What a manager says of an instance last; of two entries, the one that was in contact last.
  newest_reports as (
    select
      agent_hosts.instance_id,
      agent_reports.product,
      agent_reports.series,
      agent_reports.has_agent,
      agent_reports.prevention_mode,
      agent_reports.is_out_of_contact,
      agent_reports.last_contact_at,
      agent_reports.rules_updated_at,
      agent_reports.has_stale_rules,
      agent_reports.reported_at,
      agent_reports.time_source,
      row_number() over (
        partition by
          agent_hosts.instance_id,
          agent_reports.product,
          agent_reports.series
        order by
          agent_reports.reported_at desc,
          agent_reports.last_contact_at desc nulls last,
          agent_reports.object_id,
          agent_reports.line_number
      ) as place
    from
      agent_hosts
      inner join agent_reports on agent_hosts.object_id = agent_reports.object_id
      and agent_hosts.line_number = agent_reports.line_number
  ),
  -- The last list of each manager that would have named the instance, had it an agent.
  instance_lists as (
    select
      instance_lives.instance_id,
      ips_agent_list.product,
      coalesce(ips_agent_list.series, '') as series,
      max(ips_agent_list.reported_at) as reported_at,
      max_by(
        ips_agent_list.time_source,
        ips_agent_list.reported_at
      ) as time_source
    from
      instance_lives
      inner join ips_agent_list on ips_agent_list.reported_at >= instance_lives.valid_from
      and (
        instance_lives.valid_to is null
        or ips_agent_list.reported_at < instance_lives.valid_to
      )
    where
      ips_agent_list.is_complete is true
      and ips_agent_list.reported_at >= cast($period_start as timestamp)
      and ips_agent_list.reported_at < cast($period_end as timestamp)
    group by
      instance_lives.instance_id,
      ips_agent_list.product,
      coalesce(ips_agent_list.series, '')
  ),
  -- Less what a later list no longer names.
  standing_reports as (
    select
      newest_reports.instance_id,
      newest_reports.product,
      newest_reports.has_agent,
      newest_reports.prevention_mode,
      newest_reports.is_out_of_contact,
      newest_reports.last_contact_at,
      newest_reports.rules_updated_at,
      newest_reports.has_stale_rules,
      newest_reports.reported_at,
      newest_reports.time_source
    from
      newest_reports
      left join instance_lists on newest_reports.instance_id = instance_lists.instance_id
      and newest_reports.product = instance_lists.product
      and newest_reports.series = instance_lists.series
    where
      newest_reports.place = 1
      and (
        instance_lists.reported_at is null
        or newest_reports.reported_at >= instance_lists.reported_at
      )
  ),
  agent_states as (
    select
      instance_id,
      bool_or(has_agent) as has_agent,
      case
        when bool_or(prevention_mode = 'prevent') then 'prevent'
        when bool_or(prevention_mode = 'detect') then 'detect'
        when bool_or(
          has_agent
          and prevention_mode is null
        ) then null
        when bool_or(prevention_mode = 'off') then 'off'
      end as prevention_mode,
      bool_and(is_out_of_contact) filter(
        where
          has_agent
      ) as is_out_of_contact,
      max(last_contact_at) as last_contact_at,
      min(rules_updated_at) as rules_updated_at,
      bool_or(
        has_agent
        and has_stale_rules
      ) as has_stale_rules
    from
      standing_reports
    group by
      instance_id
  ),
  list_times as (
    select
      instance_id,
      max(reported_at) as agents_reported_at,
      max_by(time_source, reported_at) as time_source
    from
      (
        select
          instance_id,
          reported_at,
          time_source
        from
          instance_lists
        union all
        select
          instance_id,
          reported_at,
          time_source
        from
          standing_reports
      ) as all_times
    group by
      instance_id
  ),
  complete_lists as (
    select distinct
      instance_id
    from
      instance_lists
  ),
  instance_products as (
    select
      instance_id,
      array_join (
        array_agg(
          distinct product
          order by
            product
        ),
        ', '
      ) as products
    from
      (
        select
          event_hosts.instance_id,
          events.product
        from
          event_hosts
          inner join events on event_hosts.event_id = events.event_id
        union
        select
          instance_id,
          product
        from
          standing_reports
        where
          has_agent
      ) as all_products
    group by
      instance_id
  ),
  reached as (
    select
      scope_states.network_interface_id,
      scope_states.instance_id,
      count(distinct events.event_id) as reached_count
    from
      flow_event
      inner join events on flow_event.event_id = events.event_id
      inner join scope_states on flow_event.interface_id = scope_states.network_interface_id
      and flow_event.event_at >= coalesce(scope_states.absent_at, scope_states.valid_from)
      and (
        scope_states.valid_to is null
        or flow_event.event_at < scope_states.valid_to
      )
    where
      flow_event.effect = 'attack_reached_host'
      and flow_event.module = 'intrusion_prevention'
      and flow_event.flow_date >= cast(
        cast($period_start as timestamp) - interval '1' day as date
      )
      and flow_event.flow_date <= cast(
        cast($period_end as timestamp) + interval '1' day as date
      )
    group by
      scope_states.network_interface_id,
      scope_states.instance_id
  ),
  listed as (
    select
      interfaces.network_interface_id,
      interfaces.resource,
      interfaces.instance_id,
      interfaces.owner_kind,
      instance_products.products,
      agents.last_event_at,
      greatest(
        coalesce(
          agents.last_event_at,
          agent_states.last_contact_at
        ),
        coalesce(
          agent_states.last_contact_at,
          agents.last_event_at
        )
      ) as last_contact_at,
      coalesce(agents.ips_count, 0) as ips_count,
      coalesce(agents.blocked_count, 0) as blocked_count,
      coalesce(agents.detected_count, 0) as detected_count,
      coalesce(reached.reached_count, 0) as reached_count,
      agent_states.has_agent,
      agent_states.prevention_mode,
      agent_states.rules_updated_at,
      coalesce(agent_states.has_stale_rules, false) as has_stale_rules,
      list_times.agents_reported_at,
      list_times.time_source,
      complete_lists.instance_id is not null as has_complete_list,
      agent_states.is_out_of_contact is true
      and (
        agents.last_event_at is null
        or agents.last_event_at < seconds_after (list_times.agents_reported_at, -86400)
      ) as is_out_of_contact
    from
      interfaces
      left join agents on interfaces.instance_id = agents.instance_id
      left join agent_states on interfaces.instance_id = agent_states.instance_id
      left join list_times on interfaces.instance_id = list_times.instance_id
      left join complete_lists on interfaces.instance_id = complete_lists.instance_id
      left join instance_products on interfaces.instance_id = instance_products.instance_id
      left join reached on interfaces.network_interface_id = reached.network_interface_id
      and interfaces.instance_id is not distinct from reached.instance_id
  ),
  judged as (
    select
      *,
      case
        when reached_count > 0 then 'IPS_DETECT_ONLY'
        when instance_id is null then 'IPS_UNCOVERED_ENI'
        when last_event_at is null
        and has_agent is false then 'IPS_NO_AGENT'
        when last_event_at is null
        and has_agent is null
        and has_complete_list then 'IPS_NO_AGENT'
        when last_event_at is null
        and has_agent is null then 'IPS_NO_EVENT'
        when is_out_of_contact then 'IPS_NO_CONTACT'
        when prevention_mode = 'off' then 'IPS_OFF'
        when prevention_mode = 'detect' then 'IPS_DETECT_MODE'
        when has_stale_rules then 'IPS_STALE_RULES'
        when last_event_at is null then 'IPS_AGENT_SILENT'
        when ips_count = 0
        and prevention_mode is null then 'IPS_MODULE_SILENT'
      end as gap_code
    from
      listed
  )
select
  network_interface_id,
  resource,
  owner_kind,
  products,
  prevention_mode,
  blocked_count,
  detected_count,
  reached_count,
  last_contact_at,
  rules_updated_at,
  agents_reported_at,
  case
    when gap_code is null then 'supports'
    when gap_code in (
      'IPS_DETECT_ONLY',
      'IPS_DETECT_MODE',
      'IPS_STALE_RULES',
      'IPS_AGENT_SILENT',
      'IPS_MODULE_SILENT'
    ) then 'partial'
    when gap_code = 'IPS_OFF'
    and ips_count > 0 then 'partial'
    else 'not_evidenced'
  end as status,
  gap_code,
  case gap_code
    when 'IPS_DETECT_ONLY' then cast(reached_count as varchar) || if (reached_count = 1, ' attack was', ' attacks were') || ' detected and let through: an accepted flow to this interface matches.'
    when 'IPS_UNCOVERED_ENI' then 'No instance of yours is on it (' || coalesce(owner_kind, 'unknown owner') || '), so it cannot carry a host agent.'
    when 'IPS_NO_AGENT' then if (
      has_agent is false,
      'The list of agents knows this host, and no agent on it.',
      'The complete list of agents names neither the id nor an address or name of this instance, and no event of it was read.'
    )
    when 'IPS_NO_EVENT' then 'No event of this instance was read: it has no agent, or the agent had nothing to report.'
    when 'IPS_NO_CONTACT' then 'The agent was not in contact with its manager for a day or more before the list of agents was taken.'
    when 'IPS_OFF' then 'The agent is there, but its intrusion prevention was off, not running or without rules when agents were listed.'
    when 'IPS_DETECT_MODE' then 'The intrusion prevention of the agent was set to detect: it lets through what it finds.'
    when 'IPS_STALE_RULES' then 'The rules or patterns of the agent were not current when agents were listed: the manager said so, or they had not changed for 14 days and nothing said that they were current.'
    when 'IPS_AGENT_SILENT' then if (
      prevention_mode is null,
      'The agent is listed and was in contact, but no event of it was read, and nothing says that its intrusion prevention is on.',
      'The agent is listed with intrusion prevention on and was in contact, but no event of it was read.'
    )
    when 'IPS_MODULE_SILENT' then 'The agent was seen, but no event of its intrusion prevention: nothing says that the module is on.'
    else if (
      ips_count = 0,
      'The agent is listed with intrusion prevention set to prevent, and reported events; none was of an attack.',
      'The agent reported intrusion events, and none of those let through matches an accepted flow.'
    )
  end || if (
    time_source = 'modified_at',
    ' When agents were listed is known from the time of the file only.',
    ''
  ) as why,
  case gap_code
    when 'IPS_DETECT_ONLY' then 'Show who was alerted and when (11.5.1.b); examine the host; set the rules that fired from detect to prevent. The events: select * from flow_event where effect = ''attack_reached_host''.'
    when 'IPS_UNCOVERED_ENI' then 'Watch its traffic with network intrusion detection (AWS Network Firewall, traffic mirroring to a sensor) or GuardDuty, and show that in the network diagram.'
    when 'IPS_NO_AGENT' then 'Install and activate the agent, or show what else watches the traffic of this host.'
    when 'IPS_NO_EVENT' then 'Supply the list of agents of the manager (GET /api/computers of Deep Security, saved to a place under ips_events with the time in its path), or install the agent and send its events to such a place.'
    when 'IPS_NO_CONTACT' then 'Bring the agent back into contact, and supply a list of agents that shows it.'
    when 'IPS_OFF' then 'Turn intrusion prevention on and assign its rules, and supply a list of agents that shows it.'
    when 'IPS_DETECT_MODE' then 'Set intrusion prevention to prevent, or show who is alerted to what it detects (11.5.1.b).'
    when 'IPS_STALE_RULES' then 'Update the rules of the agent and supply a list of agents that shows it, or show by the vendor that these rules are the newest (11.5.1.c).'
    when 'IPS_AGENT_SILENT' then 'Show that the events of this agent are sent to a place under ips_events: the event of a test rule is enough.'
    when 'IPS_MODULE_SILENT' then 'Supply a list of agents with the state of intrusion prevention, or the policy of the host from the manager, showing it on, its mode and the date of its rules.'
  end as remedy
from
  judged
order by
  network_interface_id,
  resource
