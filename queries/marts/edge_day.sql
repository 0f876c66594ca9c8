-- title: Traffic of each day: which interface exchanged what with whom, who opened it, and what the rules say of it
-- grain: one row an interface in a state, direction, opener, protocol, service ports, other side, action, verdict of the rules and
--   rules
-- parameters: flow_date
-- source: of many, the few with most flows stand by themselves and the others together: 32 ports a side that no service is known
--   of, then the range of the others; 32 addresses outside the inventory a side and port, then 32 networks (24 bits of IPv4,
--   48 of IPv6), then all others. So a scan of all ports by all the world is some rows.
with
  edges as (
    select
      edge_number,
      min(side_number) as side_number,
      min(network_interface_id) as network_interface_id,
      min(state_id) as state_id,
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
  ruled_edges as (
    select
      edges.edge_number,
      edges.side_number,
      edges.network_interface_id,
      edges.state_id,
      interface_context.scope_name,
      interface_context.vpc_id,
      edges.row_direction,
      edges.opened_by,
      edges.protocol,
      edges.action,
      edges.rule_verdict,
      edges.rule_reason,
      coalesce(match_answer.rule_ids, []) as rule_ids
    from
      edges
      left join interface_context on edges.state_id = interface_context.state_id
      left join match_answer on edges.answer_id = match_answer.answer_id
      and match_answer.flow_date = cast($flow_date as date)
  ),
  -- An address may be of several interfaces, in other VPCs or one after the other; those of the VPC are nearer.
  owners as (
    select
      traffic_edge.edge_number,
      traffic_edge.remote_number,
      traffic_edge.service_port,
      own_address.network_interface_id,
      coalesce(own_address.scope_name, '') as scope_name,
      coalesce(own_address.vpc_id = ruled_edges.vpc_id, false) as is_same_vpc
    from
      traffic_edge
      inner join ruled_edges on traffic_edge.edge_number = ruled_edges.edge_number
      inner join own_address on traffic_edge.remote_number = own_address.address_number
      and coalesce(
        traffic_edge.first_at <= own_address.possible_until,
        true
      )
      and coalesce(
        traffic_edge.last_at >= own_address.possible_from,
        true
      )
  ),
  vpc_owners as (
    select
      edge_number,
      remote_number,
      service_port,
      bool_or(is_same_vpc) as has_same_vpc
    from
      owners
    group by
      edge_number,
      remote_number,
      service_port
  ),
  own_peers as (
    select
      owners.edge_number,
      owners.remote_number,
      owners.service_port,
      min(owners.network_interface_id) as first_interface_id,
      max(owners.network_interface_id) as last_interface_id,
      min(owners.scope_name) as first_scope_name,
      max(owners.scope_name) as last_scope_name
    from
      owners
      inner join vpc_owners on owners.edge_number = vpc_owners.edge_number
      and owners.remote_number = vpc_owners.remote_number
      and owners.service_port = vpc_owners.service_port
      and owners.is_same_vpc = vpc_owners.has_same_vpc
    group by
      owners.edge_number,
      owners.remote_number,
      owners.service_port
  ),
  addresses as (
    select
      address_number,
      address,
      case
        when bitwise_and (address_traits, 2) > 0 then 'public'
        when address_key between '00000000000000000000ffffa9fe0000' and '00000000000000000000ffffa9feffff'
        or address_key between 'fe800000000000000000000000000000' and 'febfffffffffffffffffffffffffffff' then 'link_local'
        when address_key between '00000000000000000000ffffe0000000' and '00000000000000000000ffffffffffff'
        or address_key >= 'ff000000000000000000000000000000' then 'multicast'
        else 'private'
      end as peer_kind,
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
  peered as (
    select
      traffic_edge.edge_number,
      ruled_edges.side_number,
      ruled_edges.protocol,
      traffic_edge.remote_number,
      traffic_edge.service_port,
      case
        when own_peers.first_interface_id = own_peers.last_interface_id then 'interface'
        when own_peers.first_interface_id is not null then 'several'
        when traffic_edge.remote_number = -1 then 'public'
        else coalesce(addresses.peer_kind, 'unknown')
      end as peer_kind,
      if (
        own_peers.first_interface_id = own_peers.last_interface_id,
        own_peers.first_interface_id,
        null
      ) as peer_interface_id,
      if (
        own_peers.first_scope_name = own_peers.last_scope_name,
        nullif(own_peers.first_scope_name, ''),
        null
      ) as peer_scope_name,
      coalesce(
        own_peers.first_scope_name <> own_peers.last_scope_name,
        false
      ) as is_peer_scope_unclear,
      addresses.address_range,
      addresses.network,
      traffic_edge.flow_count,
      traffic_edge.inferred_count,
      traffic_edge.byte_count,
      traffic_edge.first_at,
      traffic_edge.last_at,
      traffic_edge.example_key
    from
      traffic_edge
      inner join ruled_edges on traffic_edge.edge_number = ruled_edges.edge_number
      left join own_peers on traffic_edge.edge_number = own_peers.edge_number
      and traffic_edge.remote_number = own_peers.remote_number
      and traffic_edge.service_port = own_peers.service_port
      left join addresses on traffic_edge.remote_number = addresses.address_number
  ),
  -- Ports of no known service, those with most flows first.
  ports as (
    select
      peered.side_number,
      peered.service_port,
      row_number() over (
        partition by
          peered.side_number
        order by
          sum(peered.flow_count) desc,
          peered.service_port
      ) as port_place
    from
      peered
      left join named_service on peered.protocol = named_service.protocol
      and peered.service_port between named_service.first_port and named_service.last_port
    where
      peered.service_port >= 0
      and named_service.service is null
    group by
      peered.side_number,
      peered.service_port
  ),
  other_ports as (
    select
      side_number,
      min(service_port) as first_port,
      max(service_port) as last_port
    from
      ports
    where
      port_place > 32
    group by
      side_number
  ),
  ported as (
    select
      peered.*,
      if (
        ports.port_place > 32,
        other_ports.first_port,
        nullif(peered.service_port, -1)
      ) as first_port,
      if (
        ports.port_place > 32,
        other_ports.last_port,
        nullif(peered.service_port, -1)
      ) as last_port
    from
      peered
      left join ports on peered.side_number = ports.side_number
      and peered.service_port = ports.service_port
      left join other_ports on peered.side_number = other_ports.side_number
  ),
  address_places as (
    select
      side_number,
      coalesce(first_port, -1) as first_port,
      coalesce(last_port, -1) as last_port,
      peer_kind,
      remote_number,
      network,
      sum(flow_count) as flow_count,
      row_number() over (
        partition by
          side_number,
          coalesce(first_port, -1),
          coalesce(last_port, -1),
          peer_kind
        order by
          sum(flow_count) desc,
          remote_number
      ) as address_place
    from
      ported
    where
      address_range is not null
      and peer_kind not in ('interface', 'several')
    group by
      side_number,
      coalesce(first_port, -1),
      coalesce(last_port, -1),
      peer_kind,
      remote_number,
      network
  ),
  network_places as (
    select
      side_number,
      first_port,
      last_port,
      peer_kind,
      network,
      row_number() over (
        partition by
          side_number,
          first_port,
          last_port,
          peer_kind
        order by
          sum(flow_count) desc,
          network
      ) as network_place
    from
      address_places
    where
      address_place > 32
    group by
      side_number,
      first_port,
      last_port,
      peer_kind,
      network
  ),
  -- Of an address that is not of the inventory: itself, its network, or none.
  ranges as (
    select
      address_places.side_number,
      address_places.first_port,
      address_places.last_port,
      address_places.peer_kind,
      address_places.remote_number,
      case
        when address_places.address_place <= 32 then addresses.address_range
        when network_places.network_place <= 32 then address_places.network
      end as peer_range
    from
      address_places
      inner join addresses on address_places.remote_number = addresses.address_number
      left join network_places on address_places.side_number = network_places.side_number
      and address_places.first_port = network_places.first_port
      and address_places.last_port = network_places.last_port
      and address_places.peer_kind = network_places.peer_kind
      and address_places.network = network_places.network
  ),
  ranged as (
    select
      ported.*,
      if (
        ported.peer_kind in ('interface', 'several'),
        ported.address_range,
        ranges.peer_range
      ) as peer_range
    from
      ported
      left join ranges on ported.side_number = ranges.side_number
      and coalesce(ported.first_port, -1) = ranges.first_port
      and coalesce(ported.last_port, -1) = ranges.last_port
      and ported.peer_kind = ranges.peer_kind
      and ported.remote_number = ranges.remote_number
  ),
  sums as (
    select
      ruled_edges.network_interface_id,
      ruled_edges.state_id,
      ruled_edges.scope_name,
      ruled_edges.row_direction,
      ruled_edges.opened_by,
      ruled_edges.protocol,
      ranged.first_port,
      ranged.last_port,
      ranged.peer_kind,
      ranged.peer_interface_id,
      ranged.peer_scope_name,
      ranged.is_peer_scope_unclear,
      ranged.peer_range,
      ruled_edges.action,
      ruled_edges.rule_verdict,
      ruled_edges.rule_reason,
      ruled_edges.rule_ids,
      count(distinct nullif(ranged.remote_number, -1)) as peer_count,
      sum(ranged.flow_count) as flow_count,
      sum(ranged.inferred_count) as inferred_count,
      sum(ranged.byte_count) as byte_count,
      min(ranged.first_at) as first_at,
      max(ranged.last_at) as last_at,
      min(ranged.example_key) as example_key
    from
      ranged
      inner join ruled_edges on ranged.edge_number = ruled_edges.edge_number
    group by
      ruled_edges.network_interface_id,
      ruled_edges.state_id,
      ruled_edges.scope_name,
      ruled_edges.row_direction,
      ruled_edges.opened_by,
      ruled_edges.protocol,
      ranged.first_port,
      ranged.last_port,
      ranged.peer_kind,
      ranged.peer_interface_id,
      ranged.peer_scope_name,
      ranged.is_peer_scope_unclear,
      ranged.peer_range,
      ruled_edges.action,
      ruled_edges.rule_verdict,
      ruled_edges.rule_reason,
      ruled_edges.rule_ids
  )
select
  sums.network_interface_id,
  sums.state_id,
  sums.scope_name,
  sums.row_direction,
  sums.opened_by,
  sums.protocol,
  sums.first_port,
  sums.last_port,
  sums.peer_kind,
  sums.peer_interface_id,
  sums.peer_scope_name,
  sums.is_peer_scope_unclear,
  sums.peer_range,
  nullif(sums.peer_count, 0) as peer_count,
  sums.action,
  sums.rule_verdict,
  sums.rule_reason,
  sums.rule_ids,
  cast(sums.flow_count as bigint) as flow_count,
  cast(sums.inferred_count as bigint) as inferred_count,
  cast(sums.byte_count as bigint) as byte_count,
  sums.first_at,
  sums.last_at,
  -- An example is for what a person must look into: rules of thousands of rows would only repeat themselves.
  if (
    sums.rule_reason is not null,
    day_object.object_id || ':' || cast(
      sums.example_key % cast(1099511627776 as bigint) as varchar
    ),
    null
  ) as example_flow_id,
  cast($flow_date as date) as flow_date
from
  sums
  left join day_object on sums.example_key / cast(1099511627776 as bigint) = day_object.object_number
order by
  sums.network_interface_id,
  sums.state_id,
  sums.row_direction,
  sums.opened_by,
  sums.protocol,
  sums.first_port,
  sums.last_port,
  sums.peer_kind,
  sums.peer_range,
  sums.peer_interface_id,
  sums.peer_scope_name,
  sums.is_peer_scope_unclear,
  sums.action,
  sums.rule_verdict,
  sums.rule_reason,
  array_join (sums.rule_ids, ' ')
