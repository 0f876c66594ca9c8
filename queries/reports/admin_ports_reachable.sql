-- title: Administration and insecure ports open to public networks
-- question: Which ports for administration or of insecure services could public addresses reach on interfaces in scope, and did they?
-- requirements: 1.2.6, 1.3.1, 1.4.2, 2.2.5
-- parameters: period_start, period_end
-- rows: findings
-- needs: interfaces_in_scope, rules
-- grain: one row an interface, rule, range, service and unbroken stretch of time that the rule permitted it; and one row an
--   interface and service that public addresses reached without such a rule
-- limits: What a rule permits may still be denied by a network ACL or have no route from the internet. A port without flows
--   was not observed in use; that it is unused is not shown. A rule counts from the first snapshot that shows it to the
--   first that no longer does. HTTP is not in the list of services: whether it serves administration is for a person to
--   show. Each service of the list stands in named_service, with why. What came on the day of a change counts for a rule of
--   before and of after it where flows of both are of one peer.
-- source: PCI DSS v4.0.1 requirements 1.2.6, 1.3.1, 1.4.2, 2.2.5, 2.2.7; Amazon VPC User Guide, "Security group rules"
with
  services as (
    select
      protocol,
      first_port,
      last_port,
      service,
      reason
    from
      named_service
    where
      is_administration
      or is_insecure
  ),
  interfaces as (
    select
      network_interface_id,
      group_ids,
      valid_from,
      coalesce(valid_to, cast($period_end as timestamp)) as valid_until
    from
      scope_interface
    where
      valid_from < cast($period_end as timestamp)
      and (
        valid_to is null
        or valid_to > cast($period_start as timestamp)
      )
  ),
  inbound_rules as (
    select
      rule_id,
      group_id,
      protocol,
      from_port,
      to_port,
      cidr,
      prefix_list_id,
      valid_from,
      coalesce(valid_to, cast($period_end as timestamp)) as valid_until
    from
      security_group_rule
    where
      is_egress is false
      and valid_from < cast($period_end as timestamp)
      and (
        valid_to is null
        or valid_to > cast($period_start as timestamp)
      )
  ),
  rule_groups as (
    select
      rule_id as known_rule_id,
      min(group_id) as group_id
    from
      inbound_rules
    group by
      rule_id
  ),
  rule_ranges as (
    select
      rule_id,
      group_id,
      protocol,
      from_port,
      to_port,
      cidr,
      valid_from,
      valid_until
    from
      inbound_rules
    where
      cidr is not null
    union all
    select
      inbound_rules.rule_id,
      inbound_rules.group_id,
      inbound_rules.protocol,
      inbound_rules.from_port,
      inbound_rules.to_port,
      prefix_list_entry.cidr,
      greatest(
        inbound_rules.valid_from,
        prefix_list_entry.valid_from
      ) as valid_from,
      least(
        inbound_rules.valid_until,
        coalesce(
          prefix_list_entry.valid_to,
          inbound_rules.valid_until
        )
      ) as valid_until
    from
      inbound_rules
      inner join prefix_list_entry on inbound_rules.prefix_list_id = prefix_list_entry.prefix_list_id
  ),
  keyed_ranges as (
    select
      *,
      cidr_first_key (cidr) as first_key,
      cidr_last_key (cidr) as last_key
    from
      rule_ranges
  ),
  -- A rule for all protocols or without ports permits every port.
  public_rules as (
    select
      keyed_ranges.rule_id,
      keyed_ranges.group_id,
      keyed_ranges.cidr,
      keyed_ranges.first_key,
      keyed_ranges.last_key,
      keyed_ranges.valid_from,
      keyed_ranges.valid_until,
      services.protocol,
      services.first_port,
      services.last_port,
      services.service,
      services.reason
    from
      keyed_ranges
      inner join services on (
        keyed_ranges.protocol is null
        or keyed_ranges.protocol = services.protocol
      )
      and coalesce(keyed_ranges.from_port, 0) <= services.last_port
      and coalesce(keyed_ranges.to_port, 65535) >= services.first_port
    where
      is_public_range (
        keyed_ranges.cidr,
        keyed_ranges.first_key,
        keyed_ranges.last_key
      ) is true
  ),
  permitted_states as (
    select
      interfaces.network_interface_id,
      public_rules.rule_id,
      public_rules.cidr,
      public_rules.first_key,
      public_rules.last_key,
      public_rules.protocol,
      public_rules.first_port,
      public_rules.last_port,
      public_rules.service,
      public_rules.reason,
      greatest(
        interfaces.valid_from,
        public_rules.valid_from,
        cast($period_start as timestamp)
      ) as permitted_from,
      least(
        interfaces.valid_until,
        public_rules.valid_until,
        cast($period_end as timestamp)
      ) as permitted_until
    from
      interfaces
      cross join unnest(interfaces.group_ids) as membership (group_id)
      inner join public_rules on membership.group_id = public_rules.group_id
  ),
  -- A change of something else makes a new state; stretches that touch are one.
  marked_states as (
    select
      *,
      if (
        permitted_from <= max(permitted_until) over (
          partition by
            network_interface_id,
            rule_id,
            cidr,
            protocol,
            first_port
          order by
            permitted_from,
            permitted_until rows between unbounded preceding
            and 1 preceding
        ),
        0,
        1
      ) as is_first
    from
      permitted_states
    where
      permitted_from < permitted_until
  ),
  numbered_states as (
    select
      *,
      sum(is_first) over (
        partition by
          network_interface_id,
          rule_id,
          cidr,
          protocol,
          first_port
        order by
          permitted_from,
          permitted_until rows between unbounded preceding
          and current row
      ) as stretch_number
    from
      marked_states
  ),
  permitted as (
    select
      network_interface_id,
      rule_id,
      cidr,
      first_key,
      last_key,
      protocol,
      first_port,
      last_port,
      service,
      reason,
      min(permitted_from) as permitted_from_at,
      max(permitted_until) as permitted_until_at
    from
      numbered_states
    group by
      network_interface_id,
      rule_id,
      cidr,
      first_key,
      last_key,
      protocol,
      first_port,
      last_port,
      service,
      reason,
      stretch_number
  ),
  edges as (
    select
      edge_day.network_interface_id,
      edge_day.protocol,
      edge_day.peer_range,
      edge_day.peer_count,
      edge_day.rule_ids,
      edge_day.flow_count,
      coalesce(
        edge_day.first_at,
        cast(edge_day.flow_date as timestamp)
      ) as first_at,
      coalesce(
        edge_day.last_at,
        cast(edge_day.flow_date as timestamp)
      ) as last_at,
      services.first_port,
      services.last_port,
      services.service,
      services.reason,
      cidr_first_key (edge_day.peer_range) as first_key,
      cidr_last_key (edge_day.peer_range) as last_key,
      row_number() over (
        order by
          edge_day.flow_date,
          edge_day.network_interface_id,
          edge_day.state_id,
          edge_day.protocol,
          edge_day.first_port,
          edge_day.peer_range,
          edge_day.rule_verdict,
          edge_day.rule_reason,
          array_join (edge_day.rule_ids, ' '),
          edge_day.last_port,
          services.service,
          edge_day.example_flow_id,
          edge_day.first_at,
          edge_day.last_at,
          edge_day.flow_count,
          edge_day.peer_count
      ) as edge_number
    from
      edge_day
      inner join services on edge_day.protocol = services.protocol
      and edge_day.first_port >= services.first_port
      and edge_day.last_port <= services.last_port
    where
      edge_day.scope_name is not null
      and edge_day.action = 'ACCEPT'
      and edge_day.row_direction = 'ingress'
      and edge_day.opened_by = 'remote'
      and edge_day.peer_kind = 'public'
      and edge_day.flow_date >= cast(cast($period_start as timestamp) as date)
      and edge_day.flow_date < cast(cast($period_end as timestamp) as date)
  ),
  -- By the rules that the flows were attributed to; of flows without any, by the range of the rule.
  edge_rules as (
    select
      edges.edge_number,
      edges.peer_range,
      edges.peer_count,
      edges.flow_count,
      edges.first_at,
      edges.last_at,
      permitted.network_interface_id,
      permitted.rule_id,
      permitted.cidr,
      permitted.protocol,
      permitted.first_port,
      permitted.permitted_from_at
    from
      edges
      inner join permitted on edges.network_interface_id = permitted.network_interface_id
      and edges.protocol = permitted.protocol
      and edges.first_port = permitted.first_port
      and edges.last_at >= permitted.permitted_from_at
      and edges.first_at < permitted.permitted_until_at
      and case
        when contains(edges.rule_ids, permitted.rule_id) then coalesce(
          edges.first_key <= permitted.last_key
          and edges.last_key >= permitted.first_key,
          true
        )
        when coalesce(cardinality(edges.rule_ids), 0) = 0 then coalesce(
          edges.first_key >= permitted.first_key
          and edges.last_key <= permitted.last_key,
          permitted.cidr like '%/0'
        )
        else false
      end
  ),
  -- An address that came on several days is one.
  rule_peers as (
    select
      network_interface_id,
      rule_id,
      cidr,
      protocol,
      first_port,
      permitted_from_at,
      peer_range,
      max(peer_count) as peer_count,
      sum(flow_count) as flow_count,
      min(first_at) as first_at,
      max(last_at) as last_at
    from
      edge_rules
    group by
      network_interface_id,
      rule_id,
      cidr,
      protocol,
      first_port,
      permitted_from_at,
      peer_range
  ),
  reached as (
    select
      network_interface_id,
      rule_id,
      cidr,
      protocol,
      first_port,
      permitted_from_at,
      cast(sum(flow_count) as bigint) as flow_count,
      cast(sum(peer_count) as bigint) as peer_count,
      min(first_at) as first_at,
      max(last_at) as last_at
    from
      rule_peers
    group by
      network_interface_id,
      rule_id,
      cidr,
      protocol,
      first_port,
      permitted_from_at
  ),
  peers_without_rule as (
    select
      network_interface_id,
      protocol,
      first_port,
      last_port,
      service,
      reason,
      peer_range,
      max(peer_count) as peer_count,
      sum(flow_count) as flow_count,
      min(first_at) as first_at,
      max(last_at) as last_at
    from
      edges
    where
      edge_number not in (
        select
          edge_number
        from
          edge_rules
      )
    group by
      network_interface_id,
      protocol,
      first_port,
      last_port,
      service,
      reason,
      peer_range
  ),
  reached_without_rule as (
    select
      network_interface_id,
      protocol,
      first_port,
      last_port,
      service,
      reason,
      cast(sum(flow_count) as bigint) as flow_count,
      cast(sum(peer_count) as bigint) as peer_count,
      min(first_at) as first_at,
      max(last_at) as last_at
    from
      peers_without_rule
    group by
      network_interface_id,
      protocol,
      first_port,
      last_port,
      service,
      reason
  ),
  listed as (
    select
      permitted.network_interface_id,
      permitted.rule_id,
      permitted.cidr,
      permitted.protocol,
      permitted.first_port,
      permitted.last_port,
      permitted.service,
      permitted.reason,
      permitted.permitted_from_at,
      permitted.permitted_until_at,
      coalesce(reached.flow_count, 0) as flow_count,
      coalesce(reached.peer_count, 0) as peer_count,
      reached.first_at,
      reached.last_at
    from
      permitted
      left join reached on permitted.network_interface_id = reached.network_interface_id
      and permitted.rule_id = reached.rule_id
      and permitted.cidr = reached.cidr
      and permitted.protocol = reached.protocol
      and permitted.first_port = reached.first_port
      and permitted.permitted_from_at = reached.permitted_from_at
    union all
    select
      network_interface_id,
      cast(null as varchar) as rule_id,
      cast(null as varchar) as cidr,
      protocol,
      first_port,
      last_port,
      service,
      reason,
      cast(null as timestamp) as permitted_from_at,
      cast(null as timestamp) as permitted_until_at,
      flow_count,
      peer_count,
      first_at,
      last_at
    from
      reached_without_rule
  ),
  judged as (
    select
      *,
      case
        when rule_id is null then 'NSC_PORT_REACHED_WITHOUT_RULE'
        when (
          cidr like '%/0'
          or cidr like '%/1'
        )
        and flow_count > 0 then 'NSC_PORT_REACHED_FROM_ANY'
        when cidr like '%/0'
        or cidr like '%/1' then 'NSC_PORT_OPEN_TO_ANY'
        -- A limited range may be authorised; only the list of what is authorised can say so.
        when flow_count > 0 then 'NSC_PORT_REACHED_FROM_PUBLIC_RANGE'
        else 'NSC_PORT_OPEN_TO_PUBLIC_RANGE'
      end as gap_code
    from
      listed
  )
