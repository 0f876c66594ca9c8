-- title: Rules of security groups and entries of network ACLs, whatever they look at, in one shape
-- grain: one row a rule or entry, a stretch of time in which it said the same, and a set of peers
-- parameters: none
-- source: owner_id is the security group, or the subnet whose network ACL it is
with
  ranges as (
    select
      'group' as owner_kind,
      group_id as owner_id,
      rule_id as entry_id,
      0 as rule_number,
      is_egress,
      true as is_allow,
      protocol,
      from_port,
      to_port,
      coalesce(
        protocol in (1, 58)
        and from_port is not null,
        false
      ) as is_icmp_type_named,
      peer_key,
      unreadable_reference is not null as is_unreadable,
      possible_from,
      certain_from,
      certain_until,
      possible_until,
      is_removed
    from
      rule_range
    union
    select
      'subnet' as owner_kind,
      subnet_id as owner_id,
      entry_id,
      rule_number,
      is_egress,
      is_allow,
      protocol,
      from_port,
      to_port,
      is_icmp_type_named,
      peer_key,
      false as is_unreadable,
      possible_from,
      certain_from,
      certain_until,
      possible_until,
      false as is_removed
    from
      acl_range
  )
select
  *
from
  ranges
order by
  owner_id,
  entry_id,
  peer_key,
  certain_from
