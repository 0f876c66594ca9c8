-- title: What is known of each network interface, from when until when
-- grain: one row an interface and a stretch of time, half open, without overlaps
-- parameters: metadata_max_age_seconds
with
  states as (
    select
      *,
      lead (state_id) over interface_history as next_state_id,
      lead (valid_from) over interface_history as next_valid_from,
      lead (instance_id) over interface_history as next_instance_id,
      lead (group_ids) over interface_history as next_group_ids,
      lead (subnet_id) over interface_history as next_subnet_id,
      lead (scope_name) over interface_history as next_scope_name,
      lag (valid_to) over interface_history as previous_valid_to
    from
      interface_context
    window
      interface_history as (
        partition by
          network_interface_id
        order by
          valid_from,
          state_id
      )
  ),
  -- Seen by two snapshots or more in the same state: taken to have held between them.
  observed as (
    select
      network_interface_id,
      state_id,
      valid_from as segment_from,
      known_until as segment_to,
      'exact' as as_of_verdict,
      'observed' as as_of_precision,
      null as as_of_reason,
      [state_id] as state_ids,
      group_ids
    from
      states
    where
      valid_from < known_until
  ),
  -- Before the first snapshot, for as long as the configuration allows, unless it is known not to have been so.
  back_dated as (
    select
      network_interface_id,
      state_id,
      held_from as segment_from,
      valid_from as segment_to,
      'exact' as as_of_verdict,
      'back_dated' as as_of_precision,
      null as as_of_reason,
      [state_id] as state_ids,
      group_ids
    from
      states
    where
      held_from < valid_from
  ),
  -- After the newest snapshot, for as long as the configuration allows.
  carried_forward as (
    select
      network_interface_id,
      state_id,
      known_until as segment_from,
      seconds_after (known_until, $metadata_max_age_seconds) as segment_to,
      'exact' as as_of_verdict,
      'carried_forward' as as_of_precision,
      null as as_of_reason,
      [state_id] as state_ids,
      group_ids
    from
      states
    where
      valid_to is null
  ),
  -- Between the last snapshot that showed a state and the first that did not.
  ending as (
    select
      network_interface_id,
      state_id,
      known_until as segment_from,
      valid_to as segment_to,
      case
        when next_valid_from = valid_to
        and next_instance_id is not distinct from instance_id
        and next_group_ids = group_ids
        and next_subnet_id is not distinct from subnet_id
        and next_scope_name is not distinct from scope_name then 'exact'
        else 'ambiguous'
      end as as_of_verdict,
      'observed' as as_of_precision,
      case
        when next_valid_from = valid_to then 'changed between two snapshots'
        else 'vanished between two snapshots'
      end as as_of_reason,
      case
        when next_valid_from = valid_to then [state_id, next_state_id]
        else [state_id]
      end as state_ids,
      case
        when next_valid_from = valid_to then list_sort(
          list_distinct(list_concat(group_ids, next_group_ids))
        )
        else group_ids
      end as group_ids
    from
      states
    where
      valid_to is not null
  ),
  -- Between the last snapshot without it and the first that shows it.
  appearing as (
    select
      network_interface_id,
      state_id,
      absent_at as segment_from,
      valid_from as segment_to,
      'ambiguous' as as_of_verdict,
      'observed' as as_of_precision,
      'appeared between two snapshots' as as_of_reason,
      [state_id] as state_ids,
      group_ids
    from
      states
    where
      absent_at is not null
      and previous_valid_to is distinct from valid_from
  ),
  segments as (
    select
      *
    from
      back_dated
    union all
    select
      *
    from
      observed
    union all
    select
      *
    from
      carried_forward
    union all
    select
      *
    from
      ending
    union all
    select
      *
    from
      appearing
  ),
  compared as (
    select
      segments.*,
      -- Something that a reader would call a change, or a hole, lies between this segment and the last.
      segments.as_of_verdict <> 'exact'
      or lag (segments.as_of_verdict) over interface_history is distinct from 'exact'
      or lag (segments.segment_to) over interface_history is distinct from segments.segment_from
      or lag (segments.group_ids) over interface_history is distinct from segments.group_ids
      or lag (states.instance_id) over interface_history is distinct from states.instance_id
      or lag (states.subnet_id) over interface_history is distinct from states.subnet_id
      or lag (states.scope_name) over interface_history is distinct from states.scope_name as is_break
    from
      segments
      inner join states on segments.state_id = states.state_id
    where
      segments.segment_from < segments.segment_to
    window
      interface_history as (
        partition by
          segments.network_interface_id
        order by
          segments.segment_from
      )
  )
select
  network_interface_id,
  -- Two moments with the same number have nothing in between that makes the answer doubtful.
  count(if (is_break, 1, null)) over interface_history as stretch_number,
  row_number() over interface_history as segment_number,
  state_id,
  segment_from,
  segment_to,
  as_of_verdict,
  case
    when as_of_verdict = 'exact' then as_of_precision
  end as as_of_precision,
  case
    when as_of_verdict = 'ambiguous' then as_of_reason
  end as as_of_reason,
  state_ids,
  group_ids
from
  compared
window
  interface_history as (
    partition by
      network_interface_id
    order by
      segment_from
  )
order by
  network_interface_id,
  segment_from
