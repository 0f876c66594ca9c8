-- title: States of resources, from the snapshots that showed them
-- grain: one row a resource and an unbroken run of snapshots that showed it in the same state
with
  snapshots as (
    select
      resource_type,
      series,
      taken_at,
      bool_or(is_complete) as is_complete
    from
      inventory_snapshot
    group by
      resource_type,
      series,
      taken_at
  ),
  -- How many complete snapshots of the series there were up to each one: absence from a complete
  -- snapshot means that the resource did not exist; absence from a page of one means nothing.
  counted_snapshots as (
    select
      *,
      count(*) filter(is_complete) over (
        partition by
          resource_type,
          series
        order by
          taken_at
      ) as complete_count
    from
      snapshots
  ),
  -- A shared subnet shows in the snapshots of several accounts. Two histories of one thing would count
  -- its flows twice: the owner's is taken, else that of the series that saw it last.
  histories as (
    select
      resource_type,
      resource_id,
      series,
      row_number() over (
        partition by
          resource_type,
          resource_id
        order by
          bool_or(starts_with(series, account_id || '/')) is true desc,
          max(taken_at) desc,
          series desc
      ) as preference
    from
      inventory_item
    group by
      resource_type,
      resource_id,
      series
  ),
  items as (
    select
      inventory_item.resource_type,
      inventory_item.resource_id,
      inventory_item.series,
      inventory_item.taken_at,
      max(inventory_item.account_id) as account_id,
      max(inventory_item.region) as region,
      max(inventory_item.state_sha256) as state_sha256,
      max_by(
        inventory_item.configuration,
        inventory_item.state_sha256
      ) as configuration
    from
      inventory_item
      inner join histories on inventory_item.resource_type = histories.resource_type
      and inventory_item.resource_id = histories.resource_id
      and inventory_item.series = histories.series
      and histories.preference = 1
    group by
      inventory_item.resource_type,
      inventory_item.resource_id,
      inventory_item.series,
      inventory_item.taken_at
  ),
  observed as (
    select
      items.*,
      snapshots.complete_count,
      snapshots.complete_count - if (snapshots.is_complete, 1, 0) as complete_count_before
    from
      items
      inner join counted_snapshots as snapshots on items.resource_type = snapshots.resource_type
      and items.series = snapshots.series
      and items.taken_at = snapshots.taken_at
  ),
  marked as (
    select
      *,
      (
        lag (state_sha256) over resource_history is distinct from state_sha256
        or lag (complete_count) over resource_history < complete_count_before
      ) as is_first_of_state
    from
      observed
    window
      resource_history as (
        partition by
          resource_type,
          series,
          resource_id
        order by
          taken_at
      )
  ),
  numbered as (
    select
      *,
      count(*) filter(is_first_of_state) over (
        partition by
          resource_type,
          series,
          resource_id
        order by
          taken_at
      ) as state_number
    from
      marked
  ),
  states as (
    select
      resource_type,
      resource_id,
      series,
      state_number,
      max(account_id) as account_id,
      max(region) as region,
      min(taken_at) as valid_from,
      max(taken_at) as known_until,
      max_by(configuration, taken_at) as configuration
    from
      numbered
    group by
      resource_type,
      resource_id,
      series,
      state_number
  ),
  succeeded as (
    select
      *,
      lead (valid_from) over resource_history as next_valid_from,
      lag (known_until) over resource_history as previous_known_until
    from
      states
    window
      resource_history as (
        partition by
          resource_type,
          series,
          resource_id
        order by
          valid_from
      )
  ),
  ends as (
    select
      states.resource_type,
      states.series,
      states.resource_id,
      states.state_number,
      min(snapshots.taken_at) filter(snapshots.taken_at > states.known_until) as absent_from,
      max(snapshots.taken_at) filter(snapshots.taken_at < states.valid_from) as absent_at
    from
      states
      inner join counted_snapshots as snapshots on states.resource_type = snapshots.resource_type
      and states.series = snapshots.series
      and snapshots.is_complete
    group by
      states.resource_type,
      states.series,
      states.resource_id,
      states.state_number
  )
select
  states.resource_type,
  states.resource_id,
  states.account_id,
  states.region,
  states.resource_type || ':' || states.resource_id || ':' || strftime(states.valid_from, '%Y-%m-%dT%H:%M:%SZ') as state_id,
  states.valid_from,
  states.known_until,
  case
    when states.next_valid_from is null then ends.absent_from
    when ends.absent_from is null then states.next_valid_from
    else least(states.next_valid_from, ends.absent_from)
  end as valid_to,
  -- A page that showed another state proves the absence of this one, though no absence of resources.
  case
    when ends.absent_at is null then states.previous_known_until
    when states.previous_known_until is null then ends.absent_at
    else greatest(ends.absent_at, states.previous_known_until)
  end as absent_at,
  states.configuration,
  states.series
from
  succeeded as states
  left join ends on states.resource_type = ends.resource_type
  and states.series = ends.series
  and states.resource_id = ends.resource_id
  and states.state_number = ends.state_number
order by
  states.resource_type,
  states.resource_id,
  states.valid_from,
  states.series
