-- title: Runs since the last one that ended, of which no end is known
-- grain: one row a run
-- parameters: none
with
  last_ended as (
    select
      max(started_at) as started_at
    from
      run
    where
      finished_at is not null
  ),
  lost as (
    select
      run_id,
      sum(rejected_count) as rejected_count,
      count(*) filter(
        where
          status in ('damaged', 'refused')
      ) as damaged_count,
      sum(skipdata_count) as skipdata_count
    from
      source_object
    group by
      run_id
  )
select
  run.run_id,
  run.command,
  run.started_at,
  cast(coalesce(lost.rejected_count, 0) as bigint) as rejected_count,
  coalesce(lost.damaged_count, 0) as damaged_count,
  cast(coalesce(lost.skipdata_count, 0) as bigint) as skipdata_count
from
  run
  cross join last_ended
  left join lost on run.run_id = lost.run_id
where
  run.finished_at is null
  and (
    last_ended.started_at is null
    or run.started_at > last_ended.started_at
  )
order by
  run.started_at,
  run.run_id
