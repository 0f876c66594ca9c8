-- title: Whom each rule permits: its range, the entries of its prefix list, or the members of its group, and when
-- grain: one row a stretch of a rule and one peer in an unbroken stretch of time
-- parameters: metadata_max_age_seconds
-- source: Amazon VPC User Guide, "Security group rules": a group reference means the private addresses of the
--   interfaces in the group. What the inventory does not hold for a time may permit anyone: peer_kind unreadable
with
  entries as (
    select
      prefix_list_id as reference_id,
      cidr,
      cidr as peer,
      prefix_list_id || '/' || cidr as content,
      valid_from,
      known_until,
      valid_to,
      absent_at,
      held_from
    from
      prefix_list_entry
    where
      prefix_list_id in (
        select
          prefix_list_id
        from
          rule_stretch
      )
  ),
  members as (
    select
      member_group.group_id as reference_id,
      member_address.address || case
        when member_address.address like '%/%' then ''
        when member_address.address like '%:%' then '/128'
        else '/32'
      end as cidr,
      network_interface_id || ' (' || member_address.address || ')' as peer,
      member_group.group_id || '/' || member_address.address || '/' || network_interface_id as content,
      valid_from,
      known_until,
      valid_to,
      absent_at,
      held_from
    from
      network_interface
      cross join unnest(group_ids) as member_group (group_id)
      cross join unnest(list_concat(addresses, prefixes)) as member_address (address)
    where
      member_group.group_id in (
        select
          referenced_group_id
        from
          rule_stretch
      )
  ),
  compared as (
    select
      *,
      lag (valid_to) over (
        partition by
          content
        order by
          valid_from
      ) is distinct from valid_from as is_first
    from
      (
        select
          *
        from
          entries
        union all
        select
          *
        from
          members
      ) as peer_states
  ),
  numbered as (
    select
      *,
      count(*) filter(is_first) over (
        partition by
          content
        order by
          valid_from
      ) as stretch_number
    from
      compared
  ),
  peers as (
    select
      min(reference_id) as reference_id,
      min(cidr) as cidr,
      min(peer) as peer,
      min(coalesce(absent_at, held_from)) as possible_from,
      min(held_from) as certain_from,
      case
        when bool_or(valid_to is null) then seconds_after (max(known_until), $metadata_max_age_seconds)
        else max(known_until)
      end as certain_until,
      max(
        coalesce(
          valid_to,
          seconds_after (known_until, $metadata_max_age_seconds)
        )
      ) as possible_until,
      not bool_or(valid_to is null) as is_removed
    from
      numbered
    group by
      content,
      stretch_number
  ),
  ranges as (
    select
      rule_number,
      'cidr' as peer_kind,
      cidr as peer,
      cidr,
      possible_from,
      certain_from,
      certain_until,
      possible_until,
      is_removed
    from
      rule_stretch
    where
      cidr is not null
  ),
  resolved as (
    select
      rule_stretch.rule_number,
      if (
        rule_stretch.prefix_list_id is null,
        'group_member',
        'prefix_list_entry'
      ) as peer_kind,
      peers.peer,
      peers.cidr,
      greatest(rule_stretch.possible_from, peers.possible_from) as possible_from,
      greatest(rule_stretch.certain_from, peers.certain_from) as certain_from,
      least(rule_stretch.certain_until, peers.certain_until) as certain_until,
      least(rule_stretch.possible_until, peers.possible_until) as possible_until,
      if (
        rule_stretch.possible_until <= peers.possible_until,
        rule_stretch.is_removed,
        peers.is_removed
      ) as is_removed
    from
      rule_stretch
      inner join peers on peers.reference_id in (
        rule_stretch.prefix_list_id,
        rule_stretch.referenced_group_id
      )
  ),
  known as (
    select
      reference_id,
      min(valid_from) as known_from,
      max(
        coalesce(
          valid_to,
          seconds_after (known_until, $metadata_max_age_seconds)
        )
      ) as known_until
    from
      (
        select
          group_id as reference_id,
          valid_from,
          known_until,
          valid_to
        from
          security_group
        union all
        select
          prefix_list_id as reference_id,
          valid_from,
          known_until,
          valid_to
        from
          prefix_list_entry
      ) as references_seen
    group by
      reference_id
  ),
  referring as (
    select
      rule_stretch.*,
      coalesce(
        rule_stretch.prefix_list_id,
        rule_stretch.referenced_group_id
      ) as reference_id,
      known.known_from,
      known.known_until as reference_known_until
    from
      rule_stretch
      left join known on known.reference_id in (
        rule_stretch.prefix_list_id,
        rule_stretch.referenced_group_id
      )
    where
      rule_stretch.prefix_list_id is not null
      or rule_stretch.referenced_group_id is not null
  ),
  unknown_times as (
    select
      *,
      possible_from as unknown_from,
      least(
        possible_until,
        coalesce(known_from, possible_until)
      ) as unknown_until
    from
      referring
    union all
    select
      *,
      greatest(possible_from, reference_known_until) as unknown_from,
      possible_until as unknown_until
    from
      referring
    where
      reference_known_until is not null
  ),
  unreadable as (
    select
      unknown_times.rule_number,
      'unreadable' as peer_kind,
      unknown_times.reference_id as peer,
      family.cidr,
      unknown_times.unknown_from as possible_from,
      greatest(
        unknown_times.certain_from,
        unknown_times.unknown_from
      ) as certain_from,
      least(
        unknown_times.certain_until,
        unknown_times.unknown_until
      ) as certain_until,
      unknown_times.unknown_until as possible_until,
      unknown_times.is_removed
    from
      unknown_times
      cross join (
        values
          ('0.0.0.0/0'),
          ('::/0')
      ) as family (cidr)
  )
select
  rule_number,
  peer_kind,
  peer,
  cidr like '%:%' as is_ipv6,
  cidr_first_key (cidr) as first_key,
  cidr_last_key (cidr) as last_key,
  possible_from,
  certain_from,
  certain_until,
  possible_until,
  is_removed
from
  (
    select
      *
    from
      ranges
    union all
    select
      *
    from
      resolved
    union all
    select
      *
    from
      unreadable
  ) as all_peers
where
  possible_from < possible_until
order by
  rule_number,
  peer_kind,
  peer,
  possible_from,
  first_key
