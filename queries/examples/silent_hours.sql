-- question: Which interfaces had hours without any record?
-- answer: Hours of each day in which an interface has neither records nor NODATA.
-- limits: A silent hour may be one in which the interface did not exist.
-- parameters: none
select
  flow_date,
  interface_id,
  24 - max(seen_hour_count) as silent_hour_count
from
  interface_day
group by
  flow_date,
  interface_id
having
  max(seen_hour_count) < 24
order by
  silent_hour_count desc,
  flow_date,
  interface_id
limit
  20
