-- title: States of resources, from the snapshots and changes that showed them
-- grain: one row a resource and an unbroken run of observations that showed it in the same state
-- parameters: metadata_backdate_seconds
-- source: AWS Config Developer Guide, "Components of a Configuration Item"; an item says what was
--   captured, and a history or a notification that nothing else was between the item before it and it
with
  -- Of the snapshots that repeat an earlier one, the last says all that those between say.
  repeats as (
    select
      resource_type,
      series,
      same_as_at,
      max(taken_at) as repeated_at
    from
      inventory_snapshot
    where
      same_as_at is not null
    group by
      resource_type,
      series,
      same_as_at
  ),
  sightings as (
    select
      resource_type,
      resource_id,
      series,
      parent_id,
      account_id,
      region,
      taken_at as seen_at,
      false as is_capture,
      recorded_at is not distinct from taken_at
      and known_by in ('config_history', 'config_notification') as is_in_sequence,
      coalesce(known_by, 'describe') as known_by,
      coalesce(item_status, 'ok') as item_status,
      recorded_at,
      configuration,
      state_sha256
    from
      inventory_item
    union all
    -- What a snapshot of AWS Config shows has been so since it was captured.
    select
      resource_type,
      resource_id,
      series,
      parent_id,
      account_id,
      region,
      recorded_at as seen_at,
      true as is_capture,
      false as is_in_sequence,
      known_by,
      coalesce(item_status, 'ok') as item_status,
      recorded_at,
      configuration,
      state_sha256
    from
      inventory_item
    where
      recorded_at < taken_at
    union all
    select
      inventory_item.resource_type,
      inventory_item.resource_id,
      inventory_item.series,
      inventory_item.parent_id,
      inventory_item.account_id,
      inventory_item.region,
      repeats.repeated_at as seen_at,
      false as is_capture,
      false as is_in_sequence,
      'describe' as known_by,
      'ok' as item_status,
      null as recorded_at,
      inventory_item.configuration,
      inventory_item.state_sha256
    from
      inventory_item
      inner join repeats on inventory_item.resource_type = repeats.resource_type
      and inventory_item.series = repeats.series
      and inventory_item.taken_at = repeats.same_as_at
    where
      coalesce(inventory_item.known_by, 'describe') = 'describe'
  ),
  -- A shared subnet shows in the snapshots of several accounts. Two histories of one thing would count
  -- its flows twice: the owner's is taken, else that of the series that saw it last.
  histories as (
    select
      resource_type,
      resource_id,
      series,
      max(parent_id) as parent_id,
      bool_or(known_by <> 'describe') as is_known_by_config,
      row_number() over (
        partition by
          resource_type,
          resource_id
        order by
          bool_or(starts_with(series, account_id || '/')) is true desc,
          max(seen_at) desc,
          series desc
      ) as preference
    from
      sightings
    group by
      resource_type,
      resource_id,
      series
  ),
  resources as (
    select
      *
    from
      histories
    where
      preference = 1
  ),
  -- Looks that would have shown the resource if it had been there: a complete snapshot of the EC2 API,
  -- one of AWS Config of what it has shown before, one of its group or prefix list, and its deletion.
  looks as (
    select
      inventory_snapshot.resource_type,
      inventory_snapshot.series,
      case
        when inventory_snapshot.parent_id is not null then inventory_snapshot.parent_id
        when inventory_snapshot.known_by <> 'describe' then 'config'
        else 'describe'
      end as looked_for,
      inventory_snapshot.taken_at as looked_at,
      inventory_snapshot.recorded_at is not distinct from inventory_snapshot.taken_at
      and inventory_snapshot.known_by in ('config_history', 'config_notification') as is_in_sequence
    from
      inventory_snapshot
      left join repeats on inventory_snapshot.resource_type = repeats.resource_type
      and inventory_snapshot.series = repeats.series
      and inventory_snapshot.same_as_at = repeats.same_as_at
    where
      inventory_snapshot.is_complete
      and (
        inventory_snapshot.same_as_at is null
        or inventory_snapshot.taken_at = repeats.repeated_at
      )
    union all
    select
      resource_type,
      series,
      parent_id as looked_for,
      recorded_at as looked_at,
      false as is_in_sequence
    from
      inventory_snapshot
    where
      is_complete
      and parent_id is not null
      and recorded_at < taken_at
    union all
    select
      resource_type,
      series,
      resource_id as looked_for,
      seen_at as looked_at,
      is_in_sequence
    from
      sightings
    where
      item_status = 'deleted'
  ),
  counted_looks as (
    select
      resource_type,
      series,
      looked_for,
      looked_at,
      bool_or(is_in_sequence) as is_in_sequence,
      row_number() over (
        partition by
          resource_type,
          series,
          looked_for
        order by
          looked_at
      ) as look_number
    from
      looks
    group by
      resource_type,
      series,
      looked_for,
      looked_at
  ),
  looked_for_resources as (
    select
      resources.resource_type,
      resources.series,
      resources.resource_id,
      look.looked_for
    from
      resources
      cross join unnest(
        [
          'describe',
          case
            when is_known_by_config then 'config'
          end,
          parent_id,
          resource_id
        ]
      ) as look (looked_for)
  ),
  looks_for_resources as (
    select
      looked_for_resources.*
    from
      looked_for_resources
      inner join counted_looks on looked_for_resources.resource_type = counted_looks.resource_type
      and looked_for_resources.series = counted_looks.series
      and looked_for_resources.looked_for = counted_looks.looked_for
      and counted_looks.look_number = 1
  ),
  -- Two pages of one moment are one, and what two sources saw in the same moment.
  items as (
    select
      sightings.resource_type,
      sightings.resource_id,
      sightings.series,
      sightings.seen_at,
      max(sightings.account_id) as account_id,
      max(sightings.region) as region,
      max(sightings.state_sha256) as state_sha256,
      bool_or(sightings.known_by = 'describe') as is_by_describe,
      bool_or(sightings.known_by = 'config_snapshot') as is_by_snapshot,
      bool_or(sightings.known_by = 'config_history') as is_by_history,
      bool_or(sightings.known_by = 'config_notification') as is_by_notification,
      bool_or(
        sightings.recorded_at is not distinct from sightings.seen_at
        and sightings.item_status = 'ok'
      ) as is_change,
      bool_or(
        sightings.is_in_sequence
        and sightings.item_status = 'ok'
      ) as is_in_sequence
    from
      sightings
      inner join resources on sightings.resource_type = resources.resource_type
      and sightings.resource_id = resources.resource_id
      and sightings.series = resources.series
    where
      sightings.state_sha256 is not null
    group by
      sightings.resource_type,
      sightings.resource_id,
      sightings.series,
      sightings.seen_at
  ),
  look_points as (
    select
      items.resource_type,
      items.series,
      looks_for_resources.looked_for,
      items.seen_at as point_at,
      cast(null as bigint) as look_number,
      items.resource_id
    from
      items
      inner join looks_for_resources on items.resource_type = looks_for_resources.resource_type
      and items.series = looks_for_resources.series
      and items.resource_id = looks_for_resources.resource_id
    union all
    select
      resource_type,
      series,
      looked_for,
      looked_at as point_at,
      look_number,
      null as resource_id
    from
      counted_looks
  ),
  points_among_looks as (
    select
      *,
      coalesce(max(look_number) over looks_so_far, 0) as look_count,
      max(if (look_number is null, null, point_at)) over looks_so_far as last_looked_at
    from
      look_points
    window
      looks_so_far as (
        partition by
          resource_type,
          series,
          looked_for
        order by
          point_at
      )
  ),
  -- How many looks of a kind there had been when a resource was seen: with those of that moment, and without.
  items_among_looks as (
    select
      resource_type,
      series,
      resource_id,
      point_at as seen_at,
      looked_for,
      look_count,
      look_count - if (last_looked_at = point_at, 1, 0) as look_count_before
    from
      points_among_looks
    where
      resource_id is not null
  ),
  looks_until_seen as (
    select
      resource_type,
      series,
      resource_id,
      seen_at,
      sum(look_count) as look_count,
      sum(look_count_before) as look_count_before
    from
      items_among_looks
    group by
      resource_type,
      series,
      resource_id,
      seen_at
  ),
  -- After AWS Config stopped recording a resource, its next item no longer follows the one before.
  interruptions as (
    select
      items.resource_type,
      items.series,
      items.resource_id,
      items.seen_at,
      max(sightings.seen_at) as interrupted_at
    from
      items
      inner join sightings on items.resource_type = sightings.resource_type
      and items.series = sightings.series
      and items.resource_id = sightings.resource_id
      and items.seen_at > sightings.seen_at
      and sightings.item_status = 'not_recorded'
    group by
      items.resource_type,
      items.series,
      items.resource_id,
      items.seen_at
  ),
  observed as (
    select
      items.*,
      coalesce(looks_until_seen.look_count, 0) as look_count,
      coalesce(looks_until_seen.look_count_before, 0) as look_count_before,
      interruptions.interrupted_at
    from
      items
      left join looks_until_seen on items.resource_type = looks_until_seen.resource_type
      and items.series = looks_until_seen.series
      and items.resource_id = looks_until_seen.resource_id
      and items.seen_at = looks_until_seen.seen_at
      left join interruptions on items.resource_type = interruptions.resource_type
      and items.series = interruptions.series
      and items.resource_id = interruptions.resource_id
      and items.seen_at = interruptions.seen_at
  ),
  marked as (
    select
      *,
      is_in_sequence
      and (
        interrupted_at is null
        or interrupted_at < lag (seen_at) over resource_history
      ) as is_next_in_sequence,
      (
        lag (state_sha256) over resource_history is distinct from state_sha256
        or lag (look_count) over resource_history < look_count_before
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
          seen_at
      )
  ),
  numbered as (
    select
      *,
      count(if (is_first_of_state, 1, null)) over (
        partition by
          resource_type,
          series,
          resource_id
        order by
          seen_at
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
      min(seen_at) as valid_from,
      max(seen_at) as last_seen_at,
      bool_or(is_by_describe) as is_by_describe,
      bool_or(is_by_snapshot) as is_by_snapshot,
      bool_or(is_by_history) as is_by_history,
      bool_or(is_by_notification) as is_by_notification,
      min_by(is_change, seen_at) as is_start_recorded,
      min_by(is_next_in_sequence, seen_at) as is_start_in_sequence
    from
      numbered
    group by
      resource_type,
      resource_id,
      series,
      state_number
  ),
  -- The newest of a state: what its hash leaves out may have changed.
  configurations as (
    select
      states.resource_type,
      states.series,
      states.resource_id,
      states.state_number,
      max_by(sightings.configuration, sightings.state_sha256) as configuration
    from
      states
      inner join sightings on states.resource_type = sightings.resource_type
      and states.series = sightings.series
      and states.resource_id = sightings.resource_id
      and states.last_seen_at = sightings.seen_at
    group by
      states.resource_type,
      states.series,
      states.resource_id,
      states.state_number
  ),
  looks_after as (
    select
      states.resource_type,
      states.series,
      states.resource_id,
      states.state_number,
      min(counted_looks.looked_at) as absent_from,
      min_by(
        counted_looks.is_in_sequence,
        counted_looks.looked_at
      ) as is_absence_in_sequence
    from
      states
      inner join items_among_looks as seen on states.resource_type = seen.resource_type
      and states.series = seen.series
      and states.resource_id = seen.resource_id
      and states.last_seen_at = seen.seen_at
      inner join counted_looks on seen.resource_type = counted_looks.resource_type
      and seen.series = counted_looks.series
      and seen.looked_for = counted_looks.looked_for
      and seen.look_count + 1 = counted_looks.look_number
    group by
      states.resource_type,
      states.series,
      states.resource_id,
      states.state_number
  ),
  looks_before as (
    select
      states.resource_type,
      states.series,
      states.resource_id,
      states.state_number,
      max(counted_looks.looked_at) as absent_at,
      bool_or(
        counted_looks.looked_for = resources.parent_id
        and states.is_start_in_sequence
      ) as is_appearance_recorded
    from
      states
      inner join resources on states.resource_type = resources.resource_type
      and states.series = resources.series
      and states.resource_id = resources.resource_id
      inner join items_among_looks as seen on states.resource_type = seen.resource_type
      and states.series = seen.series
      and states.resource_id = seen.resource_id
      and states.valid_from = seen.seen_at
      inner join counted_looks on seen.resource_type = counted_looks.resource_type
      and seen.series = counted_looks.series
      and seen.looked_for = counted_looks.looked_for
      and seen.look_count_before = counted_looks.look_number
    group by
      states.resource_type,
      states.series,
      states.resource_id,
      states.state_number
  ),
  succeeded as (
    select
      states.*,
      looks_after.absent_from,
      looks_after.is_absence_in_sequence,
      looks_before.absent_at,
      looks_before.is_appearance_recorded,
      lead (states.valid_from) over resource_history as next_valid_from,
      lead (states.is_start_in_sequence) over resource_history as is_next_in_sequence
    from
      states
      left join looks_after on states.resource_type = looks_after.resource_type
      and states.series = looks_after.series
      and states.resource_id = looks_after.resource_id
      and states.state_number = looks_after.state_number
      left join looks_before on states.resource_type = looks_before.resource_type
      and states.series = looks_before.series
      and states.resource_id = looks_before.resource_id
      and states.state_number = looks_before.state_number
    window
      resource_history as (
        partition by
          states.resource_type,
          states.series,
          states.resource_id
        order by
          states.valid_from
      )
  ),
  ended as (
    select
      *,
      case
        when next_valid_from is null then absent_from
        when absent_from is null then next_valid_from
        else least(next_valid_from, absent_from)
      end as valid_to,
      -- AWS Config knew the state, and had nothing between it and what ended it.
      (
        is_by_snapshot
        or is_by_history
        or is_by_notification
      )
      and case
        when absent_from is null
        or next_valid_from < absent_from then is_next_in_sequence
        else is_absence_in_sequence
      end is true as is_end_recorded
    from
      succeeded
  ),
  known as (
    select
      *,
      case
        when is_end_recorded then valid_to
        else last_seen_at
      end as known_until
    from
      ended
  ),
  preceded as (
    select
      *,
      lag (known_until) over (
        partition by
          resource_type,
          series,
          resource_id
        order by
          valid_from
      ) as previous_known_until
    from
      known
  )
select
  states.resource_type,
  states.resource_id,
  states.account_id,
  states.region,
  states.resource_type || ':' || states.resource_id || ':' || moment_text (states.valid_from) as state_id,
  states.valid_from,
  states.known_until,
  states.valid_to,
  -- A page that showed another state proves the absence of this one, though no absence of resources.
  case
    when states.is_appearance_recorded then states.valid_from
    when states.absent_at is null then states.previous_known_until
    when states.previous_known_until is null then states.absent_at
    else greatest(states.absent_at, states.previous_known_until)
  end as absent_at,
  -- Only a first state counts from before it was seen, and only if the configuration says so: no look had found it
  -- missing, and it is not AWS Config that captured its beginning.
  case
    when states.is_appearance_recorded is not true
    and states.absent_at is null
    and states.previous_known_until is null
    and states.is_start_recorded is not true then seconds_after (states.valid_from, - $metadata_backdate_seconds)
    else states.valid_from
  end as held_from,
  without_nulls (
    [
      case
        when states.is_by_history then 'config_history'
      end,
      case
        when states.is_by_notification then 'config_notification'
      end,
      case
        when states.is_by_snapshot then 'config_snapshot'
      end,
      case
        when states.is_by_describe then 'describe'
      end
    ]
  ) as known_by,
  case
    when states.is_appearance_recorded
    or (
      states.is_start_recorded
      and resources.parent_id is null
    ) then 'recorded'
    else 'observed'
  end as start_precision,
  case
    when states.is_end_recorded then 'recorded'
    when states.valid_to is not null then 'observed'
  end as end_precision,
  configurations.configuration,
  states.series
from
  preceded as states
  inner join resources on states.resource_type = resources.resource_type
  and states.series = resources.series
  and states.resource_id = resources.resource_id
  inner join configurations on states.resource_type = configurations.resource_type
  and states.series = configurations.series
  and states.resource_id = configurations.resource_id
  and states.state_number = configurations.state_number
order by
  states.resource_type,
  states.resource_id,
  states.valid_from,
  states.series
