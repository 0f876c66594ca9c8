-- title: The ranges of addresses that a set of peers consists of
-- grain: one row a set of peers and a range
-- parameters: none
select distinct
  peer_key,
  is_ipv6,
  first_key,
  last_key
from
  filter_range
