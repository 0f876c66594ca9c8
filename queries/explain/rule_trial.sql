-- title: What each criterion of each rule of the interface's groups says of the record
-- grain: one row a record and a stretch of a rule of a group that its interface may have had; none for records that answer,
--   which need no rule
-- parameters: none
-- source: Amazon VPC User Guide, "Security group rules"; "Security group connection tracking": a connection may stay
--   tracked for five days without traffic, so a rule removed in that time may still explain it
with
  subjects as (
    select
      object_id,
      line_number,
      group_ids,
      row_direction,
      protocol,
      dstport,
      remote_address,
      address_key (remote_address) as remote_key,
      remote_address like '%:%' as is_ipv6,
      coalesce(bitwise_and (tcp_flags, 18) = 2, false) as is_opening,
      window_from,
      window_to
    from
      subject
    where
      action in ('ACCEPT', 'REJECT')
      and is_response is not true
  ),
  candidates as (
    select
      subjects.*,
      rule_stretch.rule_number,
      rule_stretch.rule_id,
      rule_stretch.group_id,
      rule_stretch.is_egress,
      rule_stretch.protocol as rule_protocol,
      rule_stretch.from_port,
      rule_stretch.to_port,
      rule_stretch.cidr,
      rule_stretch.prefix_list_id,
      rule_stretch.referenced_group_id,
      rule_stretch.description,
      rule_stretch.known_by,
      rule_stretch.possible_from,
      rule_stretch.certain_from,
      rule_stretch.certain_until,
      rule_stretch.possible_until,
      rule_stretch.is_removed,
      case
        when subjects.row_direction is null then 'unknown'
        when (subjects.row_direction = 'egress') = rule_stretch.is_egress then 'yes'
        else 'no'
      end as direction_match,
      case
        when rule_stretch.protocol is null then 'yes'
        when subjects.protocol is null then 'unknown'
        when subjects.protocol = rule_stretch.protocol then 'yes'
        else 'no'
      end as protocol_match,
      case
        when rule_stretch.from_port is null then 'yes'
        when rule_stretch.protocol in (1, 58) then 'unknown'
        when rule_stretch.protocol not in (6, 17) then 'yes'
        when subjects.dstport is null then 'unknown'
        when subjects.dstport between rule_stretch.from_port and rule_stretch.to_port then 'yes'
        else 'no'
      end as port_match
    from
      subjects
      cross join unnest(subjects.group_ids) as member (group_id)
      inner join rule_stretch on member.group_id = rule_stretch.group_id
  ),
  -- The rule as such, and with each peer that has the remote address.
  possibilities as (
    select
      candidates.*,
      rule_peer.peer_kind,
      rule_peer.peer,
      case
        when candidates.remote_address is null
        or rule_peer.peer_kind = 'unreadable' then 'unknown'
        when rule_peer.peer_kind is not null then 'yes'
        else 'no'
      end as peer_match,
      coalesce(rule_peer.possible_from, candidates.possible_from) as peer_possible_from,
      coalesce(rule_peer.certain_from, candidates.certain_from) as peer_certain_from,
      coalesce(rule_peer.certain_until, candidates.certain_until) as peer_certain_until,
      coalesce(
        rule_peer.possible_until,
        candidates.possible_until
      ) as peer_possible_until,
      coalesce(rule_peer.is_removed, candidates.is_removed) as is_peer_removed
    from
      candidates
      left join rule_peer on candidates.rule_number = rule_peer.rule_number
      and candidates.is_ipv6 = rule_peer.is_ipv6
      and candidates.remote_key between rule_peer.first_key and rule_peer.last_key
  ),
  timed as (
    select
      *,
      case
        when certain_from <= window_from
        and window_to <= certain_until then 'in_force'
        when possible_from < window_to
        and window_from < possible_until then 'about_then'
        when is_removed
        and possible_until <= window_from
        and window_from < seconds_after (possible_until, 432000) then 'removed_before'
        else 'not_then'
      end as rule_time,
      case
        when peer_certain_from <= window_from
        and window_to <= peer_certain_until then 'in_force'
        when peer_possible_from < window_to
        and window_from < peer_possible_until then 'about_then'
        when is_peer_removed
        and peer_possible_until <= window_from
        and window_from < seconds_after (peer_possible_until, 432000) then 'removed_before'
        else 'not_then'
      end as standing
    from
      possibilities
  ),
  judged as (
    select
      *,
      case
        when peer_kind = 'unreadable' then 'reference_unreadable'
        when direction_match = 'unknown' then 'direction_unknown'
        when protocol_match = 'unknown'
        or peer_match = 'unknown' then 'field_not_logged'
        when port_match = 'unknown'
        and rule_protocol in (1, 58) then 'icmp_type_not_logged'
        when port_match = 'unknown' then 'field_not_logged'
      end as doubt,
      'no' in (
        direction_match,
        protocol_match,
        port_match,
        peer_match
      ) as is_mismatch
    from
      timed
  ),
  concluded as (
    select
      *,
      case
        when is_mismatch then 'does_not_permit'
        when doubt is not null
        and standing in ('in_force', 'about_then') then 'undecidable'
        when doubt is not null then 'does_not_permit'
        when standing = 'in_force' then 'permits'
        when standing = 'about_then' then 'may_permit'
        when standing = 'removed_before'
        and not is_opening then 'permitted_before'
        else 'does_not_permit'
      end as outcome
    from
      judged
  ),
  ranked as (
    select
      *,
      row_number() over (
        partition by
          object_id,
          line_number,
          rule_number
        order by
          array_position(
            [
              'permits',
              'may_permit',
              'permitted_before',
              'undecidable',
              'does_not_permit'
            ],
            outcome
          ),
          array_position(
            [
              'in_force',
              'about_then',
              'removed_before',
              'not_then'
            ],
            standing
          ),
          peer_kind,
          peer,
          peer_possible_from
      ) as preference
    from
      concluded
  ),
  -- Every peer that says what the best one says.
  peers as (
    select
      ranked.object_id,
      ranked.line_number,
      ranked.rule_number,
      list_sort(
        array_agg(distinct ranked.peer) filter(
          where
            ranked.peer is not null
        )
      ) as matched_peers
    from
      ranked
      inner join ranked as best on ranked.object_id = best.object_id
      and ranked.line_number = best.line_number
      and ranked.rule_number = best.rule_number
      and best.preference = 1
      and ranked.outcome = best.outcome
      and ranked.standing = best.standing
    group by
      ranked.object_id,
      ranked.line_number,
      ranked.rule_number
  )
