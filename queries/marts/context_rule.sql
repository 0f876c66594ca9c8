-- title: Rules and network ACL entries that may bear on records of a context, and how they stood then
-- grain: one row a context (a list of groups and subnets, and a stretch of time), and a rule or entry with a set of peers
-- parameters: none
with
  contexts as (
    select distinct
      context_id,
      list_id,
      list_concat(group_ids, subnet_ids) as owner_ids,
      context_begins_at,
      context_ends_at
    from
      interface_period
    where
      context_id is not null
  ),
  owners as (
    select
      contexts.*,
      owner.owner_id
    from
      contexts
      cross join unnest(owner_ids) as owner (owner_id)
  ),
  standings as (
    select
      owners.context_id,
      owners.list_id,
      filter_rule.owner_kind,
      filter_rule.owner_id,
      filter_rule.entry_id,
      filter_rule.rule_number,
      filter_rule.is_egress,
      filter_rule.is_allow,
      filter_rule.protocol,
      filter_rule.from_port,
      filter_rule.to_port,
      filter_rule.is_icmp_type_named,
      filter_rule.peer_key,
      filter_rule.is_unreadable,
      -- Nothing changes within a context: what holds for its first begin and its last end holds for all.
      case
        when filter_rule.certain_from <= owners.context_begins_at
        and owners.context_ends_at <= filter_rule.certain_until then 'in_force'
        when filter_rule.possible_from < owners.context_ends_at
        and owners.context_begins_at < filter_rule.possible_until then 'changed_about_then'
        when filter_rule.is_removed
        and filter_rule.possible_until <= owners.context_begins_at
        and owners.context_begins_at < seconds_after (filter_rule.possible_until, 432000) then 'removed_before'
      end as standing,
      -- The same if nothing were back-dated.
      case
        when filter_rule.seen_certain_from <= owners.context_begins_at
        and owners.context_ends_at <= filter_rule.certain_until then 'in_force'
        when filter_rule.seen_possible_from < owners.context_ends_at
        and owners.context_begins_at < filter_rule.possible_until then 'changed_about_then'
        when filter_rule.is_removed
        and filter_rule.possible_until <= owners.context_begins_at
        and owners.context_begins_at < seconds_after (filter_rule.possible_until, 432000) then 'removed_before'
      end as seen_standing
    from
      owners
      inner join filter_rule on owners.owner_id = filter_rule.owner_id
  )
select
  *,
  standing is distinct from seen_standing as is_back_dated,
  dense_rank () over (
    order by
      peer_key
  ) as peer_id
from
  standings
where
  standing is not null
