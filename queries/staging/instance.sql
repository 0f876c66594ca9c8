-- title: EC2 instances
-- grain: one row a state of an instance
select
  resource_id as instance_id,
  element_at(tags_of (configuration, '$.Tags'), 'Name') as instance_name,
  json_extract_scalar (configuration, '$.State.Name') as state,
  json_extract_scalar (configuration, '$.IamInstanceProfile.Arn') as instance_profile_arn,
  json_extract_scalar (configuration, '$.Platform') as platform,
  json_extract_scalar (configuration, '$.SubnetId') as subnet_id,
  json_extract_scalar (configuration, '$.VpcId') as vpc_id,
  json_extract_scalar (configuration, '$.PrivateIpAddress') as private_address,
  tags_of (configuration, '$.Tags') as tags,
  moment_of (
    json_extract_scalar (configuration, '$.LaunchTime')
  ) as launched_at,
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
  resource_type = 'instance'
order by
  instance_id,
  valid_from,
  state_id
