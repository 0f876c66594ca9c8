-- title: The other sides that stand in the daily rollup of traffic by themselves or with their network
-- grain: one row a side of edge_class, a range of ports, a kind of other side and a remote address; a negative peer number is that of
--   a network
-- parameters: none
-- source: edge_day.sql says how many they are
with
  -- Rows of one edge and port are of as many cells; those of several edges may be of the same.
  counts as (
    select
      edge_range_number,
      side_range_number,
      is_range,
      kind_code,
      is_watched,
      count(*) as row_count
    from
      peer_edge
    where
      is_told_apart
    group by
      edge_range_number,
      side_range_number,
      is_range,
      kind_code,
      is_watched
  ),
  cell_groups as (
    select
      side_range_number,
      kind_code,
      bool_or(is_watched) as is_watched,
      max(if (is_range, 1, row_count)) as least_count
    from
      counts
    group by
      side_range_number,
      kind_code
  ),
  group_sums as (
    select
      count(*) as group_count,
      sum(least_count) as least_count
    from
      cell_groups
  ),
  -- Where there are surely too many cells, only groups that have a place at all are looked at.
  looked_at as (
    select
      cell_groups.side_range_number,
      cell_groups.kind_code,
      cell_groups.is_watched,
      least(32, 40000 / greatest(group_sums.group_count, 1)) as place_count
    from
      cell_groups
      cross join group_sums
    where
      group_sums.least_count <= 40000
      or cell_groups.is_watched
      or group_sums.group_count <= 40000
  ),
  cells as (
    select
      peer_edge.side_range_number,
      peer_edge.kind_code,
      peer_edge.remote_number,
      min(peer_edge.network_number) as network_number,
      sum(peer_edge.flow_count) as flow_count
    from
      peer_edge
      inner join looked_at on peer_edge.side_range_number = looked_at.side_range_number
      and peer_edge.kind_code = looked_at.kind_code
    where
      peer_edge.is_told_apart
    group by
      peer_edge.side_range_number,
      peer_edge.kind_code,
      peer_edge.remote_number
  ),
  -- With few cells each is a row. All groups were looked at where there may be few.
  budget as (
    select
      group_sums.least_count <= 40000
      and (
        select
          count(*)
        from
          cells
      ) <= 40000 as is_little
    from
      group_sums
  ),
  places as (
    select
      looked_at.side_range_number,
      looked_at.kind_code,
      greatest(
        if (budget.is_little, 32, looked_at.place_count),
        if (looked_at.is_watched, 4, 0)
      ) as place_count
    from
      looked_at
      cross join budget
  ),
  placed_cells as (
    select
      cells.*,
      row_number() over (
        partition by
          cells.side_range_number,
          cells.kind_code
        order by
          cells.flow_count desc,
          cells.remote_number
      ) as cell_place,
      places.place_count
    from
      cells
      inner join places on cells.side_range_number = places.side_range_number
      and cells.kind_code = places.kind_code
    where
      places.place_count > 0
  ),
  placed_networks as (
    select
      side_range_number,
      kind_code,
      network_number,
      row_number() over (
        partition by
          side_range_number,
          kind_code
        order by
          sum(flow_count) desc,
          network_number
      ) as network_place
    from
      placed_cells
    where
      cell_place > place_count
      and kind_code > 2
    group by
      side_range_number,
      kind_code,
      network_number
  )
select
  placed_cells.side_range_number,
  placed_cells.kind_code,
  placed_cells.remote_number,
  if (
    placed_cells.cell_place <= placed_cells.place_count,
    placed_cells.remote_number,
    - placed_networks.network_number
  ) as peer_number
from
  placed_cells
  left join placed_networks on placed_cells.side_range_number = placed_networks.side_range_number
  and placed_cells.kind_code = placed_networks.kind_code
  and placed_cells.network_number = placed_networks.network_number
  and placed_networks.network_place <= placed_cells.place_count
where
  placed_cells.cell_place <= placed_cells.place_count
  or placed_networks.network_number is not null
