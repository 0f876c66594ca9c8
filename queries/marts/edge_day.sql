-- title: Traffic of each day: which interface exchanged what with whom, who opened it, and what the rules say of it
-- grain: one row an interface in a state, direction, opener, protocol, service ports, other side, action, verdict of the rules and
--   rules
-- parameters: flow_date
-- source: what reports ask decides what is kept apart. Of interfaces in no scope: neither port nor other side. Of the other side
--   in the same scope: not which interface. Of a side, 32 ports that no service is known of, then the range of the others.
--   Of a side and port, 32 other sides or as many as make 40,000 rows of the day, but at least 4 public ones that came to a
--   port for administration or of an insecure service; then as many networks (24 bits of IPv4, 48 of IPv6), then all
--   others as one. Those with most flows stand by themselves. So a scan of all ports by all the world is some rows.
with
  edges as (
    select
      edge_number,
      min(network_interface_id) as network_interface_id,
      min(state_id) as state_id,
      min(scope_name) as scope_name,
      min(row_direction) as row_direction,
      min(opened_by) as opened_by,
      min(protocol) as protocol,
      min(action) as action,
      min(rule_verdict) as rule_verdict,
      min(rule_reason) as rule_reason,
      min(answer_id) as answer_id
    from
      edge_class
    group by
      edge_number
  ),
  ranges as (
    select
      edge_range_number,
      min(edge_number) as edge_number,
      min(first_port) as first_port,
      min(last_port) as last_port
    from
      edge_port
    group by
      edge_range_number
  ),
  scopes as (
    select distinct
      scope_number,
      scope_name,
      is_scope_unclear
    from
      own_peer
  ),
  networks as (
    select
      network_number,
      min(network) as network
    from
      peer_address
    group by
      network_number
  ),
  sums as (
    select
      peer_edge.edge_range_number,
      peer_edge.kind_code,
      peer_edge.scope_number,
      coalesce(edge_cell.peer_number, 0) as peer_number,
      -- An address comes once an edge and port, and again only with another port of a range.
      count(*) filter(
        where
          peer_edge.remote_number >= 0
          and peer_edge.is_range is not true
      ) + count(distinct peer_edge.remote_number) filter(
        where
          peer_edge.remote_number >= 0
          and peer_edge.is_range
      ) as peer_count,
      min(peer_edge.own_number) as own_number,
      sum(peer_edge.flow_count) as flow_count,
      sum(peer_edge.inferred_count) as inferred_count,
      sum(peer_edge.byte_count) as byte_count,
      min(peer_edge.first_at) as first_at,
      max(peer_edge.last_at) as last_at,
      min(peer_edge.example_key) as example_key
    from
      peer_edge
      left join edge_cell on peer_edge.side_range_number = edge_cell.side_range_number
      and peer_edge.kind_code = edge_cell.kind_code
      and if (
        peer_edge.is_told_apart,
        peer_edge.remote_number,
        null
      ) = edge_cell.remote_number
    group by
      peer_edge.edge_range_number,
      peer_edge.kind_code,
      peer_edge.scope_number,
      coalesce(edge_cell.peer_number, 0)
  )
select
  edges.network_interface_id,
  edges.state_id,
  edges.scope_name,
  edges.row_direction,
  edges.opened_by,
  edges.protocol,
  ranges.first_port,
  ranges.last_port,
  case sums.kind_code
    when 1 then 'interface'
    when 2 then 'several'
    when 3 then 'public'
    when 4 then 'private'
    when 5 then 'link_local'
    when 6 then 'multicast'
    else 'unknown'
  end as peer_kind,
  if (
    sums.kind_code = 1
    and sums.peer_number > 0,
    own_peer.network_interface_id,
    null
  ) as peer_interface_id,
  scopes.scope_name as peer_scope_name,
  coalesce(scopes.is_scope_unclear, false) as is_peer_scope_unclear,
  coalesce(peer_address.address_range, networks.network) as peer_range,
  nullif(sums.peer_count, 0) as peer_count,
  edges.action,
  edges.rule_verdict,
  edges.rule_reason,
  coalesce(match_answer.rule_ids, []) as rule_ids,
  cast(sums.flow_count as bigint) as flow_count,
  cast(sums.inferred_count as bigint) as inferred_count,
  cast(sums.byte_count as bigint) as byte_count,
  sums.first_at,
  sums.last_at,
  -- An example is for what a person must look into: of what is in order it would only take room.
  if (
    edges.rule_reason is not null,
    day_object.object_id || ':' || cast(
      sums.example_key % cast(1099511627776 as bigint) as varchar
    ),
    null
  ) as example_flow_id,
  cast($flow_date as date) as flow_date
from
  sums
  inner join ranges on sums.edge_range_number = ranges.edge_range_number
  inner join edges on ranges.edge_number = edges.edge_number
  left join scopes on sums.scope_number = scopes.scope_number
  left join match_answer on edges.answer_id = match_answer.answer_id
  and match_answer.flow_date = cast($flow_date as date)
  left join own_peer on sums.own_number = own_peer.own_number
  left join peer_address on sums.peer_number = peer_address.address_number
  left join networks on sums.peer_number = - networks.network_number
  left join day_object on sums.example_key / cast(1099511627776 as bigint) = day_object.object_number
order by
  edges.edge_number,
  ranges.first_port,
  ranges.last_port,
  sums.kind_code,
  nullif(greatest(sums.peer_number, 0), 0),
  nullif(greatest(- sums.peer_number, 0), 0),
  scopes.scope_name,
  coalesce(scopes.is_scope_unclear, false)
