-- title: Rules of security groups and entries of network ACLs of the day, whatever they look at, in one shape
-- grain: one row a rule or entry, a stretch of time in which it said the same, and a set of peers
-- parameters: none
-- source: owner_id is the security group, or the subnet whose network ACL it is
select distinct
  owner_kind,
  owner_id,
  entry_id,
  rule_number,
  is_egress,
  is_allow,
  protocol,
  from_port,
  to_port,
  is_icmp_type_named,
  is_unreadable,
  peer_key,
  possible_from,
  certain_from,
  certain_until,
  possible_until,
  seen_possible_from,
  seen_certain_from,
  is_removed
from
  filter_range
