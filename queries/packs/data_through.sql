-- title: Latest record of the period
-- grain: one row
-- parameters: period_start, period_end
select
  max(end_at) as data_through_at,
  count(*) as flow_count
from
  flow_enriched
where
  coalesce(start_at, end_at) >= cast($period_start as timestamp)
  and coalesce(start_at, end_at) < cast($period_end as timestamp)
order by
  data_through_at
