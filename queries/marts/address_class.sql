-- title: Which cells of address space are the same to the rules of a list of groups and subnets, in one direction
-- grain: one row a list, a direction and a cell that one of its rules or entries looks at; all other cells have no row
-- parameters: none
with
  side_peers as (
    select distinct
      list_id,
      is_egress,
      peer_id
    from
      context_rule
  ),
  cell_peers as (
    select
      address_cell.cell_number,
      peer.peer_id
    from
      address_cell
      cross join unnest(peer_ids) as peer (peer_id)
  ),
  classes as (
    select
      side_peers.list_id,
      side_peers.is_egress,
      cell_peers.cell_number,
      list_sort(array_agg(side_peers.peer_id)) as peer_ids
    from
      side_peers
      inner join cell_peers on side_peers.peer_id = cell_peers.peer_id
    group by
      side_peers.list_id,
      side_peers.is_egress,
      cell_peers.cell_number
  )
select
  list_id,
  is_egress,
  cell_number,
  -- One number is found faster than three.
  (list_id * 2 - if (is_egress, 1, 2)) * cast(4294967296 as bigint) + cell_number as cell_key,
  peer_ids,
  cast(
    dense_rank () over (
      partition by
        list_id,
        is_egress
      order by
        peer_ids
    ) as integer
  ) as address_class
from
  classes
