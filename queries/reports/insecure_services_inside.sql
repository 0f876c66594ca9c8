-- title: Insecure services inside the network
-- question: Which insecure services did interfaces in scope offer or use, and which do rules permit from networks that are not public?
-- requirements: 1.2.6, 2.2.5
-- parameters: period_start, period_end
-- rows: findings
-- needs: interfaces_in_scope, rules, flows_in_scope
-- grain: one row an interface in scope, service that was used, side that offers it, and segment of the other side; and one row a rule
--   that permits insecure services to interfaces in scope from a range, list or group that is not public
-- limits: A port shows which service is likely, not which one answers or whether it is encrypted (SNMP version 3, VNC in a tunnel).
--   What public addresses can reach stands in admin_ports_reachable. The services stand in named_service. Flows whose
--   opener is not known are left out. A rule without flows was not observed in use. Whether a service is justified and
--   protected is for a person to show.
-- source: PCI DSS v4.0.1 requirements 1.2.6 and 2.2.5
with
  services as (
    select
      *
    from
      named_service
    where
      is_insecure
  ),
  traffic as (
    select
      edge_day.scope_name,
      edge_day.network_interface_id,
      edge_day.opened_by,
      service_text (
        services.protocol,
        services.first_port,
        services.last_port,
        services.service
      ) as service,
      services.service || ' ' || services.reason as reason,
      segment_text (
        edge_day.peer_kind,
        edge_day.peer_scope_name,
        edge_day.is_peer_scope_unclear
      ) as peer_segment,
      coalesce(edge_day.peer_interface_id, edge_day.peer_range) as peer,
      edge_day.flow_count,
      edge_day.byte_count,
      edge_day.first_at,
      edge_day.last_at
    from
      edge_day
      inner join services on edge_day.protocol = services.protocol
      and edge_day.first_port >= services.first_port
      and edge_day.last_port <= services.last_port
    where
      edge_day.flow_date >= cast(cast($period_start as timestamp) as date)
      and edge_day.flow_date < cast(cast($period_end as timestamp) as date)
      and edge_day.scope_name is not null
      and edge_day.action = 'ACCEPT'
      and (
        edge_day.opened_by = 'local'
        or (
          edge_day.opened_by = 'remote'
          and edge_day.peer_kind <> 'public'
        )
      )
  ),
  used as (
    select
      scope_name,
      network_interface_id,
      opened_by,
      service,
      reason,
      peer_segment,
      min(peer) as example_peer,
      count(distinct peer) as peer_count,
      sum(flow_count) as flow_count,
      sum(byte_count) as byte_count,
      min(first_at) as first_at,
      max(last_at) as last_at
    from
      traffic
    group by
      scope_name,
      network_interface_id,
      opened_by,
      service,
      reason,
      peer_segment
  ),
  groups as (
    select
      membership.group_id,
      min(scope_interface.scope_name) as scope_name,
      count(distinct scope_interface.network_interface_id) as interface_count
    from
      scope_interface
      cross join unnest(scope_interface.group_ids) as membership (group_id)
    where
      scope_interface.valid_from < cast($period_end as timestamp)
      and coalesce(
        scope_interface.valid_to > cast($period_start as timestamp),
        true
      )
    group by
      membership.group_id
  ),
  private_rules as (
    select
      security_group_rule.rule_id,
      security_group_rule.group_id,
      security_group_rule.protocol,
      security_group_rule.from_port,
      security_group_rule.to_port,
      coalesce(
        security_group_rule.cidr,
        security_group_rule.prefix_list_id,
        security_group_rule.referenced_group_id
      ) as permitted_from
    from
      security_group_rule
      inner join groups on security_group_rule.group_id = groups.group_id
    where
      not security_group_rule.is_egress
      and security_group_rule.valid_from < cast($period_end as timestamp)
      and coalesce(
        security_group_rule.valid_to > cast($period_start as timestamp),
        true
      )
      and coalesce(
        is_public_range (
          security_group_rule.cidr,
          cidr_first_key (security_group_rule.cidr),
          cidr_last_key (security_group_rule.cidr)
        ),
        false
      ) is false
  ),
  permitted as (
    select
      private_rules.rule_id,
      private_rules.group_id,
      private_rules.permitted_from,
      array_join (
        list_sort(
          array_agg(
            distinct service_text (
              services.protocol,
              services.first_port,
              services.last_port,
              services.service
            )
          )
        ),
        ', '
      ) as services
    from
      private_rules
      inner join services on coalesce(
        private_rules.protocol = services.protocol,
        private_rules.protocol is null
      )
      and coalesce(private_rules.from_port, 0) <= services.last_port
      and coalesce(private_rules.to_port, 65535) >= services.first_port
    group by
      private_rules.rule_id,
      private_rules.group_id,
      private_rules.permitted_from
  ),
  -- Days of a rule on the ports of such a service.
  permitted_uses as (
    select
      rule_port_day.rule_id,
      sum(rule_port_day.flow_count) as flow_count,
      min(rule_port_day.first_at) as first_at,
      max(rule_port_day.last_at) as last_at
    from
      rule_port_day
      inner join (
        select distinct
          first_port,
          last_port
        from
          services
      ) as insecure_ports on rule_port_day.port between insecure_ports.first_port and insecure_ports.last_port
    where
      rule_port_day.flow_date >= cast(cast($period_start as timestamp) as date)
      and rule_port_day.flow_date < cast(cast($period_end as timestamp) as date)
    group by
      rule_port_day.rule_id
  ),
  listed as (
    select
      scope_name,
      network_interface_id,
      null as group_id,
      null as rule_id,
      service,
      peer_segment,
      example_peer,
      peer_count,
      flow_count,
      byte_count,
      first_at,
      last_at,
      if (
        opened_by = 'remote',
        'INSECURE_SERVICE_OFFERED',
        'INSECURE_SERVICE_USED'
      ) as gap_code,
      reason || if (
        opened_by = 'remote',
        '; the interface was seen to offer it.',
        '; the interface was seen to use it.'
      ) as why
    from
      used
    union all
    select
      groups.scope_name,
      null as network_interface_id,
      permitted.group_id,
      permitted.rule_id,
      permitted.services as service,
      permitted.permitted_from as peer_segment,
      null as example_peer,
      null as peer_count,
      coalesce(permitted_uses.flow_count, 0) as flow_count,
      null as byte_count,
      permitted_uses.first_at,
      permitted_uses.last_at,
      'INSECURE_SERVICE_PERMITTED' as gap_code,
      'The rule permits it to ' || cast(groups.interface_count as varchar) || if (
        groups.interface_count = 1,
        ' interface',
        ' interfaces'
      ) || ' in scope; ' || if (
        coalesce(permitted_uses.flow_count, 0) = 0,
        'no flow by it was observed on these ports in the period.',
        'it was observed in use on these ports.'
      ) as why
    from
      permitted
      inner join groups on permitted.group_id = groups.group_id
      left join permitted_uses on permitted.rule_id = permitted_uses.rule_id
  )
select
  scope_name,
  network_interface_id,
  group_id,
  rule_id,
  service,
  peer_segment,
  example_peer,
  cast(peer_count as bigint) as peer_count,
  cast(flow_count as bigint) as flow_count,
  cast(byte_count as bigint) as byte_count,
  first_at,
  last_at,
  'partial' as status,
  gap_code,
  why,
  if (
    gap_code = 'INSECURE_SERVICE_PERMITTED',
    'Narrow the rule to the ports that are needed, or document the justification and the protection.',
    'Replace it by its encrypted successor, or document the justification and what reduces its risk (2.2.5, 1.2.6).'
  ) as remedy
from
  listed
order by
  scope_name,
  gap_code,
  network_interface_id,
  group_id,
  rule_id,
  service,
  peer_segment
