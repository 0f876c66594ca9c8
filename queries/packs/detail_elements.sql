-- title: How many flows in scope have each of the six details, for the picture of a pack
-- grain: one row a detail
-- parameters: period_start, period_end
select
  element,
  min(element_position) as element_position,
  cast(sum(if (status = 'met', flow_count, 0)) as bigint) as met,
  cast(
    sum(if (status = 'supplied', flow_count, 0)) as bigint
  ) as supplied,
  cast(
    sum(if (status = 'partial', flow_count, 0)) as bigint
  ) as partial,
  cast(
    sum(if (status = 'missing', flow_count, 0)) as bigint
  ) as missing
from
  detail_day
where
  scope_name is not null
  and flow_date >= cast(cast($period_start as timestamp) as date)
  and flow_date < cast(cast($period_end as timestamp) as date)
group by
  element
order by
  element_position
