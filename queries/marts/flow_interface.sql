-- title: Interfaces that a record of the day names, or that its addresses name alone
-- grain: one row an interface
-- parameters: flow_date
with
  seen as (
    select
      interface_id as network_interface_id
    from
      flow
    where
      flow_date = cast($flow_date as date)
      and interface_id is not null
    group by
      interface_id
    union
    select
      network_interface_id
    from
      located_flow
  )
select
  network_interface_id,
  cast(
    row_number() over (
      order by
        network_interface_id
    ) as integer
  ) as interface_number
from
  seen
