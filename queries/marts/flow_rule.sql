-- title: Accepted flows and the rules that permit, or may have permitted, them
-- grain: one row a flow
-- parameters: none
-- source: Amazon VPC User Guide, "Security group connection tracking": established TCP connections stay
--   tracked for up to five days without traffic, so a removed rule may still explain a flow
with
  candidates as (
    select
      flow_subject.flow_id,
      flow_subject.group_ids,
      flow_subject.row_direction = 'egress' as is_egress,
      flow_subject.protocol,
      flow_subject.dstport,
      flow_subject.remote_address,
      flow_subject.window_from,
      flow_subject.window_to,
      bitwise_and (flow_subject.tcp_flags, 18) = 2 as is_opening
    from flow_subject
    where flow_subject.action = 'ACCEPT'
      and flow_subject.is_response is not true
      and flow_subject.row_direction is not null
      and cardinality(flow_subject.group_ids) > 0
  ),
  -- What a rule looks at, each combination once, however many flows share it.
  keys as (
    select distinct
      group_ids,
      is_egress,
      protocol,
      dstport,
      remote_address
    from candidates
  ),
  key_groups as (
    select
      keys.*,
      member.group_id,
      remote_address.address_key,
      remote_address.is_ipv6
    from keys
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
      case
        when rule_range.unreadable_reference is not null then 'reference_unreadable'
        when rule_range.protocol in (1, 58) and rule_range.from_port is not null then 'icmp_type_not_logged'
      end as doubt
    from key_groups
    inner join rule_range
      on key_groups.group_id = rule_range.group_id
      and key_groups.is_egress = rule_range.is_egress
      and key_groups.is_ipv6 = rule_range.is_ipv6
      and key_groups.address_key between rule_range.first_key and rule_range.last_key
    where (
        rule_range.protocol is null
        or rule_range.protocol = key_groups.protocol
      )
      and (
        rule_range.protocol is null
        or rule_range.protocol not in (6, 17)
        or rule_range.from_port is null
        or key_groups.dstport between rule_range.from_port and rule_range.to_port
      )
  ),
  flow_rules as (
    select
      candidates.flow_id,
      candidates.is_opening,
      key_rules.rule_id,
      key_rules.doubt,
      case
        when key_rules.certain_from <= candidates.window_from and candidates.window_to <= key_rules.certain_until then 'in_force'
        when key_rules.possible_from < candidates.window_to and candidates.window_from < key_rules.possible_until then 'changed_about_then'
        when key_rules.possible_until <= candidates.window_from and key_rules.possible_until > seconds_after (candidates.window_from, -432000) then 'removed_before'
      end as standing
    from candidates
    inner join key_rules
      on candidates.group_ids = key_rules.group_ids
      and candidates.is_egress = key_rules.is_egress
      and candidates.protocol is not distinct from key_rules.protocol
      and candidates.dstport is not distinct from key_rules.dstport
      and candidates.remote_address = key_rules.remote_address
  )
select
  flow_id,
  list_sort(array_agg(distinct rule_id) filter (where standing = 'in_force' and doubt is null)) as permitting_rule_ids,
  list_sort(array_agg(distinct rule_id) filter (where standing = 'changed_about_then' and doubt is null)) as changed_rule_ids,
  list_sort(
    array_agg(distinct rule_id) filter (where standing = 'removed_before' and doubt is null and is_opening is not true)
  ) as removed_rule_ids,
  min(doubt) filter (where standing in ('in_force', 'changed_about_then')) as doubt
from flow_rules
group by flow_id
order by flow_id
