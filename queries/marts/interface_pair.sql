-- title: The segments of an interface's history that a record's window may begin and end in
-- grain: one row an interface and a pair of segments, the second not before the first
-- parameters: none
with
  segments as (
    select
      interface_segment.*,
      flow_extent.first_at,
      flow_extent.last_at,
      flow_extent.longest_seconds
    from
      interface_segment
      inner join flow_interface on interface_segment.network_interface_id = flow_interface.network_interface_id
      cross join flow_extent
    where
      interface_segment.segment_from < flow_extent.last_at
      and interface_segment.segment_to > flow_extent.first_at
  ),
  pairs as (
    select
      first_segment.network_interface_id,
      first_segment.segment_number as first_number,
      last_segment.segment_number as last_number,
      first_segment.state_id,
      greatest(
        first_segment.segment_from,
        first_segment.first_at
      ) as begins_from,
      least(first_segment.segment_to, first_segment.last_at) as begins_before,
      greatest(last_segment.segment_from, first_segment.first_at) as ends_after,
      least(last_segment.segment_to, first_segment.last_at) as ends_until,
      first_segment.as_of_verdict = 'exact'
      and first_segment.stretch_number = last_segment.stretch_number as is_exact,
      case
        when 'back_dated' in (
          first_segment.as_of_precision,
          last_segment.as_of_precision
        ) then 'back_dated'
        else last_segment.as_of_precision
      end as as_of_precision,
      coalesce(
        first_segment.as_of_reason,
        last_segment.as_of_reason,
        'changed within the time of the record'
      ) as as_of_reason
    from
      segments as first_segment
      inner join segments as last_segment on first_segment.network_interface_id = last_segment.network_interface_id
      and first_segment.segment_number <= last_segment.segment_number
      and last_segment.segment_from < seconds_after (
        first_segment.segment_to,
        first_segment.longest_seconds
      )
  ),
  -- Where a window touches several segments, all of their states and groups may have held.
  spans as (
    select
      pairs.network_interface_id,
      pairs.first_number,
      pairs.last_number,
      list_sort(
        list_distinct(flatten(array_agg(segments.state_ids)))
      ) as state_ids,
      list_sort(
        list_distinct(flatten(array_agg(segments.group_ids)))
      ) as group_ids
    from
      pairs
      inner join segments on pairs.network_interface_id = segments.network_interface_id
      and segments.segment_number between pairs.first_number and pairs.last_number
    group by
      pairs.network_interface_id,
      pairs.first_number,
      pairs.last_number
  ),
  subnets as (
    select
      spans.network_interface_id,
      spans.first_number,
      spans.last_number,
      list_sort(array_agg(distinct interface_context.subnet_id)) as subnet_ids
    from
      spans
      cross join unnest(spans.state_ids) as state (state_id)
      inner join interface_context on state.state_id = interface_context.state_id
    where
      interface_context.subnet_id is not null
    group by
      spans.network_interface_id,
      spans.first_number,
      spans.last_number
  )
select
  pairs.network_interface_id,
  pairs.state_id,
  pairs.begins_from,
  pairs.begins_before,
  pairs.ends_after,
  pairs.ends_until,
  if (pairs.is_exact, 'exact', 'ambiguous') as as_of_verdict,
  if (pairs.is_exact, pairs.as_of_precision, null) as as_of_precision,
  if (pairs.is_exact, null, pairs.as_of_reason) as as_of_reason,
  spans.state_ids,
  spans.group_ids,
  coalesce(subnets.subnet_ids, []) as subnet_ids,
  dense_rank () over (
    order by
      spans.group_ids,
      coalesce(subnets.subnet_ids, [])
  ) as list_id
from
  pairs
  inner join spans on pairs.network_interface_id = spans.network_interface_id
  and pairs.first_number = spans.first_number
  and pairs.last_number = spans.last_number
  left join subnets on pairs.network_interface_id = subnets.network_interface_id
  and pairs.first_number = subnets.first_number
  and pairs.last_number = subnets.last_number
