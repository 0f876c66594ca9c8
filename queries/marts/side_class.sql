-- title: Classes of addresses that are the same to the rules of a list of groups and subnets, in one direction
-- grain: one row a list, a direction and a class, from 3; 0 is no address, 1 the rest of IPv4, 2 the rest of IPv6
-- parameters: none
with
  classes as (
    select distinct
      list_id,
      is_egress,
      is_ipv6,
      peer_ids
    from
      side_cell
  )
select
  list_id,
  is_egress,
  is_ipv6,
  peer_ids,
  cast(
    2 + row_number() over (
      partition by
        list_id,
        is_egress
      order by
        is_ipv6,
        peer_ids
    ) as integer
  ) as address_class
from
  classes
