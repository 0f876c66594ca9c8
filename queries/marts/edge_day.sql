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
      min(side_number) as side_number,
      min(vpc_number) as vpc_number,
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
  addresses as (
    select
      address_number,
      case
        when bitwise_and (address_traits, 2) > 0 then 3
        when address_key between '00000000000000000000ffffa9fe0000' and '00000000000000000000ffffa9feffff'
        or address_key between 'fe800000000000000000000000000000' and 'febfffffffffffffffffffffffffffff' then 5
        when address_key between '00000000000000000000ffffe0000000' and '00000000000000000000ffffffffffff'
        or address_key >= 'ff000000000000000000000000000000' then 6
        else 4
      end as kind_code,
      address || if (is_ipv6, '/128', '/32') as address_range,
      if (
        is_ipv6,
        array_join (
          [
            substr(address_key, 1, 4),
            substr(address_key, 5, 4),
            substr(address_key, 9, 4)
          ],
          ':'
        ) || '::/48',
        regexp_replace(address, '[.][0-9]+$', '.0/24')
      ) as network
    from
      day_address
  ),
  numbered_addresses as (
    select
      *,
      cast(
        dense_rank () over (
          order by
            network
        ) as integer
      ) as network_number
    from
      addresses
  ),
  -- Each address is of one row of own_peer for a VPC: the time is no part of the join, which stays one of equals.
  located as (
    select
      traffic_edge.*,
      edges.side_number,
      edges.protocol,
      edges.scope_name,
      edges.action = 'ACCEPT'
      and edges.opened_by = 'remote' as has_come_in,
      numbered_addresses.address_number,
      numbered_addresses.network_number,
      numbered_addresses.kind_code as address_kind_code,
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
      own_peer.is_scope_unclear
    from
      traffic_edge
      inner join edges on traffic_edge.edge_number = edges.edge_number
      left join numbered_addresses on traffic_edge.remote_number = numbered_addresses.address_number
      left join own_peer on traffic_edge.remote_number = own_peer.address_number
      and edges.vpc_number = own_peer.vpc_number
  ),
  -- Kinds: 1 interface, 2 several, 3 public, 4 private, 5 link-local, 6 multicast, 7 unknown.
  peered as (
    select
      edge_number,
      side_number,
      protocol,
      service_port,
      remote_number,
      network_number,
      own_number,
      if (own_number is null, null, own_scope_name) as peer_scope_name,
      own_number is not null
      and is_scope_unclear as is_peer_scope_unclear,
      case
        when own_number is not null then if (is_several, 2, 1)
        when remote_number = -1 then 3
        else coalesce(address_kind_code, 7)
      end as kind_code,
      scope_name is not null as is_in_scope,
      address_number is not null
      and scope_name is not null
      and (
        own_number is null
        or coalesce(own_scope_name <> scope_name, true)
      ) as is_told_apart,
      coalesce(has_come_in, false) as has_come_in,
      flow_count,
      inferred_count,
      byte_count,
      first_at,
      last_at,
      example_key
    from
      located
  ),
  -- Ports, those of no known service by their place among them: most flows first.
  port_sums as (
    select
      side_number,
      min(protocol) as protocol,
      service_port,
      bool_or(is_in_scope) as is_in_scope,
      sum(flow_count) as flow_count
    from
      peered
    where
      service_port >= 0
    group by
      side_number,
      service_port
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
  ),
  ported as (
    select
      peered.*,
      ports.first_port,
      ports.last_port,
      coalesce(ports.first_port, -1) * cast(65536 as bigint) + coalesce(ports.last_port, -1) as port_key,
      coalesce(ports.is_watched, false)
      and peered.has_come_in
      and peered.kind_code = 3 as is_watched
    from
      peered
      left join ports on peered.side_number = ports.side_number
      and peered.service_port = ports.service_port
  ),
  cells as (
    select
      side_number,
      port_key,
      kind_code,
      remote_number,
      min(network_number) as network_number,
      bool_or(is_watched) as is_watched,
      sum(flow_count) as flow_count
    from
      ported
    where
      is_told_apart
    group by
      side_number,
      port_key,
      kind_code,
      remote_number
  ),
  cell_groups as (
    select distinct
      side_number,
      port_key,
      kind_code
    from
      cells
  ),
  -- With few cells each is a row.
  budget as (
    select
      if (
        (
          select
            count(*)
          from
            cells
        ) <= 40000,
        32,
        least(32, 40000 / greatest(count(*), 1))
      ) as place_count
    from
      cell_groups
  ),
  placed_cells as (
    select
      cells.*,
      row_number() over (
        partition by
          cells.side_number,
          cells.port_key,
          cells.kind_code
        order by
          cells.flow_count desc,
          cells.remote_number
      ) as cell_place,
      greatest(budget.place_count, if (cells.is_watched, 4, 0)) as place_count
    from
      cells
      cross join budget
  ),
  placed_networks as (
    select
      side_number,
      port_key,
      kind_code,
      network_number,
      row_number() over (
        partition by
          side_number,
          port_key,
          kind_code
        order by
          sum(flow_count) desc,
          network_number
      ) as network_place
    from
      placed_cells
    where
      cell_place > place_count
      and place_count > 0
      and kind_code > 2
    group by
      side_number,
      port_key,
      kind_code,
      network_number
  ),
  named_cells as (
    select
      placed_cells.side_number,
      placed_cells.port_key,
      placed_cells.kind_code,
      placed_cells.remote_number,
      placed_cells.cell_place <= placed_cells.place_count as is_named,
      placed_networks.network_number
    from
      placed_cells
      left join placed_networks on placed_cells.side_number = placed_networks.side_number
      and placed_cells.port_key = placed_networks.port_key
      and placed_cells.kind_code = placed_networks.kind_code
      and placed_cells.network_number = placed_networks.network_number
      and placed_networks.network_place <= placed_cells.place_count
    where
      placed_cells.cell_place <= placed_cells.place_count
      or placed_networks.network_number is not null
  ),
  sums as (
    select
      ported.edge_number,
      ported.first_port,
      ported.last_port,
      ported.kind_code,
      ported.peer_scope_name,
      ported.is_peer_scope_unclear,
      if (named_cells.is_named, ported.remote_number, null) as named_number,
      if (
        named_cells.is_named,
        null,
        named_cells.network_number
      ) as network_number,
      -- An address comes once an edge and port, and again only with another port of a range.
      count(*) filter(
        where
          ported.remote_number >= 0
          and coalesce(ported.first_port = ported.last_port, true)
      ) + count(distinct ported.remote_number) filter(
        where
          ported.remote_number >= 0
          and ported.first_port < ported.last_port
      ) as peer_count,
      min(ported.own_number) as own_number,
      sum(ported.flow_count) as flow_count,
      sum(ported.inferred_count) as inferred_count,
      sum(ported.byte_count) as byte_count,
      min(ported.first_at) as first_at,
      max(ported.last_at) as last_at,
      min(ported.example_key) as example_key
    from
      ported
      left join named_cells on ported.side_number = named_cells.side_number
      and ported.port_key = named_cells.port_key
      and ported.kind_code = named_cells.kind_code
      and if (ported.is_told_apart, ported.remote_number, null) = named_cells.remote_number
    group by
      ported.edge_number,
      ported.first_port,
      ported.last_port,
      ported.kind_code,
      ported.peer_scope_name,
      ported.is_peer_scope_unclear,
      if (named_cells.is_named, ported.remote_number, null),
      if (
        named_cells.is_named,
        null,
        named_cells.network_number
      )
  ),
  networks as (
    select
      network_number,
      min(network) as network
    from
      numbered_addresses
    group by
      network_number
  )
select
  edges.network_interface_id,
  edges.state_id,
  edges.scope_name,
  edges.row_direction,
  edges.opened_by,
  edges.protocol,
  sums.first_port,
  sums.last_port,
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
    and sums.named_number is not null,
    own_peer.network_interface_id,
    null
  ) as peer_interface_id,
  sums.peer_scope_name,
  sums.is_peer_scope_unclear,
  coalesce(
    numbered_addresses.address_range,
    networks.network
  ) as peer_range,
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
  inner join edges on sums.edge_number = edges.edge_number
  left join match_answer on edges.answer_id = match_answer.answer_id
  and match_answer.flow_date = cast($flow_date as date)
  left join own_peer on sums.own_number = own_peer.own_number
  left join numbered_addresses on sums.named_number = numbered_addresses.address_number
  left join networks on sums.network_number = networks.network_number
  left join day_object on sums.example_key / cast(1099511627776 as bigint) = day_object.object_number
order by
  edges.edge_number,
  sums.first_port,
  sums.last_port,
  sums.kind_code,
  sums.named_number,
  sums.network_number,
  sums.peer_scope_name,
  sums.is_peer_scope_unclear
