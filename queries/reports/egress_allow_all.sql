-- title: Rules that let everything out
-- question: Which security group rules of interfaces in scope permit outbound traffic to every address, and what left by them?
-- requirements: 1.3.2
-- parameters: period_start, period_end
-- rows: findings
-- needs: interfaces_in_scope, rules
-- grain: one row a rule
-- limits: AWS gives each new group a rule that permits all outbound traffic. A network ACL, a route or a firewall on the way may
--   still deny what the rule permits; a limited rule may permit more than is necessary, which rule_review shows. What was
--   seen counts for every interface that the group is on, in scope or not.
-- source: PCI DSS v4.0.1 requirement 1.3.2; Amazon VPC User Guide, "Default security groups" and "Security group rules"
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
  rules as (
    select
      rule_id,
      group_id,
      max_by(protocol, valid_from) as protocol,
      max_by(cidr, valid_from) as cidr,
      max_by(description, valid_from) as description,
      max_by(valid_to, valid_from) as valid_to
    from
      security_group_rule
    where
      is_egress
      and cidr like '%/0'
      and (
        protocol is null
        or (
          protocol in (6, 17)
          and coalesce(from_port, 0) <= 1
          and coalesce(to_port, 65535) = 65535
        )
      )
      and valid_from < cast($period_end as timestamp)
      and coalesce(valid_to > cast($period_start as timestamp), true)
    group by
      rule_id,
      group_id
  ),
  used as (
    select
      rule_id,
      sum(flow_count) as flow_count,
      max(last_at) as last_at
    from
      rule_day
    where
      flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date < cast(cast($period_end as timestamp) as date)
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
  port_days as (
    select
      rule_id,
      port,
      sum(flow_count) as flow_count
    from
      rule_port_day
    where
      flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date < cast(cast($period_end as timestamp) as date)
      and port is not null
    group by
      rule_id,
      port
  ),
  placed_ports as (
    select
      *,
      row_number() over (
        partition by
          rule_id
        order by
          flow_count desc,
          port
      ) as port_place
    from
      port_days
  ),
  ports as (
    select
      rule_id,
      count(*) as port_count,
      array_join (
        array_agg(
          cast(port as varchar)
          order by
            port_place
        ) filter(
          where
            port_place <= 5
        ),
        ', '
      ) as top_ports
    from
      placed_ports
    group by
      rule_id
  )
select
  rules.rule_id,
  rules.group_id,
  groups.scope_names,
  if (
    rules.protocol is null,
    'all protocols',
    service_text (rules.protocol, 0, 65535, null)
  ) || ' to ' || rules.cidr as permits,
  rules.description,
  groups.interface_count,
  coalesce(ports.top_ports, '') as top_ports,
  cast(coalesce(ports.port_count, 0) as bigint) as port_count,
  cast(coalesce(networks.network_count, 0) as bigint) as network_count,
  cast(coalesce(used.flow_count, 0) as bigint) as flow_count,
  used.last_at,
  rules.valid_to as ended_at,
  'contradicts' as status,
  if (
    coalesce(used.flow_count, 0) > 0,
    'NSC_EGRESS_ALL_USED',
    'NSC_EGRESS_ALL_PERMITTED'
  ) as gap_code,
  'Outbound traffic is not limited to what is necessary; ' || if (
    coalesce(used.flow_count, 0) > 0,
    'it was seen to ' || cast(networks.network_count as varchar) || if (
      networks.network_count = 1,
      ' network',
      ' networks'
    ) || ' and ' || cast(coalesce(ports.port_count, 0) as varchar) || if (
      coalesce(ports.port_count, 0) = 1,
      ' port.',
      ' ports.'
    ),
    'no flow by it was observed in the period.'
  ) as why,
  'Permit the ports and ranges that are needed (rule_network_day and rule_port_day hold those seen), then: ' || if (
    rules.rule_id like 'sgr-%',
    'aws ec2 revoke-security-group-egress --group-id ' || rules.group_id || ' --security-group-rule-ids ' || rules.rule_id,
    'remove the rule from ' || rules.group_id
  ) as remedy
from
  rules
  inner join groups on rules.group_id = groups.group_id
  left join used on rules.rule_id = used.rule_id
  left join networks on rules.rule_id = networks.rule_id
  left join ports on rules.rule_id = ports.rule_id
order by
  rules.group_id,
  rules.rule_id
