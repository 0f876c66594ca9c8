-- title: What is known of an interface for a record whose window begins and ends when
-- grain: one row an interface, a range of begins and a range of ends, between which nothing changes that a verdict depends on;
--   and one row an interface for the times that no inventory snapshot covers
-- parameters: flow_date
with
  known as (
    select
      pairs.network_interface_id,
      pairs.state_id,
      greatest(pairs.begins_from, first_cell.cell_from) as begins_from,
      least(pairs.begins_before, first_cell.cell_to) as begins_before,
      greatest(pairs.ends_after, last_cell.cell_from) as ends_after,
      least(pairs.ends_until, last_cell.cell_to) as ends_until,
      pairs.as_of_verdict,
      pairs.as_of_precision,
      pairs.as_of_reason,
      pairs.state_ids,
      pairs.group_ids,
      pairs.subnet_ids,
      pairs.list_id,
      dense_rank () over (
        order by
          pairs.list_id,
          first_cell.cell_number,
          last_cell.cell_number
      ) as context_id,
      first_cell.cell_from as context_begins_at,
      last_cell.cell_to as context_ends_at
    from
      interface_pair as pairs
      cross join flow_extent
      inner join filter_cell as first_cell on pairs.list_id = first_cell.list_id
      and first_cell.cell_from < pairs.begins_before
      and first_cell.cell_to > pairs.begins_from
      inner join filter_cell as last_cell on pairs.list_id = last_cell.list_id
      and first_cell.cell_number <= last_cell.cell_number
      and last_cell.cell_from < pairs.ends_until
      and last_cell.cell_to > pairs.ends_after
    where
      greatest(pairs.ends_after, last_cell.cell_from) < seconds_after (
        least(pairs.begins_before, first_cell.cell_to),
        flow_extent.longest_seconds
      )
  ),
  unknown as (
    select
      network_interface_id,
      'no_metadata' as as_of_verdict,
      'no inventory snapshot covers the interface at this time' as as_of_reason
    from
      flow_interface
    union all
    select
      null as network_interface_id,
      'no_metadata' as as_of_verdict,
      'the record names no interface, and its address names none alone' as as_of_reason
  ),
  periods as (
    select
      network_interface_id,
      state_id,
      begins_from,
      begins_before,
      ends_after,
      ends_until,
      as_of_verdict,
      as_of_precision,
      as_of_reason,
      state_ids,
      group_ids,
      subnet_ids,
      list_id,
      context_id,
      context_begins_at,
      context_ends_at
    from
      known
    union all
    select
      network_interface_id,
      null as state_id,
      null as begins_from,
      null as begins_before,
      null as ends_after,
      null as ends_until,
      as_of_verdict,
      null as as_of_precision,
      as_of_reason,
      [] as state_ids,
      [] as group_ids,
      [] as subnet_ids,
      null as list_id,
      null as context_id,
      null as context_begins_at,
      null as context_ends_at
    from
      unknown
  )
select
  cast(
    row_number() over (
      order by
        network_interface_id nulls first,
        begins_from nulls first,
        ends_after
    ) as integer
  ) as period_id,
  *,
  cast(
    dense_rank () over (
      order by
        as_of_verdict,
        as_of_precision,
        as_of_reason
    ) as integer
  ) as as_of_id,
  cast($flow_date as date) as flow_date
from
  periods
order by
  period_id
