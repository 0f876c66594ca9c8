-- title: Sets of peers that hold every address of a family
-- grain: one row a set of peers and a family
-- parameters: none
with
  peers as (
    select distinct
      peer_key,
      peer_id
    from
      context_rule
  )
select distinct
  peers.peer_id,
  peer_range.is_ipv6
from
  peers
  inner join peer_range on peers.peer_key = peer_range.peer_key
  inner join cidr_range as family on peer_range.is_ipv6 = family.is_ipv6
  and peer_range.first_key = family.first_key
  and peer_range.last_key = family.last_key
where
  family.cidr in ('0.0.0.0/0', '::/0')
