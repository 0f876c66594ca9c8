-- title: What is in scope
-- grain: one row a scope that has interfaces in the period
-- parameters: period_start, period_end
select
  scope_name,
  count(distinct network_interface_id) as interface_count,
  count(distinct instance_id) as instance_count
from
  scope_interface
where
  valid_from < cast($period_end as timestamp)
  and (
    valid_to is null
    or valid_to > cast($period_start as timestamp)
  )
group by
  scope_name
order by
  scope_name
