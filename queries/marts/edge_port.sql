-- title: The service ports of the edges of a day, and the ranges that they are kept in
-- grain: one row an edge of edge_class and a service port; a service port of -1 stands for none
-- parameters: none
-- source: edge_day.sql says which ports stand by themselves. A side and a range of ports have a number, and so have an edge and a
--   range: what follows compares these
with
  edges as (
    select
      edge_number,
      min(side_number) as side_number,
      min(vpc_number) as vpc_number,
      min(scope_name) as scope_name,
      min(opened_by) as opened_by,
      min(protocol) as protocol,
      min(action) as action
    from
      edge_class
    group by
      edge_number
  ),
  port_edges as (
    select
      edge_number,
      service_port,
      sum(flow_count) as flow_count
    from
      traffic_edge
    group by
      edge_number,
      service_port
  ),
  -- Ports, those of no known service by their place among them: most flows first.
  port_sums as (
    select
      edges.side_number,
      min(edges.protocol) as protocol,
      port_edges.service_port,
      bool_or(edges.scope_name is not null) as is_in_scope,
      sum(port_edges.flow_count) as flow_count
    from
      port_edges
      inner join edges on port_edges.edge_number = edges.edge_number
    where
      port_edges.service_port >= 0
    group by
      edges.side_number,
      port_edges.service_port
  ),
  known_ports as (
    select
      port_sums.*,
      coalesce(
        named_service.is_administration
        or named_service.is_insecure,
        false
      ) as is_watched,
      if (
        named_service.service is null,
        row_number() over (
          partition by
            port_sums.side_number,
            named_service.service is null
          order by
            port_sums.flow_count desc,
            port_sums.service_port
        ),
        0
      ) as port_place
    from
      port_sums
      left join named_service on port_sums.protocol = named_service.protocol
      and port_sums.service_port between named_service.first_port and named_service.last_port
  ),
  placed_ports as (
    select
      *,
      not is_in_scope
      or port_place > 32 as is_folded
    from
      known_ports
  ),
  ports as (
    select
      side_number,
      service_port,
      is_watched,
      if (
        is_folded,
        min(service_port) over folded_ports,
        service_port
      ) as first_port,
      if (
        is_folded,
        max(service_port) over folded_ports,
        service_port
      ) as last_port
    from
      placed_ports
    window
      folded_ports as (
        partition by
          side_number,
          is_folded
      )
  )
select
  port_edges.edge_number,
  port_edges.service_port,
  edges.vpc_number,
  edges.scope_name,
  ports.first_port,
  ports.last_port,
  cast(
    dense_rank () over (
      order by
        edges.side_number,
        ports.first_port,
        ports.last_port
    ) as integer
  ) as side_range_number,
  cast(
    dense_rank () over (
      order by
        port_edges.edge_number,
        ports.first_port,
        ports.last_port
    ) as integer
  ) as edge_range_number,
  coalesce(
    ports.is_watched
    and edges.action = 'ACCEPT'
    and edges.opened_by = 'remote',
    false
  ) as is_watched
from
  port_edges
  inner join edges on port_edges.edge_number = edges.edge_number
  left join ports on edges.side_number = ports.side_number
  and port_edges.service_port = ports.service_port
