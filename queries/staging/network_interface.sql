-- title: Network interfaces
-- grain: one row a state of a network interface
-- source: Amazon EC2 API Reference, NetworkInterface. InterfaceType is an open list; the descriptions and requesters by which
--   services mark their interfaces are conventions of AWS, so a kind by them is inferred. RDSNetworkInterface stands on the
--   interfaces of RDS, Aurora, Neptune and DocumentDB alike; one interface of Lambda serves every function with its
--   subnet and groups, so that none is named as its owner.
with
  states as (
    select
      *,
      json_extract_scalar (configuration, '$.Attachment.InstanceId') as instance_id,
      json_extract_scalar (configuration, '$.InterfaceType') as interface_type,
      json_extract_scalar (configuration, '$.Description') as description,
      json_extract_scalar (configuration, '$.RequesterId') as requester_id,
      json_extract_scalar (configuration, '$.PrivateIpAddress') as private_address
    from
      inventory_state
    where
      resource_type = 'network_interface'
  ),
  type_names as (
    select
      *
    from
      (
        values
          ('api_gateway_managed', 'api_gateway'),
          (
            'aws_codestar_connections_managed',
            'codestar_connections'
          ),
          (
            'global_accelerator_managed',
            'global_accelerator'
          ),
          ('iot_rules_managed', 'iot_rules'),
          ('natGateway', 'nat_gateway')
      ) as type_name (interface_type, owner_kind)
  ),
  -- Of several that match, the first counts. What the last column finds in the description names the owner.
  conventions as (
    select
      *
    from
      (
        values
          (
            1,
            'ELB app/%',
            'application_load_balancer',
            '^ELB app/([^/]+)'
          ),
          (
            2,
            'ELB net/%',
            'network_load_balancer',
            '^ELB net/([^/]+)'
          ),
          (
            3,
            'ELB gwy/%',
            'gateway_load_balancer',
            '^ELB gwy/([^/]+)'
          ),
          (4, 'ELB %', 'classic_load_balancer', '^ELB (.+)$'),
          (
            5,
            'Interface for NAT Gateway %',
            'nat_gateway',
            '(nat-[0-9a-z]+)'
          ),
          (6, 'AWS Lambda VPC ENI%', 'lambda', null),
          (7, 'RDSNetworkInterface', 'rds', null),
          (
            8,
            'Network interface for DBProxy %',
            'rds_proxy',
            ' DBProxy (.+)$'
          ),
          (
            9,
            'arn:aws%:ecs:%:attachment/%',
            'ecs_task',
            ':attachment/(.+)$'
          ),
          (
            10,
            'VPC Endpoint Interface%',
            'vpc_endpoint',
            '(vpce-[0-9a-z]+)'
          ),
          (
            11,
            'EFS mount target for %',
            'efs',
            '(fs-[0-9a-z]+)'
          ),
          (
            12,
            'ElastiCache %',
            'elasticache',
            '^ElastiCache (.+)$'
          ),
          (
            13,
            'ElastiCache+%',
            'elasticache',
            '^ElastiCache\+(.+)$'
          ),
          (14, 'RedshiftNetworkInterface', 'redshift', null),
          (15, 'DMSNetworkInterface', 'dms', null),
          (
            16,
            'AWS created network interface for directory %',
            'directory_service',
            '(d-[0-9a-z]+)'
          ),
          (
            17,
            'Network Interface for Transit Gateway Attachment %',
            'transit_gateway',
            '(tgw-attach-[0-9a-z]+)'
          ),
          (18, 'aws-k8s-branch-eni%', 'eks_pod', null),
          (19, 'aws-K8S-%', 'eks_node', '(i-[0-9a-f]+)'),
          (
            20,
            'Amazon EKS %',
            'eks_control_plane',
            '^Amazon EKS (.+)$'
          ),
          (
            21,
            'ENI managed by APIGateway%',
            'api_gateway',
            null
          ),
          (
            22,
            'Route 53 Resolver: %',
            'route53_resolver',
            '(rslvr-[0-9a-z-]+)'
          ),
          (
            23,
            'Resource Gateway Interface %',
            'resource_gateway',
            '(rgw-[0-9a-z]+)'
          ),
          (
            24,
            '%Amazon MSK network interface for cluster %',
            'msk',
            ':cluster/([^/]+)'
          ),
          (
            25,
            'ClientVPN Endpoint resource%',
            'client_vpn',
            '(cvpn-endpoint-[0-9a-z]+)'
          ),
          (26, 'ES %', 'opensearch', '^ES (.+)$'),
          (27, 'DAX %', 'dax', '^DAX (.+)$'),
          (
            28,
            'Attached to Glue using role: %',
            'glue',
            null
          ),
          (
            29,
            'Created By Amazon Workspaces for AWS Account ID %',
            'workspaces',
            null
          ),
          (
            30,
            'AWS CodeStar Connections%',
            'codestar_connections',
            null
          )
      ) as convention (
        convention_order,
        description_pattern,
        owner_kind,
        owner_pattern
      )
  ),
  described as (
    select
      states.state_id,
      min_by(
        conventions.owner_kind,
        conventions.convention_order
      ) as owner_kind,
      min_by(
        coalesce(
          regexp_extract(states.description, conventions.owner_pattern, 1),
          ''
        ),
        conventions.convention_order
      ) as owner_id
    from
      states
      inner join conventions on states.description like conventions.description_pattern
    group by
      states.state_id
  ),
  -- The name of the account that asked for the interface, or that it is attached to, where that is a service's.
  requesters as (
    select
      *
    from
      (
        values
          ('amazon-elasticache', 'elasticache'),
          ('amazon-elb', 'load_balancer'),
          ('amazon-rds', 'rds'),
          ('amazon-redshift', 'redshift')
      ) as requester (requester_id, owner_kind)
  ),
  owned as (
    select
      states.*,
      -- The types that say how an interface works, not whose it is, name no owner.
      case
        when states.interface_type not in ('interface', 'efa', 'efa-only', 'branch', 'trunk') then coalesce(type_names.owner_kind, states.interface_type)
      end as kind_by_type,
      described.owner_kind as kind_by_description,
      nullif(described.owner_id, '') as described_owner_id,
      requesters.owner_kind as kind_by_requester
    from
      states
      left join type_names on states.interface_type = type_names.interface_type
      left join described on states.state_id = described.state_id
      left join requesters on requesters.requester_id = case
        when states.requester_id like 'amazon-%' then states.requester_id
        else json_extract_scalar (
          states.configuration,
          '$.Attachment.InstanceOwnerId'
        )
      end
  )
