-- title: Interfaces in scope with and without flow records on each day, for the picture of a pack
-- grain: one row a day of the period
-- parameters: period_start, period_end
with
  days as (
    select
      cast(day_at as date) as day
    from
      unnest(
        sequence (
          cast($period_start as timestamp),
          cast($period_end as timestamp) - interval '1' day,
          interval '1' day
        )
      ) as days (day_at)
  ),
  in_scope as (
    select distinct
      days.day,
      scope_interface.network_interface_id
    from
      days
      inner join scope_interface on scope_interface.valid_from < cast(days.day as timestamp) + interval '1' day
      and (
        scope_interface.valid_to is null
        or scope_interface.valid_to > cast(days.day as timestamp)
      )
  ),
  recorded as (
    select distinct
      interface_id,
      flow_date
    from
      recorded_interface
    where
      flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date < cast(cast($period_end as timestamp) as date)
  )
select
  days.day,
  count(in_scope.network_interface_id) as interface_count,
  count(recorded.interface_id) as recorded_count
from
  days
  left join in_scope on days.day = in_scope.day
  left join recorded on in_scope.network_interface_id = recorded.interface_id
  and days.day = recorded.flow_date
group by
  days.day
order by
  days.day
