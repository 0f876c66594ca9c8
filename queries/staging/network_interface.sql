-- title: Network interfaces
-- grain: one row a state of a network interface
select
  resource_id as network_interface_id,
  configuration ->> '$.Attachment.InstanceId' as instance_id,
  configuration ->> '$.InterfaceType' as interface_type,
  case
    when configuration ->> '$.Attachment.InstanceId' is not null then 'ec2_instance'
    when configuration ->> '$.InterfaceType' in ('nat_gateway', 'natGateway') then 'nat_gateway'
    when configuration ->> '$.InterfaceType' in (
      'network_load_balancer',
      'gateway_load_balancer',
      'lambda',
      'transit_gateway',
      'vpc_endpoint',
      'efs'
    ) then configuration ->> '$.InterfaceType'
    when configuration ->> '$.Description' like 'ELB app/%' then 'application_load_balancer'
    when configuration ->> '$.Description' like 'ELB net/%' then 'network_load_balancer'
    when configuration ->> '$.Description' like 'ELB gwy/%' then 'gateway_load_balancer'
    when configuration ->> '$.Description' like 'ELB %' then 'classic_load_balancer'
    when configuration ->> '$.Description' like 'Interface for NAT Gateway %' then 'nat_gateway'
    when configuration ->> '$.Description' like 'AWS Lambda VPC ENI%' then 'lambda'
    when configuration ->> '$.Description' = 'RDSNetworkInterface' then 'rds'
    when configuration ->> '$.Description' like 'arn:aws%:ecs:%:attachment/%' then 'ecs_task'
    when configuration ->> '$.Description' like 'VPC Endpoint Interface %' then 'vpc_endpoint'
    when configuration ->> '$.Description' like 'EFS mount target for %' then 'efs'
    when configuration ->> '$.Description' like 'ElastiCache %' then 'elasticache'
    when configuration ->> '$.Description' = 'RedshiftNetworkInterface' then 'redshift'
    when configuration ->> '$.Description' = 'DMSNetworkInterface' then 'dms'
    when configuration ->> '$.Description' like 'AWS created network interface for directory %' then 'directory_service'
    when configuration ->> '$.Description' like 'Network Interface for Transit Gateway Attachment %' then 'transit_gateway'
    else 'unknown'
  end as owner_kind,
  case
    when configuration ->> '$.Attachment.InstanceId' is not null then 'attachment'
    when configuration ->> '$.InterfaceType' in (
      'nat_gateway',
      'natGateway',
      'network_load_balancer',
      'gateway_load_balancer',
      'lambda',
      'transit_gateway',
      'vpc_endpoint',
      'efs'
    ) then 'interface_type'
    else 'description'
  end as owner_kind_basis,
  configuration ->> '$.Description' as description,
  configuration ->> '$.RequesterId' as requester_id,
  try_cast (configuration ->> '$.RequesterManaged' as boolean) as is_requester_managed,
  configuration ->> '$.SubnetId' as subnet_id,
  configuration ->> '$.VpcId' as vpc_id,
  configuration ->> '$.PrivateIpAddress' as private_address,
  configuration ->> '$.Association.PublicIp' as public_address,
  list_sort(
    list_distinct(
      list_concat(
        texts_at (
          configuration,
          '$.PrivateIpAddresses[*].PrivateIpAddress'
        ),
        list_concat(
          texts_at (configuration, '$.Ipv6Addresses[*].Ipv6Address'),
          list_filter(
            [configuration ->> '$.PrivateIpAddress'],
            lambda address: address is not null
          )
        )
      )
    )
  ) as addresses,
  list_sort(
    list_distinct(texts_at (configuration, '$.Groups[*].GroupId'))
  ) as group_ids,
  tags_of (configuration, '$.TagSet') as tags,
  account_id,
  region,
  state_id,
  valid_from,
  known_until,
  valid_to,
  absent_at,
  known_by,
  start_precision,
  end_precision
from
  inventory_state
where
  resource_type = 'network_interface'
order by
  network_interface_id,
  valid_from,
  state_id
