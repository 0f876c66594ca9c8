-- title: Cells of address space that some rule of a list of groups and subnets tells from the rest, in one direction
-- grain: one row a list, a direction and a cell
-- parameters: none
-- source: what is open to all addresses of a family tells none of them from the others, so it is left out here
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
      address_cell.is_ipv6,
      peer.peer_id
    from
      address_cell
      cross join unnest(peer_ids) as peer (peer_id)
  )
select
  side_peers.list_id,
  side_peers.is_egress,
  cell_peers.cell_number,
  cell_peers.is_ipv6,
  list_sort(array_agg(side_peers.peer_id)) as peer_ids
from
  side_peers
  inner join cell_peers on side_peers.peer_id = cell_peers.peer_id
  left join open_peer on cell_peers.peer_id = open_peer.peer_id
  and cell_peers.is_ipv6 = open_peer.is_ipv6
where
  open_peer.peer_id is null
group by
  side_peers.list_id,
  side_peers.is_egress,
  cell_peers.cell_number,
  cell_peers.is_ipv6
