-- title: The ranges of addresses that a set of peers consists of
-- grain: one row a set of peers and a range
-- parameters: none
with
  ranges as (
    select
      peer_key,
      is_ipv6,
      first_key,
      last_key
    from
      rule_range
    union
    select
      peer_key,
      is_ipv6,
      first_key,
      last_key
    from
      acl_range
  )
select
  *
from
  ranges
order by
  peer_key,
  first_key,
  last_key