select
  ranked.object_id,
  ranked.line_number,
  ranked.rule_number,
  ranked.group_id,
  ranked.rule_id,
  if (ranked.is_egress, 'egress', 'ingress') as direction,
  ranked.rule_protocol as protocol,
  ranked.from_port,
  ranked.to_port,
  coalesce(
    ranked.cidr,
    ranked.prefix_list_id,
    ranked.referenced_group_id
  ) as peer,
  ranked.description,
  ranked.direction_match,
  ranked.protocol_match,
  ranked.port_match,
  ranked.peer_match,
  ranked.peer_kind,
  coalesce(peers.matched_peers, []) as matched_peers,
  ranked.standing,
  ranked.outcome,
  ranked.doubt,
  case
    when ranked.outcome = 'permits' then 'it permits the record, and was in force throughout its window'
    when ranked.outcome = 'may_permit'
    and ranked.rule_time = 'in_force'
    and ranked.peer_kind = 'prefix_list_entry' then 'it permits the record by an entry that was added or removed about then'
    when ranked.outcome = 'may_permit'
    and ranked.rule_time = 'in_force' then 'it permits the record by an interface that joined or left the group about then'
    when ranked.outcome = 'may_permit' then 'it permits the record, and was added or removed about then'
    when ranked.outcome = 'permitted_before' then 'it permitted the record until it was removed, and a connection may stay tracked for five days'
    when ranked.outcome = 'undecidable'
    and ranked.doubt = 'reference_unreadable' then 'the inventory does not hold for this time what it refers to'
    when ranked.outcome = 'undecidable'
    and ranked.doubt = 'icmp_type_not_logged' then 'it permits some ICMP types, and flow logs do not record the type'
    when ranked.outcome = 'undecidable'
    and ranked.doubt = 'direction_unknown' then 'it is not known which side of the record is the interface'
    when ranked.outcome = 'undecidable' then 'the record lacks a field that it looks at'
    when ranked.direction_match = 'no' then 'it is for the other direction'
    when ranked.protocol_match = 'no' then 'it is for another protocol'
    when ranked.port_match = 'no' then 'it is for other ports'
    when ranked.peer_match = 'no' then 'the remote address is not among its peers'
    when ranked.standing = 'removed_before' then 'it was removed before, and a record that opens a connection is of no tracked one'
    when ranked.peer_possible_until <= ranked.window_from then 'it, or what it refers to, was no longer so'
    else 'it, or what it refers to, was not yet so'
  end as reason,
  ranked.known_by,
  ranked.possible_from,
  ranked.certain_from,
  ranked.certain_until,
  ranked.possible_until,
  ranked.is_removed
from
  ranked
  left join peers on ranked.object_id = peers.object_id
  and ranked.line_number = peers.line_number
  and ranked.rule_number = peers.rule_number
where
  ranked.preference = 1
order by
  ranked.object_id,
  ranked.line_number,
  ranked.rule_number
