-- title: Times between which nothing changes of the rules and network ACL entries that an interface may have had
-- grain: one row a list of groups and subnets, and a stretch of time; a moment at which something changes belongs to the
--   stretch after it as the begin of a record's window, and to the one before it as its end
-- parameters: none
-- source: Amazon VPC User Guide, "Security group connection tracking": established TCP connections stay
--   tracked for up to five days without traffic, so a removed rule may still explain a flow
with
  lists as (
    select distinct
      list_id,
      group_ids,
      subnet_ids
    from
      interface_pair
  ),
  owners as (
    select
      list_id,
      owner.owner_id
    from
      lists
      cross join unnest(list_concat(group_ids, subnet_ids)) as owner (owner_id)
  ),
  changes as (
    select
      filter_rule.owner_id,
      change.changed_at
    from
      filter_rule
      cross join unnest(
        [
          possible_from,
          certain_from,
          certain_until,
          possible_until,
          seen_possible_from,
          seen_certain_from,
          if (
            is_removed,
            seconds_after (possible_until, 432000),
            null
          )
        ]
      ) as change (changed_at)
    union
    select
      rule_coverage.owner_id,
      change.changed_at
    from
      rule_coverage
      cross join unnest([covered_from, covered_until, seen_from]) as change (changed_at)
  ),
  cuts as (
    select
      lists.list_id,
      flow_extent.first_at as cell_from
    from
      lists
      cross join flow_extent
    union
    select
      owners.list_id,
      changes.changed_at as cell_from
    from
      owners
      inner join changes on owners.owner_id = changes.owner_id
      cross join flow_extent
    where
      changes.changed_at > flow_extent.first_at
      and changes.changed_at < flow_extent.last_at
  )
select
  cuts.list_id,
  row_number() over list_history as cell_number,
  cuts.cell_from,
  coalesce(
    lead (cuts.cell_from) over list_history,
    flow_extent.last_at
  ) as cell_to
from
  cuts
  cross join flow_extent
window
  list_history as (
    partition by
      cuts.list_id
    order by
      cuts.cell_from
  )
