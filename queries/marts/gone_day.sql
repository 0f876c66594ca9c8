-- title: Days whose raw rows have left the lake by its retention
-- grain: one row a table and day
-- parameters: none
with
  last_actions as (
    select
      table_name,
      log_date,
      max_by(action, acted_at) as action,
      max_by(raw_months, acted_at) as raw_months,
      max_by(archive, acted_at) as archive,
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
