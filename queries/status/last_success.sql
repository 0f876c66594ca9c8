-- title: The last run of each command that ended with 0
-- grain: one row a command
-- parameters: none
select
  command,
  max_by(run_id, finished_at) as run_id,
  max(finished_at) as finished_at
from
  run
where
  exit_code = 0
  and finished_at is not null
group by
  command
order by
  command
