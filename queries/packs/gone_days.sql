-- title: Raw rows of the period that have left the lake by its retention
-- grain: one row a table and what became of its rows
-- parameters: period_start, period_end
select
  table_name,
  action,
  count(*) as day_count,
  cast(min(log_date) as varchar) as first_date,
  cast(max(log_date) as varchar) as last_date
from
  gone_day
where
  log_date >= cast(cast($period_start as timestamp) as date)
  and log_date < cast($period_end as timestamp)
group by
  table_name,
  action
order by
  table_name,
  action
