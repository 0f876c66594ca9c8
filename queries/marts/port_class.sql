-- title: The class of each stretch of ports, for a list of groups and subnets and a direction
-- grain: one row a stretch_key, which is one number for the three; classes count from 2: 0 is no port, 1 the rest
-- parameters: none
select
  list_id,
  is_egress,
  port,
  (list_id * 2 - if (is_egress, 1, 2)) * cast(4294967296 as bigint) + port_stretch as stretch_key,
  cast(
    1 + dense_rank () over (
      partition by
        list_id,
        is_egress
      order by
        range_numbers
    ) as integer
  ) as port_class
from
  side_stretch
