-- title: Security group rules
-- grain: one row a state of a rule
-- source: Amazon EC2 API Reference, SecurityGroupRule and IpPermission
with
  -- A snapshot may hold the rules themselves and, in the groups, the same permissions without ids.
  -- Where a group's rules are known by id, those are used.
  groups_with_rule_ids as (
    select distinct configuration ->> '$.GroupId' as group_id
    from inventory_state
    where resource_type = 'security_group_rule'
      and series not like '%#permissions'
  )
select
  resource_id as rule_id,
  configuration ->> '$.GroupId' as group_id,
  try_cast(configuration ->> '$.IsEgress' as boolean) as is_egress,
  case configuration ->> '$.IpProtocol'
    when 'tcp' then 6
    when 'udp' then 17
    when 'icmp' then 1
    when 'icmpv6' then 58
    when '-1' then null
    else try_cast(configuration ->> '$.IpProtocol' as integer)
  end as protocol,
  case
    when configuration ->> '$.IpProtocol' in ('tcp', 'udp', 'icmp', 'icmpv6', '6', '17', '1', '58')
      then nullif(try_cast(configuration ->> '$.FromPort' as integer), -1)
  end as from_port,
  case
    when configuration ->> '$.IpProtocol' in ('tcp', 'udp', 'icmp', 'icmpv6', '6', '17', '1', '58')
      then nullif(try_cast(configuration ->> '$.ToPort' as integer), -1)
  end as to_port,
  coalesce(configuration ->> '$.CidrIpv4', configuration ->> '$.CidrIpv6') as cidr,
  configuration ->> '$.PrefixListId' as prefix_list_id,
  configuration ->> '$.ReferencedGroupInfo.GroupId' as referenced_group_id,
  configuration ->> '$.Description' as description,
  account_id,
  region,
  state_id,
  valid_from,
  known_until,
  valid_to,
  absent_at
from inventory_state
where resource_type = 'security_group_rule'
  and (
    series not like '%#permissions'
    or (configuration ->> '$.GroupId') not in (
      select group_id
      from groups_with_rule_ids
    )
  )
order by rule_id, valid_from, state_id
