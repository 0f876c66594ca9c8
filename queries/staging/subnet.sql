-- title: Subnets
-- grain: one row a state of a subnet
select
  resource_id as subnet_id,
  element_at(tags_of (configuration, '$.Tags'), 'Name') as subnet_name,
  json_extract_scalar (configuration, '$.VpcId') as vpc_id,
  json_extract_scalar (configuration, '$.CidrBlock') as cidr,
  texts_at (
    configuration,
    '$.Ipv6CidrBlockAssociationSet[*].Ipv6CidrBlock'
  ) as ipv6_cidrs,
  json_extract_scalar (configuration, '$.AvailabilityZone') as availability_zone,
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
  resource_type = 'subnet'
order by
  subnet_id,
  valid_from,
  state_id
