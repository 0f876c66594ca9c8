-- title: EC2 instances
-- grain: one row a state of an instance
select
  resource_id as instance_id,
  tags_of (configuration, '$.Tags') ['Name'] as instance_name,
  configuration ->> '$.State.Name' as state,
  configuration ->> '$.IamInstanceProfile.Arn' as instance_profile_arn,
  configuration ->> '$.Platform' as platform,
  configuration ->> '$.SubnetId' as subnet_id,
  configuration ->> '$.VpcId' as vpc_id,
  configuration ->> '$.PrivateIpAddress' as private_address,
  tags_of (configuration, '$.Tags') as tags,
  try_cast (configuration ->> '$.LaunchTime' as timestamp) as launched_at,
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
