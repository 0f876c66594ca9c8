-- title: Whose an address of the inventory is, seen from each VPC
-- grain: one row an own address and VPC of an interface that recorded flows; no VPC (null) for those without metadata
-- parameters: none
-- source: an address may be of several interfaces, in other VPCs or one after the other; those of the same VPC are nearer
with
  vpcs as (
    select distinct
      vpc_number,
      vpc_id
    from
      edge_class
  ),
  seen as (
    select
      own_address.address_number,
      vpcs.vpc_number,
      own_address.network_interface_id,
      own_address.scope_name,
      own_address.possible_from,
      own_address.possible_until,
      coalesce(own_address.vpc_id = vpcs.vpc_id, false) as is_same_vpc,
      bool_or(coalesce(own_address.vpc_id = vpcs.vpc_id, false)) over (
        partition by
          own_address.address_number,
          vpcs.vpc_number
      ) as has_same_vpc
    from
      own_address
      cross join vpcs
  ),
  peers as (
    select
      address_number,
      vpc_number,
      cast(
        row_number() over (
          order by
            address_number,
            vpc_number
        ) as integer
      ) as own_number,
      min(network_interface_id) as network_interface_id,
      -- One after the other, or at once: which of them it was at the time of a flow is not asked.
      min(network_interface_id) <> max(network_interface_id) as is_several,
      if (
        min(coalesce(scope_name, '')) = max(coalesce(scope_name, '')),
        min(scope_name),
        null
      ) as scope_name,
      min(coalesce(scope_name, '')) <> max(coalesce(scope_name, '')) as is_scope_unclear,
      min(possible_from) as possible_from,
      max(possible_until) as possible_until
    from
      seen
    where
      is_same_vpc = has_same_vpc
    group by
      address_number,
      vpc_number
  )
select
  *,
  cast(
    dense_rank () over (
      order by
        scope_name,
        is_scope_unclear
    ) as integer
  ) as scope_number
from
  peers
