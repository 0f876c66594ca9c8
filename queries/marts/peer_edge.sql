-- title: Who exchanged what with whom, and what the other side is
-- grain: one row a row of traffic_edge
-- parameters: none
-- source: kinds of the other side: 1 interface, 2 several, 3 public, 4 private, 5 link-local, 6 multicast, 7 unknown
with
  -- Each address is of one row of own_peer for a VPC: the time is no part of the join, which stays one of equals.
  located as (
    select
      traffic_edge.*,
      edge_port.edge_range_number,
      edge_port.side_range_number,
      edge_port.is_watched,
      edge_port.first_port < edge_port.last_port as is_range,
      edge_port.scope_name,
      peer_address.address_number,
      peer_address.network_number,
      peer_address.kind_code as address_kind_code,
      if (
        coalesce(
          traffic_edge.first_at <= own_peer.possible_until
          and traffic_edge.last_at >= own_peer.possible_from,
          true
        ),
        own_peer.own_number,
        null
      ) as own_number,
      own_peer.is_several,
      own_peer.scope_name as own_scope_name,
      own_peer.scope_number as own_scope_number
    from
      traffic_edge
      inner join edge_port on traffic_edge.edge_number = edge_port.edge_number
      and traffic_edge.service_port = edge_port.service_port
      left join peer_address on traffic_edge.remote_number = peer_address.address_number
      left join own_peer on traffic_edge.remote_number = own_peer.address_number
      and edge_port.vpc_number = own_peer.vpc_number
  ),
  kinds as (
    select
      *,
      case
        when own_number is not null then if (is_several, 2, 1)
        when remote_number = -1 then 3
        else coalesce(address_kind_code, 7)
      end as kind_code
    from
      located
  )
select
  edge_range_number,
  side_range_number,
  remote_number,
  network_number,
  own_number,
  kind_code,
  if (own_number is null, 0, own_scope_number) as scope_number,
  is_range,
  is_watched
  and kind_code = 3 as is_watched,
  address_number is not null
  and scope_name is not null
  and (
    own_number is null
    or coalesce(own_scope_name <> scope_name, true)
  ) as is_told_apart,
  flow_count,
  inferred_count,
  byte_count,
  first_at,
  last_at,
  example_key
from
  kinds
