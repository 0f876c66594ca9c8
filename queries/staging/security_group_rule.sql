-- title: Security group rules
-- grain: one row a state of a rule
-- source: Amazon EC2 API Reference, SecurityGroupRule and IpPermission
with
  states as (
    select
      *,
      json_extract_scalar (configuration, '$.GroupId') as group_id,
      json_extract_scalar (configuration, '$.IpProtocol') as ip_protocol,
      series like '%#permissions' as is_permission
    from
      inventory_state
    where
      resource_type = 'security_group_rule'
  ),
  -- A snapshot may hold the rules themselves and, in the groups, the same permissions without ids.
  -- From the time at which a group's rules are first known by id, those are used.
  first_known_by_id as (
    select
      group_id,
      min(valid_from) as known_from
    from
      states
    where
      not is_permission
    group by
      group_id
  ),
  first_known_as_permission as (
    select
      group_id,
      min(valid_from) as known_from
    from
      states
    where
      is_permission
    group by
      group_id
  ),
  rules as (
    select
      states.resource_id,
      states.group_id,
      states.ip_protocol,
      states.configuration,
      states.account_id,
      states.region,
      states.state_id,
      states.valid_from,
      states.absent_at,
      states.known_by,
      states.start_precision,
      -- A rule with an id does not count from before it was seen where the permissions of its group were seen then.
      case
        when not states.is_permission
        and first_known_as_permission.known_from < states.valid_from then states.valid_from
        else states.held_from
      end as held_from,
      case
        when states.is_permission
        and first_known_by_id.known_from < states.known_until then first_known_by_id.known_from
        else states.known_until
      end as known_until,
      case
        when states.is_permission
        and first_known_by_id.known_from < coalesce(states.valid_to, timestamp 'infinity') then first_known_by_id.known_from
        else states.valid_to
      end as valid_to,
      case
        when states.is_permission
        and first_known_by_id.known_from < coalesce(states.valid_to, timestamp 'infinity') then 'observed'
        else states.end_precision
      end as end_precision
    from
      states
      left join first_known_by_id on states.group_id = first_known_by_id.group_id
      left join first_known_as_permission on states.group_id = first_known_as_permission.group_id
    where
      not states.is_permission
      or first_known_by_id.known_from is null
      or states.valid_from < first_known_by_id.known_from
  )
select
  resource_id as rule_id,
  group_id,
  try_cast (
    json_extract_scalar (configuration, '$.IsEgress') as boolean
  ) as is_egress,
  case ip_protocol
    when 'tcp' then 6
    when 'udp' then 17
    when 'icmp' then 1
    when 'icmpv6' then 58
    when '-1' then null
    -- A protocol that cannot be read permits nothing: 256 is the number of none.
    else coalesce(try_cast (ip_protocol as integer), 256)
  end as protocol,
  case
    when ip_protocol in (
      'tcp',
      'udp',
      'icmp',
      'icmpv6',
      '6',
      '17',
      '1',
      '58'
    ) then nullif(
      try_cast (
        json_extract_scalar (configuration, '$.FromPort') as integer
      ),
      -1
    )
  end as from_port,
  case
    when ip_protocol in (
      'tcp',
      'udp',
      'icmp',
      'icmpv6',
      '6',
      '17',
      '1',
      '58'
    ) then nullif(
      try_cast (
        json_extract_scalar (configuration, '$.ToPort') as integer
      ),
      -1
    )
  end as to_port,
  coalesce(
    json_extract_scalar (configuration, '$.CidrIpv4'),
    json_extract_scalar (configuration, '$.CidrIpv6')
  ) as cidr,
  json_extract_scalar (configuration, '$.PrefixListId') as prefix_list_id,
  json_extract_scalar (configuration, '$.ReferencedGroupInfo.GroupId') as referenced_group_id,
  json_extract_scalar (configuration, '$.Description') as description,
  account_id,
  region,
  state_id,
  valid_from,
  known_until,
  valid_to,
  absent_at,
  held_from,
  known_by,
  start_precision,
  end_precision
from
  rules
order by
  rule_id,
  valid_from,
  state_id
