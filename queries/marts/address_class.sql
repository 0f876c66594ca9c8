-- title: The class of each cell of address space, for a list of groups and subnets and a direction
-- grain: one row a cell_key, which is one number for the three, as one is found faster; other cells are of the rest
-- parameters: none
select
  (
    side_cell.list_id * 2 - if (side_cell.is_egress, 1, 2)
  ) * cast(4294967296 as bigint) + side_cell.cell_number as cell_key,
  side_class.address_class
from
  side_cell
  inner join side_class on side_cell.list_id = side_class.list_id
  and side_cell.is_egress = side_class.is_egress
  and side_cell.is_ipv6 = side_class.is_ipv6
  and side_cell.peer_ids = side_class.peer_ids
