-- title: Peers outside the declared scope
-- question: Which systems outside the declared scopes exchanged accepted traffic with systems in scope, and are they known?
-- requirements: 12.5.2
-- parameters: period_start, period_end
-- rows: findings
-- needs: flows_in_scope
-- grain: one row a scope and an interface of the inventory, or a private range outside it; and one row a scope and other kind of
--   address, public ones together
-- limits: Traffic shows that a system is connected to the scope, not whether it stores account data or can affect its security:
--   that decides whether it belongs to the scope. A private address that the inventory does not hold may be of another
--   account, of a network on premises, or of an interface that lived between two snapshots. A peer without traffic in the period is not listed, nor is what was
--   only rejected. Addresses beyond 32 a side, service and day stand as
--   networks, and on days with very many even interfaces as one row without a name.
-- source: PCI DSS v4.0.1 requirement 12.5.2
with
  traffic as (
    select
      edge_day.scope_name,
      edge_day.peer_kind,
      edge_day.is_peer_scope_unclear,
      case
        when edge_day.peer_kind = 'interface' then edge_day.peer_interface_id
        when edge_day.peer_kind in ('several', 'private') then edge_day.peer_range
      end as peer,
      edge_day.peer_range,
      edge_day.peer_count,
      edge_day.opened_by,
      service_text (
        edge_day.protocol,
        edge_day.first_port,
        edge_day.last_port,
        named_service.service
      ) as service,
      edge_day.flow_count,
      edge_day.byte_count,
      edge_day.first_at,
      edge_day.last_at
    from
      edge_day
      left join named_service on edge_day.protocol = named_service.protocol
      and edge_day.first_port >= named_service.first_port
      and edge_day.last_port <= named_service.last_port
    where
      edge_day.flow_date >= cast(cast($period_start as timestamp) as date)
      and edge_day.flow_date < cast(cast($period_end as timestamp) as date)
      and edge_day.scope_name is not null
      and edge_day.peer_scope_name is null
      and edge_day.action = 'ACCEPT'
  ),
  services as (
    select
      scope_name,
      peer_kind,
      is_peer_scope_unclear,
      coalesce(peer, '') as peer,
      service,
      row_number() over (
        partition by
          scope_name,
          peer_kind,
          is_peer_scope_unclear,
          coalesce(peer, '')
        order by
          sum(flow_count) desc,
          service
      ) as service_place
    from
      traffic
    group by
      scope_name,
      peer_kind,
      is_peer_scope_unclear,
      coalesce(peer, ''),
      service
  ),
  service_lists as (
    select
      scope_name,
      peer_kind,
      is_peer_scope_unclear,
      peer,
      array_join (
        array_agg(
          service
          order by
            service_place
        ) filter(
          where
            service_place <= 5
        ),
        ', '
      ) as top_services
    from
      services
    group by
      scope_name,
      peer_kind,
      is_peer_scope_unclear,
      peer
  ),
  -- The same addresses come again on other days.
  ranges as (
    select
      scope_name,
      peer_kind,
      is_peer_scope_unclear,
      coalesce(peer, '') as peer,
      coalesce(peer_range, '') as peer_range,
      max(peer_count) as peer_count,
      sum(flow_count) as flow_count,
      sum(byte_count) as byte_count,
      bool_or(coalesce(opened_by = 'local', false)) as has_opened_locally,
      bool_or(coalesce(opened_by = 'remote', false)) as has_opened_remotely,
      min(first_at) as first_at,
      max(last_at) as last_at
    from
      traffic
    group by
      scope_name,
      peer_kind,
      is_peer_scope_unclear,
      coalesce(peer, ''),
      coalesce(peer_range, '')
  ),
  peers as (
    select
      scope_name,
      peer_kind,
      is_peer_scope_unclear,
      peer,
      sum(peer_count) as address_count,
      sum(flow_count) as flow_count,
      sum(byte_count) as byte_count,
      bool_or(has_opened_locally) as has_opened_locally,
      bool_or(has_opened_remotely) as has_opened_remotely,
      min(first_at) as first_at,
      max(last_at) as last_at
    from
      ranges
    group by
      scope_name,
      peer_kind,
      is_peer_scope_unclear,
      peer
  ),
  interfaces as (
    select
      network_interface_id,
      max_by(
        coalesce(instance_name, owner_id, instance_id),
        valid_from
      ) as owner_name,
      max_by(owner_kind, valid_from) as owner_kind,
      max_by(vpc_id, valid_from) as vpc_id
    from
      interface_context
    where
      valid_from < cast($period_end as timestamp)
    group by
      network_interface_id
  )
