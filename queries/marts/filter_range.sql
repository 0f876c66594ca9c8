-- title: What rules and network ACL entries look at, as far as it bears on records of the day
-- grain: one row a rule or entry, a stretch of time in which it said the same, and a range of peers
-- parameters: none
-- source: times before the first record of the day and after its last are cut to these: so nothing of the day depends on what
--   was learned later of other times. A rule may explain flows up to five days after its end; of one that ended before the
--   day, when each of its peers began is not cut: a peer that came after the end was never the rule's.
with
  extent as (
    select
      coalesce(first_at, cast(flow_date as timestamp)) as first_at,
      coalesce(last_at, cast(flow_date as timestamp)) as last_at
    from
      flow_extent
  ),
  ranges as (
    select
      'group' as owner_kind,
      group_id as owner_id,
      rule_id as entry_id,
      0 as rule_number,
      is_egress,
      true as is_allow,
      protocol,
      from_port,
      to_port,
      coalesce(
        protocol in (1, 58)
        and from_port is not null,
        false
      ) as is_icmp_type_named,
      unreadable_reference is not null as is_unreadable,
      peer,
      peer_possible_from,
      peer_certain_from,
      peer_certain_until,
      peer_possible_until,
      peer_seen_possible_from,
      peer_seen_certain_from,
      is_ipv6,
      first_key,
      last_key,
      possible_from,
      certain_from,
      certain_until,
      possible_until,
      seen_possible_from,
      seen_certain_from,
      is_removed
    from
      rule_range
    union all
    select
      'subnet' as owner_kind,
      subnet_id as owner_id,
      entry_id,
      rule_number,
      is_egress,
      is_allow,
      protocol,
      from_port,
      to_port,
      is_icmp_type_named,
      false as is_unreadable,
      peer,
      null as peer_possible_from,
      null as peer_certain_from,
      null as peer_certain_until,
      null as peer_possible_until,
      null as peer_seen_possible_from,
      null as peer_seen_certain_from,
      is_ipv6,
      first_key,
      last_key,
      possible_from,
      certain_from,
      certain_until,
      possible_until,
      seen_possible_from,
      seen_certain_from,
      false as is_removed
    from
      acl_range
  ),
  cut as (
    select
      ranges.*,
      extent.first_at,
      extent.last_at,
      if (
        possible_until > extent.first_at,
        extent.first_at,
        null
      ) as peer_first_at
    from
      ranges
      cross join extent
    where
      possible_from < extent.last_at
      and seconds_after (possible_until, if (is_removed, 432000, 0)) > extent.first_at
  )
select
  owner_kind,
  owner_id,
  entry_id,
  rule_number,
  is_egress,
  is_allow,
  protocol,
  from_port,
  to_port,
  is_icmp_type_named,
  is_unreadable,
  -- Ranges with one key are in what is referred to at the same times.
  array_join (
    [
      peer,
      moment_text (greatest(peer_possible_from, peer_first_at)),
      moment_text (greatest(peer_certain_from, peer_first_at)),
      moment_text (least(peer_certain_until, last_at)),
      moment_text (least(peer_possible_until, last_at)),
      -- Null, and so left out, where nothing is back-dated.
      moment_text (
        nullif(
          least(
            greatest(peer_seen_possible_from, peer_first_at),
            last_at
          ),
          least(
            greatest(peer_possible_from, peer_first_at),
            last_at
          )
        )
      ),
      moment_text (
        nullif(
          least(
            greatest(peer_seen_certain_from, peer_first_at),
            last_at
          ),
          least(
            greatest(peer_certain_from, peer_first_at),
            last_at
          )
        )
      )
    ],
    ' '
  ) as peer_key,
  is_ipv6,
  first_key,
  last_key,
  greatest(possible_from, first_at) as possible_from,
  greatest(certain_from, first_at) as certain_from,
  least(certain_until, last_at) as certain_until,
  least(possible_until, last_at) as possible_until,
  least(greatest(seen_possible_from, first_at), last_at) as seen_possible_from,
  least(greatest(seen_certain_from, first_at), last_at) as seen_certain_from,
  is_removed
  and possible_until < last_at as is_removed
from
  cut
