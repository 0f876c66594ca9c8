-- title: Entries of network ACLs
-- grain: one row an entry of a state of a network ACL
-- source: Amazon EC2 API Reference, NetworkAclEntry; Amazon VPC User Guide, "Network ACL rules"
with
  entries as (
    select
      inventory_state.*,
      listed.entry
    from
      inventory_state
      cross join unnest(json_entries (configuration, '$.Entries')) as listed (entry)
    where
      resource_type = 'network_acl'
  ),
  protocols as (
    select
      *,
      case lower(json_extract_scalar (entry, '$.Protocol'))
        when '-1' then null
        when 'all' then null
        when 'tcp' then 6
        when 'udp' then 17
        when 'icmp' then 1
        when 'icmpv6' then 58
        -- A protocol that cannot be read matches nothing: 256 is the number of none.
        else coalesce(
          try_cast (
            json_extract_scalar (entry, '$.Protocol') as integer
          ),
          256
        )
      end as protocol
    from
      entries
  )
select
  resource_id as network_acl_id,
  try_cast (
    json_extract_scalar (entry, '$.RuleNumber') as integer
  ) as rule_number,
  coalesce(
    try_cast (
      json_extract_scalar (entry, '$.Egress') as boolean
    ),
    false
  ) as is_egress,
  lower(json_extract_scalar (entry, '$.RuleAction')) as action,
  protocol,
  case
    when protocol in (6, 17) then try_cast (
      json_extract_scalar (entry, '$.PortRange.From') as integer
    )
  end as from_port,
  case
    when protocol in (6, 17) then try_cast (
      json_extract_scalar (entry, '$.PortRange.To') as integer
    )
  end as to_port,
  case
    when protocol in (1, 58) then nullif(
      try_cast (
        json_extract_scalar (entry, '$.IcmpTypeCode.Type') as integer
      ),
      -1
    )
  end as icmp_type,
  case
    when protocol in (1, 58) then nullif(
      try_cast (
        json_extract_scalar (entry, '$.IcmpTypeCode.Code') as integer
      ),
      -1
    )
  end as icmp_code,
  coalesce(
    json_extract_scalar (entry, '$.CidrBlock'),
    json_extract_scalar (entry, '$.Ipv6CidrBlock')
  ) as cidr,
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
  protocols
order by
  network_acl_id,
  valid_from,
  state_id,
  is_egress,
  rule_number
