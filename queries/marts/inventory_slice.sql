-- title: What the inventory says that bears on a stretch of time
-- grain: one row a statement
-- parameters: slice_from, slice_until
-- source: read to find the days that a new snapshot changes something of. Times before the stretch and after it are cut to its
--   ends, as the steps of a day cut them: what was learned later of other times makes no difference.
with
  bounds as (
    select
      cast($slice_from as timestamp) as slice_from,
      cast($slice_until as timestamp) as slice_until
  ),
  segments as (
    select
      network_interface_id,
      stretch_number - min(stretch_number) over (
        partition by
          network_interface_id
      ) as stretch,
      state_id,
      greatest(segment_from, slice_from) as segment_from,
      least(segment_to, slice_until) as segment_to,
      as_of_verdict,
      as_of_precision,
      as_of_reason,
      state_ids,
      group_ids
    from
      interface_segment
      cross join bounds
    where
      segment_from < slice_until
      and segment_to > slice_from
  ),
  contexts as (
    select
      interface_context.* exclude (
        valid_from,
        known_until,
        valid_to,
        absent_at,
        held_from
      ),
      greatest(coalesce(absent_at, held_from), slice_from) as valid_from,
      least(coalesce(valid_to, slice_until), slice_until) as valid_to
    from
      interface_context
      cross join bounds
    where
      coalesce(absent_at, held_from) < slice_until
      and coalesce(valid_to, slice_until) >= slice_from
  ),
  public_addresses as (
    select
      network_interface_id,
      public_address,
      greatest(coalesce(absent_at, held_from), slice_from) as valid_from,
      least(coalesce(valid_to, slice_until), slice_until) as valid_to
    from
      network_interface
      cross join bounds
    where
      public_address is not null
      and coalesce(absent_at, held_from) < slice_until
      and coalesce(valid_to, slice_until) >= slice_from
  ),
  -- Of a rule that ended before the stretch, when each of its peers began is not cut, as in filter_range.
  ranges as (
    select
      rule_range.*,
      bounds.*,
      if (possible_until > slice_from, slice_from, null) as peer_slice_from
    from
      rule_range
      cross join bounds
  ),
  rules as (
    select
      ranges.* exclude (slice_from, slice_until, peer_slice_from) replace(
        greatest(peer_possible_from, peer_slice_from) as peer_possible_from,
        greatest(peer_certain_from, peer_slice_from) as peer_certain_from,
        least(peer_certain_until, slice_until) as peer_certain_until,
        least(peer_possible_until, slice_until) as peer_possible_until,
        least(
          greatest(peer_seen_possible_from, peer_slice_from),
          slice_until
        ) as peer_seen_possible_from,
        least(
          greatest(peer_seen_certain_from, peer_slice_from),
          slice_until
        ) as peer_seen_certain_from,
        least(
          greatest(seen_possible_from, slice_from),
          slice_until
        ) as seen_possible_from,
        least(
          greatest(seen_certain_from, slice_from),
          slice_until
        ) as seen_certain_from,
        greatest(possible_from, slice_from) as possible_from,
        greatest(certain_from, slice_from) as certain_from,
        least(certain_until, slice_until) as certain_until,
        least(possible_until, slice_until) as possible_until,
        is_removed
        and possible_until < slice_until as is_removed
      )
    from
      ranges
    where
      possible_from < slice_until
      and seconds_after (possible_until, if (is_removed, 432000, 0)) > slice_from
  ),
  entries as (
    select
      acl_range.* replace(
        least(
          greatest(seen_possible_from, slice_from),
          slice_until
        ) as seen_possible_from,
        least(
          greatest(seen_certain_from, slice_from),
          slice_until
        ) as seen_certain_from,
        greatest(possible_from, slice_from) as possible_from,
        greatest(certain_from, slice_from) as certain_from,
        least(certain_until, slice_until) as certain_until,
        least(possible_until, slice_until) as possible_until
      )
    from
      acl_range
      cross join bounds
    where
      possible_from < slice_until
      and possible_until > slice_from
  ),
  coverage as (
    select
      owner_id,
      least(greatest(covered_from, slice_from), slice_until) as covered_from,
      least(greatest(seen_from, slice_from), slice_until) as seen_from,
      least(greatest(covered_until, slice_from), slice_until) as covered_until
    from
      rule_coverage
      cross join bounds
  ),
  flow_logs as (
    select
      flow_log.* exclude (
        valid_from,
        known_until,
        valid_to,
        absent_at,
        held_from
      ),
      greatest(coalesce(absent_at, valid_from), slice_from) as valid_from,
      least(
        greatest(coalesce(valid_to, known_until), slice_from),
        slice_until
      ) as valid_to
    from
      flow_log
      cross join bounds
    where
      coalesce(absent_at, valid_from) < slice_until
  ),
  agents as (
    select
      agent_interface.* replace(
        greatest(possible_from, slice_from) as possible_from,
        least(
          coalesce(possible_until, slice_until),
          slice_until
        ) as possible_until
      )
    from
      agent_interface
      cross join bounds
    where
      possible_from < slice_until
      and coalesce(possible_until, slice_until) > slice_from
  ),
  statements as (
    select
      'segment ' || cast(segments as varchar) as statement
    from
      segments
    union all
    select
      'context ' || cast(contexts as varchar) as statement
    from
      contexts
    union all
    select
      'public address ' || cast(public_addresses as varchar) as statement
    from
      public_addresses
    union all
    select
      'rule ' || cast(rules as varchar) as statement
    from
      rules
    union all
    select
      'entry ' || cast(entries as varchar) as statement
    from
      entries
    union all
    select
      'coverage ' || cast(coverage as varchar) as statement
    from
      coverage
    union all
    select
      'own range ' || cidr as statement
    from
      own_range
    union all
    select
      'flow log ' || cast(flow_logs as varchar) as statement
    from
      flow_logs
    union all
    select
      'agent ' || cast(agents as varchar) as statement
    from
      agents
  )
select
  statement
from
  statements
order by
  statement
