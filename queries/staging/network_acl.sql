-- title: Network ACLs
-- grain: one row a state of a network ACL
select
  resource_id as network_acl_id,
  json_extract_scalar (configuration, '$.VpcId') as vpc_id,
  coalesce(
    try_cast (
      json_extract_scalar (configuration, '$.IsDefault') as boolean
    ),
    false
  ) as is_default,
  list_sort(
    list_distinct(
      texts_at (configuration, '$.Associations[*].SubnetId')
    )
  ) as subnet_ids,
  tags_of (configuration, '$.Tags') as tags,
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
  inventory_state
where
  resource_type = 'network_acl'
order by
  network_acl_id,
  valid_from,
  state_id
