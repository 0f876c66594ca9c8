-- title: The sets of peers that a class of addresses belongs to
-- grain: one row a list, a direction, a class of addresses and a set of peers
-- parameters: none
with
  classes as (
    select
      list_id,
      is_egress,
      address_class,
      is_ipv6
    from
      side_class
    union all
    select distinct
      list_id,
      is_egress,
      1 as address_class,
      false as is_ipv6
    from
      context_rule
    union all
    select distinct
      list_id,
      is_egress,
      2 as address_class,
      true as is_ipv6
    from
      context_rule
  ),
  side_peers as (
    select distinct
      list_id,
      is_egress,
      peer_id
    from
      context_rule
  )
select
  list_id,
  is_egress,
  address_class,
  peer.peer_id
from
  side_class
  cross join unnest(peer_ids) as peer (peer_id)
union all
select
  classes.list_id,
  classes.is_egress,
  classes.address_class,
  open_peer.peer_id
from
  classes
  inner join side_peers on classes.list_id = side_peers.list_id
  and classes.is_egress = side_peers.is_egress
  inner join open_peer on side_peers.peer_id = open_peer.peer_id
  and classes.is_ipv6 = open_peer.is_ipv6