select
  peers.scope_name,
  nullif(peers.peer, '') as peer,
  segment_text (
    peers.peer_kind,
    null,
    peers.is_peer_scope_unclear
  ) as peer_segment,
  interfaces.owner_kind as peer_owner_kind,
  interfaces.owner_name as peer_name,
  interfaces.vpc_id as peer_vpc_id,
  service_lists.top_services,
  case
    when peers.has_opened_locally
    and peers.has_opened_remotely then 'both'
    when peers.has_opened_locally then 'scope'
    when peers.has_opened_remotely then 'peer'
    else 'not known'
  end as opened_by,
  cast(peers.address_count as bigint) as address_count,
  cast(peers.flow_count as bigint) as flow_count,
  cast(peers.byte_count as bigint) as byte_count,
  peers.first_at,
  peers.last_at,
  case
    when peers.peer_kind in ('interface', 'several', 'private', 'unknown') then 'partial'
    else 'manual_evidence_required'
  end as status,
  case
    when peers.is_peer_scope_unclear then 'SCOPE_PEER_UNCLEAR'
    when peers.peer_kind in ('interface', 'several') then 'SCOPE_PEER_NOT_IN_SCOPE'
    when peers.peer_kind = 'private' then 'SCOPE_PEER_NOT_IN_INVENTORY'
    when peers.peer_kind = 'unknown' then 'SCOPE_PEER_UNKNOWN'
    when peers.peer_kind = 'public' then 'SCOPE_PEER_PUBLIC'
    else 'SCOPE_PEER_SPECIAL'
  end as gap_code,
  case
    when peers.is_peer_scope_unclear then 'The address is of several interfaces, of which not all are in one scope.'
    when peers.peer_kind in ('interface', 'several') then 'It is in the inventory and in no scope, and exchanged traffic with the scope: it is connected to it.'
    when peers.peer_kind = 'private' then 'No interface of the inventory had this private address at that time.'
    when peers.peer_kind = 'unknown' then 'The records do not say which of their addresses is the other side.'
    when peers.peer_kind = 'public' then 'Public addresses: whose they are, and which of them are third parties, no log says.'
    else 'Link-local or multicast addresses are of no single system.'
  end as why,
  case
    when peers.is_peer_scope_unclear
    or peers.peer_kind in ('interface', 'several') then 'Add it to a scope of the configuration, or document why it is out of scope although connected.'
    when peers.peer_kind = 'private' then 'Find whose it is: give the inventory the account that it is of, or document the connection (site, partner, VPN).'
    when peers.peer_kind = 'unknown' then 'Record flow-direction, pkt-srcaddr and pkt-dstaddr.'
    when peers.peer_kind = 'public' then 'Compare with the list of third-party connections; inbound_to_scope and outbound_from_scope name addresses and services.'
  end as remedy
from
  peers
  inner join service_lists on peers.scope_name = service_lists.scope_name
  and peers.peer_kind = service_lists.peer_kind
  and peers.is_peer_scope_unclear = service_lists.is_peer_scope_unclear
  and peers.peer = service_lists.peer
  left join interfaces on peers.peer = interfaces.network_interface_id
order by
  peers.scope_name,
  peers.peer_kind,
  peers.is_peer_scope_unclear,
  peers.peer
