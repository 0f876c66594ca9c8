-- title: The cells of address space that addresses of the day lie in, and the ranges that hold them
-- grain: one row a cell that some range holds
-- parameters: none
with
  cells as (
    select
      cell_number,
      is_ipv6,
      min(address_key) as address_key
    from
      day_address
    group by
      cell_number,
      is_ipv6
  ),
  peers as (
    select distinct
      peer_key,
      peer_id
    from
      context_rule
  ),
  held as (
    select
      cells.cell_number,
      list_sort(array_agg(distinct peers.peer_id)) as peer_ids
    from
      cells
      inner join peer_range on cells.is_ipv6 = peer_range.is_ipv6
      and cells.address_key between peer_range.first_key and peer_range.last_key
      inner join peers on peer_range.peer_key = peers.peer_key
    group by
      cells.cell_number
  )
select
  cells.cell_number,
  cells.is_ipv6,
  held.peer_ids
from
  cells
  inner join held on cells.cell_number = held.cell_number