select
  resource_id as network_interface_id,
  instance_id,
  interface_type,
  case
    when instance_id is not null then 'ec2_instance'
    else coalesce(
      kind_by_type,
      kind_by_description,
      kind_by_requester,
      'unknown'
    )
  end as owner_kind,
  case
    when instance_id is not null then 'attachment'
    when kind_by_type is not null then 'interface_type'
    when kind_by_description is not null then 'description'
    when kind_by_requester is not null then 'requester'
  end as owner_kind_basis,
  instance_id is null
  and kind_by_type is null
  and coalesce(kind_by_description, kind_by_requester) is not null as is_owner_inferred,
  case
    when instance_id is not null then instance_id
    when kind_by_type is null
    or kind_by_type = kind_by_description
    -- An endpoint of a gateway load balancer is described as any endpoint is.
    or kind_by_type like '%endpoint' then described_owner_id
  end as owner_id,
  description,
  requester_id,
  try_cast (
    json_extract_scalar (configuration, '$.RequesterManaged') as boolean
  ) as is_requester_managed,
  json_extract_scalar (configuration, '$.SubnetId') as subnet_id,
  json_extract_scalar (configuration, '$.VpcId') as vpc_id,
  private_address,
  json_extract_scalar (configuration, '$.Association.PublicIp') as public_address,
  try_cast (
    json_extract_scalar (configuration, '$.SourceDestCheck') as boolean
  ) as has_source_check,
  list_sort(
    list_distinct(
      list_concat(
        texts_at (
          configuration,
          '$.PrivateIpAddresses[*].PrivateIpAddress'
        ),
        list_concat(
          texts_at (configuration, '$.Ipv6Addresses[*].Ipv6Address'),
          [private_address]
        )
      )
    )
  ) as addresses,
  list_sort(
    list_distinct(
      list_concat(
        texts_at (configuration, '$.Ipv4Prefixes[*].Ipv4Prefix'),
        texts_at (configuration, '$.Ipv6Prefixes[*].Ipv6Prefix')
      )
    )
  ) as prefixes,
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
  -- It was not so before it was attached to what it is attached to.
  greatest(
    held_from,
    least(
      valid_from,
      coalesce(
        moment_of (
          json_extract_scalar (configuration, '$.Attachment.AttachTime')
        ),
        held_from
      )
    )
  ) as held_from,
  known_by,
  start_precision,
  end_precision
from
  owned
order by
  network_interface_id,
  valid_from,
  state_id
