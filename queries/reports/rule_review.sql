-- title: Rules to review
-- question: Which security group rules of interfaces in scope were not observed in use, permit more than was seen, or say nothing of their purpose?
-- requirements: 1.2.1, 1.2.7
-- parameters: period_start, period_end
-- rows: summary
-- needs: interfaces_in_scope, rules, flows_in_scope
-- grain: one row a rule in force at the end of the period
-- limits: A rule without flows was not observed in use while flow logs covered its interfaces; that it is unused is never shown:
--   a yearly job or a failover may need it. A flow that several rules permit counts for each. What was seen counts for every
--   interface that the group is on, in scope or not. A rule permits more than was seen if it has 256 or more networks of 24
--   bits (64 of IPv6) and at most 8 were seen, or ten times the ports. Prefix lists and referenced groups are taken as they are. Since when is the first snapshot that
--   showed it, at the latest; who changed it, and the review itself, are in no log that is read here.
-- source: PCI DSS v4.0.1 requirement 1.2.7
with
  memberships as (
    select distinct
      membership.group_id,
      scope_interface.network_interface_id,
      scope_interface.scope_name
    from
      scope_interface
      cross join unnest(scope_interface.group_ids) as membership (group_id)
    where
      scope_interface.valid_from < cast($period_end as timestamp)
      and coalesce(
        scope_interface.valid_to > cast($period_start as timestamp),
        true
      )
  ),
  groups as (
    select
      group_id,
      count(distinct network_interface_id) as interface_count,
      array_join (list_sort(array_agg(distinct scope_name)), ', ') as scope_names
    from
      memberships
    group by
      group_id
  ),
  states as (
    select
      *,
      row_number() over (
        partition by
          rule_id
        order by
          valid_from desc,
          state_id desc
      ) as state_place
    from
      security_group_rule
    where
      valid_from < cast($period_end as timestamp)
  ),
  histories as (
    select
      rule_id,
      min(valid_from) as since_at,
      min_by(absent_at is null, valid_from) as is_since_or_before,
      max(if (absent_at is null, null, valid_from)) as last_change_at
    from
      states
    group by
      rule_id
  ),
  rules as (
    select
      states.rule_id,
      states.group_id,
      states.is_egress,
      states.protocol,
      states.from_port,
      states.to_port,
      states.cidr,
      states.prefix_list_id,
      states.referenced_group_id,
      states.description,
      groups.interface_count,
      groups.scope_names,
      histories.since_at,
      histories.is_since_or_before,
      histories.last_change_at,
      -- Networks of 24 bits of IPv4, and of 64 of IPv6, as rule_network_day has them.
      if (
        states.cidr like '%:%',
        power(2, greatest(64 - cidr_bits (states.cidr), 0)),
        power(2, greatest(120 - cidr_bits (states.cidr), 0))
      ) as permitted_network_count,
      if (
        states.protocol is null
        or states.protocol in (6, 17),
        coalesce(states.to_port, 65535) - coalesce(states.from_port, 0) + 1,
        null
      ) as permitted_port_count
    from
      states
      inner join groups on states.group_id = groups.group_id
      inner join histories on states.rule_id = histories.rule_id
    where
      states.state_place = 1
      and coalesce(
        states.valid_to >= cast($period_end as timestamp),
        true
      )
  ),
  used as (
    select
      rule_id,
      sum(
        if (
          flow_date >= cast(cast($period_start as timestamp) as date),
          flow_count,
          0
        )
      ) as flow_count,
      max(last_at) as last_at
    from
      rule_day
    where
      flow_date < cast(cast($period_end as timestamp) as date)
    group by
      rule_id
  ),
  networks as (
    select
      rule_id,
      count(distinct network) as network_count
    from
      rule_network_day
    where
      flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date < cast(cast($period_end as timestamp) as date)
    group by
      rule_id
  ),
  ports as (
    select
      rule_id,
      count(distinct port) as port_count
    from
      rule_port_day
    where
      flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date < cast(cast($period_end as timestamp) as date)
    group by
      rule_id
  ),
  measured as (
    select
      rules.*,
      coalesce(used.flow_count, 0) as flow_count,
      used.last_at,
      coalesce(networks.network_count, 0) as network_count,
      coalesce(ports.port_count, 0) as port_count,
      date_diff(
        'second',
        greatest(
          rules.since_at,
          coalesce(used.last_at, rules.since_at)
        ),
        cast($period_end as timestamp)
      ) / 86400 as not_observed_days
    from
      rules
      left join used on rules.rule_id = used.rule_id
      left join networks on rules.rule_id = networks.rule_id
      left join ports on rules.rule_id = ports.rule_id
  ),
  judged as (
    select
      *,
      flow_count = 0 as is_not_observed,
      coalesce(
        flow_count > 0
        and permitted_network_count >= 256
        and network_count <= 8,
        false
      ) as is_range_wide,
      coalesce(
        flow_count > 0
        and port_count > 0
        and permitted_port_count >= 10 * port_count,
        false
      ) as is_port_wide,
      coalesce(trim(description), '') = '' as is_undescribed
    from
      measured
  )
select
  rule_id,
  group_id,
  scope_names,
  if (is_egress, 'outbound', 'inbound') as direction,
  if (
    protocol is null,
    'all protocols',
    service_text (
      protocol,
      coalesce(from_port, 0),
      coalesce(to_port, 65535),
      null
    )
  ) || if (is_egress, ' to ', ' from ') || coalesce(
    cidr,
    prefix_list_id,
    referenced_group_id,
    'unknown'
  ) as permits,
  description,
  interface_count,
  cast(flow_count as bigint) as flow_count,
  network_count,
  port_count,
  not_observed_days,
  last_at,
  since_at,
  is_since_or_before,
  last_change_at,
  if (
    is_not_observed
    or is_range_wide
    or is_port_wide
    or is_undescribed,
    'partial',
    'supports'
  ) as status,
  case
    when is_not_observed then 'RULE_NOT_OBSERVED'
    when is_range_wide
    or is_port_wide then 'RULE_WIDER_THAN_SEEN'
    when is_undescribed then 'RULE_WITHOUT_DESCRIPTION'
    else 'RULE_OBSERVED'
  end as gap_code,
  if (
    is_not_observed,
    'Not observed for ' || cast(not_observed_days as varchar) || if (not_observed_days = 1, ' day', ' days') || ', as far as flows are known',
    'Observed: ' || cast(cast(flow_count as bigint) as varchar) || if (flow_count = 1, ' flow', ' flows')
  ) || if (
    is_range_wide,
    '; permits ' || cidr || ', seen ' || if (is_egress, 'to ', 'from ') || cast(network_count as varchar) || if (network_count = 1, ' network', ' networks'),
    ''
  ) || if (
    is_port_wide,
    '; permits ' || cast(permitted_port_count as varchar) || ' ports, seen ' || cast(port_count as varchar),
    ''
  ) || if (is_undescribed, '; no description', '') || '.' as why,
  case
    when is_not_observed then 'Ask its owner whether it is needed; if not, remove it, else describe what for.'
    when is_range_wide
    or is_port_wide then 'Narrow it to what is needed; rule_network_day and rule_port_day hold what was seen.'
    when is_undescribed then 'Describe its purpose and the record of its approval in the rule.'
  end as remedy
from
  judged
order by
  group_id,
  is_egress,
  rule_id
