-- title: The record that is explained, with what enrichment says of its interface, its sides and its verdicts
-- grain: one row, or none if the record is not enriched
-- parameters: object_id, line_number, flow_date
select
  flow_enriched.*,
  seconds_after (
    least(
      coalesce(start_at, end_at),
      coalesce(end_at, start_at)
    ),
    -60
  ) as window_from,
  seconds_after (
    greatest(
      coalesce(start_at, end_at),
      coalesce(end_at, start_at)
    ),
    60
  ) as window_to
from
  flow_enriched
where
  object_id = $object_id
  and line_number = $line_number
  and flow_date = cast($flow_date as date)
