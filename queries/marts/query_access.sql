-- title: Access to the lake, from the lines written before and after it
-- parameters: none
-- grain: one row an access that was recorded
with
  asked as (
    select
      access_id,
      command,
      user_id,
      user_name,
      host_name,
      process_id,
      tool_version,
      statement,
      statement_sha256,
      parameter_names,
      recorded_at
    from
      access_event
    where
      step = 'asked'
  ),
  ended as (
    select
      access_id,
      max(recorded_at) as recorded_at,
      max(outcome) as outcome,
      max(error_code) as error_code,
      max(row_count) as row_count
    from
      access_event
    where
      step = 'ended'
    group by
      access_id
  )
select
  asked.access_id,
  asked.command,
  asked.user_id,
  asked.user_name,
  asked.host_name,
  asked.process_id,
  asked.tool_version,
  asked.statement,
  asked.statement_sha256,
  asked.parameter_names,
  ended.outcome,
  ended.error_code,
  ended.row_count,
  date_diff(
    'millisecond',
    asked.recorded_at,
    ended.recorded_at
  ) / cast(1000 as double) as duration_seconds,
  asked.recorded_at as asked_at,
  ended.recorded_at as ended_at
from
  asked
  left join ended on ended.access_id = asked.access_id
