-- title: Stretches of ports that are the same to the rules of a list of groups and subnets, in one direction
-- grain: one row a list, a direction and a stretch of ports between the bounds of all rules
-- parameters: none
with
  ranges as (
    select distinct
      list_id,
      is_egress,
      protocol,
      from_port,
      to_port
    from
      context_rule
    where
      protocol in (6, 17)
      and from_port is not null
      and to_port is not null
  ),
  sides as (
    select distinct
      list_id,
      is_egress
    from
      context_rule
  ),
  stretches as (
    select
      port_stretch,
      min(port) as port
    from
      port_stretch
    where
      port >= 0
    group by
      port_stretch
  ),
  held as (
    select
      ranges.list_id,
      ranges.is_egress,
      stretches.port_stretch,
      list_sort(
        array_agg(
          (ranges.protocol * 65536 + ranges.from_port) * cast(65536 as bigint) + ranges.to_port
        )
      ) as range_keys
    from
      ranges
      inner join stretches on stretches.port between ranges.from_port and ranges.to_port
    group by
      ranges.list_id,
      ranges.is_egress,
      stretches.port_stretch
  ),
  stretches_of_sides as (
    select
      sides.list_id,
      sides.is_egress,
      stretches.port_stretch,
      stretches.port,
      coalesce(held.range_keys, []) as range_keys
    from
      sides
      cross join stretches
      left join held on sides.list_id = held.list_id
      and sides.is_egress = held.is_egress
      and stretches.port_stretch = held.port_stretch
  )
select
  list_id,
  is_egress,
  port_stretch,
  port,
  cast(
    dense_rank () over (
      partition by
        list_id,
        is_egress
      order by
        range_keys
    ) as integer
  ) as port_class
from
  stretches_of_sides
