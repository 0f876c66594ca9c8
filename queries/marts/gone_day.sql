-- title: Days whose raw rows have left the lake by its retention
-- grain: one row a table and day
-- parameters: none
with
  last_actions as (
    select
      table_name,
      log_date,
      arg_max(action, acted_at) as action,
      arg_max(raw_months, acted_at) as raw_months,
      arg_max(archive, acted_at) as archive,
      -- What came back from an archive and left again was not at hand all the time.
      min(acted_at) filter(
        where
          action <> 'restored'
      ) as left_at
    from
      retention_action
    group by
      table_name,
      log_date
  )
select
  table_name,
  log_date,
  action,
  raw_months,
  archive,
  left_at
from
  last_actions
where
  action <> 'restored'
order by
  table_name,
  log_date
