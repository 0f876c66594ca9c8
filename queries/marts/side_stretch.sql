-- title: Stretches of ports that some rule of a list of groups and subnets tells from the rest, in one direction
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
  -- One number a protocol and range: many rules have the same.
  numbered as (
    select
      *,
      cast(
        dense_rank () over (
          order by
            protocol,
            from_port,
            to_port
        ) as integer
      ) as range_number
    from
      ranges
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
  )
select
  numbered.list_id,
  numbered.is_egress,
  stretches.port_stretch,
  stretches.port,
  list_sort(array_agg(numbered.range_number)) as range_numbers
from
  numbered
  inner join stretches on stretches.port between numbered.from_port and numbered.to_port
group by
  numbered.list_id,
  numbered.is_egress,
  stretches.port_stretch,
  stretches.port