select
  network_interface_id,
  rule_id,
  cidr,
  service_text (protocol, first_port, last_port, service) as service,
  permitted_from_at,
  permitted_until_at,
  flow_count,
  last_at,
  if (
    gap_code in (
      'NSC_PORT_OPEN_TO_PUBLIC_RANGE',
      'NSC_PORT_REACHED_FROM_PUBLIC_RANGE'
    ),
    'partial',
    'contradicts'
  ) as status,
  gap_code,
  service || ' ' || reason || '; ' || case
    when flow_count > 0 then cast(flow_count as varchar) || if (
      flow_count = 1,
      ' accepted flow',
      ' accepted flows'
    ) || ' from ' || cast(peer_count as varchar) || if (
      peer_count = 1,
      ' public address',
      ' public addresses'
    ) || ', the first on ' || cast(cast(first_at as date) as varchar)
    else 'no accepted flow from ' || cidr || ' was observed while the rule permitted it'
  end || if (
    rule_id is null,
    ', by no rule that is known to have held.',
    '.'
  ) as why,
  case
    when rule_id is null then 'Find what let it pass (flows_without_rule; history of the groups in AWS Config), then close it or document why it must be public.'
    else 'Limit the source or remove the rule: ' || if (
      rule_id like 'sgr-%',
      'aws ec2 revoke-security-group-ingress --group-id ' || group_id || ' --security-group-rule-ids ' || rule_id,
      'find it by its range and port in ' || group_id
    ) || '; administer by Session Manager or VPN. If it must stay, document the need and the protection (1.2.6, 2.2.5).'
  end as remedy
from
  judged
  left join rule_groups on judged.rule_id = rule_groups.known_rule_id
order by
  network_interface_id,
  first_port,
  protocol,
  rule_id,
  cidr,
  permitted_from_at
