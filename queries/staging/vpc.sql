-- title: VPCs
-- grain: one row a state of a VPC
select
  resource_id as vpc_id,
  element_at(tags_of (configuration, '$.Tags'), 'Name') as vpc_name,
  list_sort(
    list_distinct(
      list_concat(
        texts_at (
          configuration,
          '$.CidrBlockAssociationSet[*].CidrBlock'
        ),
        texts_at (
          configuration,
          '$.Ipv6CidrBlockAssociationSet[*].Ipv6CidrBlock'
        )
      )
    )
  ) as cidrs,
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
  resource_type = 'vpc'
order by
  vpc_id,
  valid_from,
  state_id
