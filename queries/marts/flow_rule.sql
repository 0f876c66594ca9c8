-- title: Accepted flows and the rules that permit, or may have permitted, them
-- grain: one row a flow that runs to the side that was opened, or that may
-- parameters: none
-- source: Amazon VPC User Guide, "Security group connection tracking": established TCP connections stay
--   tracked for up to five days without traffic, so a removed rule may still explain a flow
with
  candidates as (
    select
      flow_number,
      group_ids,
      row_direction = 'egress' as is_egress,
      protocol,
      dstport,
      remote_address,
      window_from,
      window_to,
      bitwise_and (tcp_flags, 18) = 2 as is_opening
    from
      flow_subject
    where
      action = 'ACCEPT'
      and is_response is not true
      and row_direction is not null
      and cardinality(group_ids) > 0
  ),
  -- What a rule looks at, each combination once, however many flows share it.
  keys as (
    select distinct
      group_ids,
      is_egress,
      protocol,
      dstport,
      remote_address
    from
      candidates
  ),
  key_groups as (
    select
      keys.*,
      member.group_id,
      remote_address.address_key,
      remote_address.is_ipv6
    from
      keys
      inner join remote_address on keys.remote_address = remote_address.address
      cross join unnest(keys.group_ids) as member (group_id)
  ),
  key_rules as (
    select
      key_groups.group_ids,
      key_groups.is_egress,
      key_groups.protocol,
      key_groups.dstport,
      key_groups.remote_address,
      rule_range.rule_id,
      rule_range.possible_from,
      rule_range.certain_from,
      rule_range.certain_until,
      rule_range.possible_until,
      rule_range.is_removed,
      case
        when rule_range.unreadable_reference is not null then 'reference_unreadable'
        when rule_range.protocol is not null
        and key_groups.protocol is null then 'field_not_logged'
        when rule_range.protocol in (1, 58)
        and rule_range.from_port is not null then 'icmp_type_not_logged'
        when rule_range.protocol in (6, 17)
        and rule_range.from_port is not null
        and key_groups.dstport is null then 'field_not_logged'
      end as doubt
    from
      key_groups
      inner join rule_range on key_groups.group_id = rule_range.group_id
      and key_groups.is_egress = rule_range.is_egress
      and key_groups.is_ipv6 = rule_range.is_ipv6
      and key_groups.address_key between rule_range.first_key and rule_range.last_key
    where
      (
        rule_range.protocol is null
        or key_groups.protocol is null
        or rule_range.protocol = key_groups.protocol
      )
      and (
        rule_range.protocol is null
        or rule_range.protocol not in (6, 17)
        or rule_range.from_port is null
        or key_groups.dstport is null
        or key_groups.dstport between rule_range.from_port and rule_range.to_port
      )
  ),
  flow_rules as (
    select
      candidates.flow_number,
      candidates.is_opening,
      key_rules.rule_id,
      key_rules.doubt,
      case
        when key_rules.certain_from <= candidates.window_from
        and candidates.window_to <= key_rules.certain_until then 'in_force'
        when key_rules.possible_from < candidates.window_to
        and candidates.window_from < key_rules.possible_until then 'changed_about_then'
        when key_rules.is_removed
        and key_rules.possible_until <= candidates.window_from
        and key_rules.possible_until > seconds_after (candidates.window_from, -432000) then 'removed_before'
      end as standing
    from
      candidates
      inner join key_rules on candidates.group_ids = key_rules.group_ids
      and candidates.is_egress = key_rules.is_egress
      and candidates.protocol is not distinct from key_rules.protocol
      and candidates.dstport is not distinct from key_rules.dstport
      and candidates.remote_address = key_rules.remote_address
  ),
  found as (
    select
      flow_number,
      list_sort(
        array_agg(distinct rule_id) filter(
          where
            standing = 'in_force'
            and doubt is null
        )
      ) as permitting_rule_ids,
      list_sort(
        array_agg(distinct rule_id) filter(
          where
            standing = 'changed_about_then'
            and doubt is null
        )
      ) as changed_rule_ids,
      list_sort(
        array_agg(distinct rule_id) filter(
          where
            standing = 'removed_before'
            and doubt is null
            and is_opening is not true
        )
      ) as removed_rule_ids,
      min(doubt) filter(
        where
          standing in ('in_force', 'changed_about_then')
      ) as doubt
    from
      flow_rules
    group by
      flow_number
  ),
  -- From when until when the rules of all of the groups are known; null where those of one never are.
  group_lists as (
    select distinct
      group_ids
    from
      candidates
  ),
  covered_lists as (
    select
      group_lists.group_ids,
      max(rule_coverage.covered_from) as covered_from,
      min(rule_coverage.covered_until) as covered_until
    from
      group_lists
      cross join unnest(group_lists.group_ids) as member (group_id)
      left join rule_coverage on member.group_id = rule_coverage.group_id
    group by
      group_lists.group_ids
    having
      count(*) = count(rule_coverage.group_id)
  )
select
  candidates.flow_number,
  found.permitting_rule_ids,
  found.changed_rule_ids,
  found.removed_rule_ids,
  case
    when found.doubt is not null then found.doubt
    when candidates.remote_address is null then 'field_not_logged'
    when covered_lists.group_ids is null then 'rules_unknown'
    when candidates.window_from < covered_lists.covered_from then 'rules_unknown'
    when candidates.window_to > covered_lists.covered_until then 'rules_unknown'
  end as doubt
from
  candidates
  left join found on candidates.flow_number = found.flow_number
  left join covered_lists on candidates.group_ids = covered_lists.group_ids
