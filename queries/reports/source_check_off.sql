-- title: Interfaces without source/destination check
-- question: On which interfaces in scope is the check off by which AWS drops packets with addresses that are not the interface's?
-- requirements: 1.4.3
-- parameters: period_start, period_end
-- rows: findings
-- needs: interfaces_in_scope
-- grain: one row an interface in scope whose check was off or not known in the period
-- limits: The check keeps an interface from sending with a source address that is not its own, and from receiving what is not
--   addressed to it; appliances that forward traffic need it off. It is one measure against forged addresses; firewalls and
--   their settings are another, and flow logs hold no packet that AWS dropped by it.
-- source: PCI DSS v4.0.1 requirement 1.4.3; Amazon VPC User Guide, "Disable source and destination checks"
with
  scoped as (
    select
      network_interface_id,
      max_by(scope_name, valid_from) as scope_name,
      max_by(instance_id, valid_from) as instance_id,
      max_by(instance_name, valid_from) as instance_name,
      max_by(owner_kind, valid_from) as owner_kind
    from
      scope_interface
    where
      valid_from < cast($period_end as timestamp)
      and coalesce(valid_to > cast($period_start as timestamp), true)
    group by
      network_interface_id
  ),
  checks as (
    select
      network_interface_id,
      bool_and(coalesce(has_source_check, true)) as is_on_where_known,
      count(has_source_check) as known_count,
      min(
        if (
          not has_source_check,
          greatest(valid_from, cast($period_start as timestamp)),
          null
        )
      ) as off_from_at,
      max(
        if (
          not has_source_check,
          least(
            coalesce(valid_to, cast($period_end as timestamp)),
            cast($period_end as timestamp)
          ),
          null
        )
      ) as off_until_at
    from
      network_interface
    where
      valid_from < cast($period_end as timestamp)
      and coalesce(valid_to > cast($period_start as timestamp), true)
    group by
      network_interface_id
  )
select
  scoped.scope_name,
  scoped.network_interface_id,
  scoped.instance_id,
  scoped.instance_name,
  scoped.owner_kind,
  checks.off_from_at,
  checks.off_until_at,
  case
    when checks.known_count = 0 then 'not_evidenced'
    when scoped.owner_kind in (
      'nat_gateway',
      'network_load_balancer',
      'gateway_load_balancer',
      'gateway_load_balancer_endpoint',
      'transit_gateway'
    ) then 'supports'
    else 'contradicts'
  end as status,
  case
    when checks.known_count = 0 then 'NSC_SOURCE_CHECK_UNKNOWN'
    when scoped.owner_kind in (
      'nat_gateway',
      'network_load_balancer',
      'gateway_load_balancer',
      'gateway_load_balancer_endpoint',
      'transit_gateway'
    ) then 'NSC_SOURCE_CHECK_OFF_BY_AWS'
    else 'NSC_SOURCE_CHECK_OFF'
  end as gap_code,
  case
    when checks.known_count = 0 then 'The inventory does not say whether the check is on.'
    when scoped.owner_kind in (
      'nat_gateway',
      'network_load_balancer',
      'gateway_load_balancer',
      'gateway_load_balancer_endpoint',
      'transit_gateway'
    ) then 'AWS runs the interface and has it off: it forwards traffic of others.'
    else 'The check is off: the system can send with source addresses that are not its own.'
  end as why,
  case
    when checks.known_count = 0 then 'Take the inventory by aws ec2 describe-network-interfaces or AWS Config.'
    when scoped.owner_kind in (
      'nat_gateway',
      'network_load_balancer',
      'gateway_load_balancer',
      'gateway_load_balancer_endpoint',
      'transit_gateway'
    ) then null
    else 'aws ec2 modify-network-interface-attribute --network-interface-id ' || scoped.network_interface_id || ' --source-dest-check; if the system must forward, document it and what else keeps forged addresses out.'
  end as remedy
from
  scoped
  inner join checks on scoped.network_interface_id = checks.network_interface_id
where
  checks.known_count = 0
  or not checks.is_on_where_known
order by
  scoped.scope_name,
  scoped.network_interface_id
