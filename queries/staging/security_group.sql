-- title: Security groups
-- grain: one row a state of a security group, its rules left out
select
  resource_id as group_id,
  json_extract_scalar (configuration, '$.GroupName') as group_name,
  json_extract_scalar (configuration, '$.Description') as description,
  json_extract_scalar (configuration, '$.VpcId') as vpc_id,
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
  resource_type = 'security_group'
order by
  group_id,
  valid_from,
  state_id
