-- title: Contexts for which the rules of every group, or the network ACL of every subnet, are known
-- grain: one row a context
-- parameters: none
with
  contexts as (
    select distinct
      context_id,
      group_ids,
      subnet_ids,
      context_begins_at,
      context_ends_at
    from
      interface_period
    where
      context_id is not null
  ),
  owners as (
    select
      context_id,
      'group' as owner_kind,
      owner.owner_id,
      context_begins_at,
      context_ends_at
    from
      contexts
      cross join unnest(group_ids) as owner (owner_id)
    union all
    select
      context_id,
      'subnet' as owner_kind,
      owner.owner_id,
      context_begins_at,
      context_ends_at
    from
      contexts
      cross join unnest(subnet_ids) as owner (owner_id)
  ),
  -- Between two network ACLs the inventory may hold none of the subnet; the number 0 is the subnet itself.
  owners_with_rules as (
    select distinct
      context_id,
      owner_id
    from
      context_rule
    where
      rule_number <> 0
  )
select
  owners.context_id,
  coalesce(
    bool_and(
      rule_coverage.covered_from is not null
      and rule_coverage.covered_from <= owners.context_begins_at
      and owners.context_ends_at <= rule_coverage.covered_until
    ) filter(
      where
        owners.owner_kind = 'group'
    ),
    false
  ) as are_groups_known,
  coalesce(
    bool_or(
      rule_coverage.covered_from <= owners.context_begins_at
      and owners.context_begins_at < rule_coverage.seen_from
    ) filter(
      where
        owners.owner_kind = 'group'
    ),
    false
  ) as are_groups_back_dated,
  coalesce(
    bool_and(
      rule_coverage.covered_from is not null
      and rule_coverage.covered_from <= owners.context_begins_at
      and owners.context_ends_at <= rule_coverage.covered_until
      and owners_with_rules.owner_id is not null
    ) filter(
      where
        owners.owner_kind = 'subnet'
    ),
    false
  ) as is_acl_known,
  coalesce(
    bool_or(
      rule_coverage.covered_from <= owners.context_begins_at
      and owners.context_begins_at < rule_coverage.seen_from
    ) filter(
      where
        owners.owner_kind = 'subnet'
    ),
    false
  ) as is_acl_back_dated
from
  owners
  left join rule_coverage on owners.owner_id = rule_coverage.owner_id
  left join owners_with_rules on owners.context_id = owners_with_rules.context_id
  and owners.owner_id = owners_with_rules.owner_id
group by
  owners.context_id
