-- title: From when until when the records of a day reach, with the uncertainty of their times, and what holds them
-- grain: one row
-- parameters: flow_date
-- source: Amazon VPC User Guide, "Flow log records": start and end lie within 60 seconds of the packets
with
  times as (
    select
      min(start_at) as first_start_at,
      max(start_at) as last_start_at,
      min(end_at) as first_end_at,
      max(end_at) as last_end_at,
      max(
        abs(
          date_diff(
            'second',
            coalesce(start_at, end_at),
            coalesce(end_at, start_at)
          )
        )
      ) as longest_seconds,
      list_sort(array_agg(distinct object_id)) as object_ids
    from
      flow
    where
      flow_date = cast($flow_date as date)
  )
select
  seconds_after (
    least(
      coalesce(first_start_at, first_end_at),
      coalesce(first_end_at, first_start_at)
    ),
    -60
  ) as first_at,
  seconds_after (
    greatest(
      coalesce(last_start_at, last_end_at),
      coalesce(last_end_at, last_start_at)
    ),
    60
  ) as last_at,
  longest_seconds + 120 as longest_seconds,
  object_ids,
  cast($flow_date as date) as flow_date
from
  times
