-- title: What each rule permits, as ranges of addresses and stretches of time
-- grain: one row a stretch of time in which a rule said the same, and a range of peers; group and prefix list references
--   are resolved; the times that a range was in what is referred to stand beside it. seen_possible_from and
--   seen_certain_from are what the two were if the configuration back-dated nothing
-- parameters: metadata_max_age_seconds
-- source: Amazon VPC User Guide, "Security group rules"; a group reference means the private addresses
--   of the interfaces in the group; those of prefixes that an interface has are its own (Amazon EKS Best Practices Guide,
--   "Prefix Mode for Linux")
with
  -- A change of something else, such as a description, between two states that permit the same is no
  -- doubt of what they permit: states that follow each other without a gap are one.
  compared_rules as (
    select
      *,
      lag (valid_to) over rule_history is distinct from valid_from as is_first
    from
      security_group_rule
    window
      rule_history as (
        partition by
          rule_id,
          group_id,
          is_egress,
          protocol,
          from_port,
          to_port,
          cidr,
          prefix_list_id,
          referenced_group_id
        order by
          valid_from
      )
  ),
  numbered_rules as (
    select
      *,
      count(if (is_first, 1, null)) over (
        partition by
          rule_id,
          group_id,
          is_egress,
          protocol,
          from_port,
          to_port,
          cidr,
          prefix_list_id,
          referenced_group_id
        order by
          valid_from
      ) as stretch_number
    from
      compared_rules
  ),
  rules as (
    select
      rule_id,
      group_id,
      is_egress,
      protocol,
      from_port,
      to_port,
      cidr,
      prefix_list_id,
      referenced_group_id,
      min(coalesce(absent_at, held_from)) as possible_from,
      min(held_from) as certain_from,
      min(coalesce(absent_at, valid_from)) as seen_possible_from,
      min(valid_from) as seen_certain_from,
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
      numbered_rules
    group by
      rule_id,
      group_id,
      is_egress,
      protocol,
      from_port,
      to_port,
      cidr,
      prefix_list_id,
      referenced_group_id,
      stretch_number
  ),
  compared_memberships as (
    select
      member_group.group_id,
      member_address.address,
      network_interface_id,
      valid_from,
      known_until,
      valid_to,
      absent_at,
      held_from,
      lag (valid_to) over (
        partition by
          member_group.group_id,
          member_address.address,
          network_interface_id
        order by
          valid_from
      ) is distinct from valid_from as is_first
    from
      interface_context
      cross join unnest(group_ids) as member_group (group_id)
      cross join unnest(list_concat(addresses, prefixes)) as member_address (address)
  ),
  numbered_memberships as (
    select
      *,
      count(if (is_first, 1, null)) over (
        partition by
          group_id,
          address,
          network_interface_id
        order by
          valid_from
      ) as stretch_number
    from
      compared_memberships
  ),
  memberships as (
    select
      group_id,
      address,
      min(coalesce(absent_at, held_from)) as possible_from,
      min(held_from) as certain_from,
      min(coalesce(absent_at, valid_from)) as seen_possible_from,
      min(valid_from) as seen_certain_from,
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
      numbered_memberships
    group by
      group_id,
      address,
      network_interface_id,
      stretch_number
  ),
  compared_entries as (
    select
      *,
      lag (valid_to) over (
        partition by
          prefix_list_id,
          cidr
        order by
          valid_from
      ) is distinct from valid_from as is_first
    from
      prefix_list_entry
  ),
  numbered_entries as (
    select
      *,
      count(if (is_first, 1, null)) over (
        partition by
          prefix_list_id,
          cidr
        order by
          valid_from
      ) as stretch_number
    from
      compared_entries
  ),
  list_entries as (
    select
      prefix_list_id,
      cidr,
      min(coalesce(absent_at, held_from)) as possible_from,
      min(held_from) as certain_from,
      min(coalesce(absent_at, valid_from)) as seen_possible_from,
      min(valid_from) as seen_certain_from,
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
      numbered_entries
    group by
      prefix_list_id,
      cidr,
      stretch_number
  ),
  cidr_ranges as (
    select
      rule_id,
      group_id,
      is_egress,
      protocol,
      from_port,
      to_port,
      rules.cidr as peer,
      null as peer_possible_from,
      null as peer_certain_from,
      null as peer_certain_until,
      null as peer_possible_until,
      null as peer_seen_possible_from,
      null as peer_seen_certain_from,
      cidr_range.is_ipv6,
      cidr_range.first_key,
      cidr_range.last_key,
      null as unreadable_reference,
      possible_from,
      certain_from,
      certain_until,
      possible_until,
      seen_possible_from,
      seen_certain_from,
      is_removed
    from
      rules
      inner join cidr_range on rules.cidr = cidr_range.cidr
  ),
  prefix_list_ranges as (
    select
      rules.rule_id,
      rules.group_id,
      rules.is_egress,
      rules.protocol,
      rules.from_port,
      rules.to_port,
      list_entries.prefix_list_id as peer,
      list_entries.possible_from as peer_possible_from,
      list_entries.certain_from as peer_certain_from,
      list_entries.certain_until as peer_certain_until,
      list_entries.possible_until as peer_possible_until,
      list_entries.seen_possible_from as peer_seen_possible_from,
      list_entries.seen_certain_from as peer_seen_certain_from,
      cidr_range.is_ipv6,
      cidr_range.first_key,
      cidr_range.last_key,
      null as unreadable_reference,
      greatest(rules.possible_from, list_entries.possible_from) as possible_from,
      greatest(rules.certain_from, list_entries.certain_from) as certain_from,
      least(rules.certain_until, list_entries.certain_until) as certain_until,
      least(rules.possible_until, list_entries.possible_until) as possible_until,
      greatest(
        rules.seen_possible_from,
        list_entries.seen_possible_from
      ) as seen_possible_from,
      greatest(
        rules.seen_certain_from,
        list_entries.seen_certain_from
      ) as seen_certain_from,
      case
        when rules.possible_until <= list_entries.possible_until then rules.is_removed
        else list_entries.is_removed
      end as is_removed
    from
      rules
      inner join list_entries on rules.prefix_list_id = list_entries.prefix_list_id
      inner join cidr_range on list_entries.cidr = cidr_range.cidr
  ),
  group_ranges as (
    select
      rules.rule_id,
      rules.group_id,
      rules.is_egress,
      rules.protocol,
      rules.from_port,
      rules.to_port,
      members.group_id as peer,
      members.possible_from as peer_possible_from,
      members.certain_from as peer_certain_from,
      members.certain_until as peer_certain_until,
      members.possible_until as peer_possible_until,
      members.seen_possible_from as peer_seen_possible_from,
      members.seen_certain_from as peer_seen_certain_from,
      cidr_range.is_ipv6,
      cidr_range.first_key,
      cidr_range.last_key,
      null as unreadable_reference,
      greatest(rules.possible_from, members.possible_from) as possible_from,
      greatest(rules.certain_from, members.certain_from) as certain_from,
      least(rules.certain_until, members.certain_until) as certain_until,
      least(rules.possible_until, members.possible_until) as possible_until,
      greatest(
        rules.seen_possible_from,
        members.seen_possible_from
      ) as seen_possible_from,
      greatest(
        rules.seen_certain_from,
        members.seen_certain_from
      ) as seen_certain_from,
      case
        when rules.possible_until <= members.possible_until then rules.is_removed
        else members.is_removed
      end as is_removed
    from
      rules
      inner join memberships as members on rules.referenced_group_id = members.group_id
      inner join cidr_range on members.address = cidr_range.cidr
  ),
  references_known as (
    select
      group_id as reference_id,
      min(valid_from) as known_from,
      max(
        coalesce(
          valid_to,
          seconds_after (known_until, $metadata_max_age_seconds)
        )
      ) as known_until
    from
      security_group
    group by
      group_id
    union all
    select
      prefix_list_id as reference_id,
      min(valid_from) as known_from,
      max(
        coalesce(
          valid_to,
          seconds_after (known_until, $metadata_max_age_seconds)
        )
      ) as known_until
    from
      prefix_list_entry
    group by
      prefix_list_id
  ),
  references_made as (
    select
      rules.*,
      references_known.reference_id is not null as is_known,
      references_known.known_from,
      references_known.known_until,
      coalesce(rules.referenced_group_id, rules.prefix_list_id) as reference_id
    from
      rules
      left join references_known on coalesce(rules.referenced_group_id, rules.prefix_list_id) = references_known.reference_id
    where
      rules.referenced_group_id is not null
      or rules.prefix_list_id is not null
  ),
  -- A reference may permit anyone while the inventory cannot resolve it: always, before it was first
  -- seen, or after what is known of it has grown too old. That those who were first seen in it were in it before may be
  -- back-dated; that nobody else was may not.
  unreadable_periods as (
    select
      *,
      possible_from as period_from,
      possible_until as period_until
    from
      references_made
    where
      not is_known
    union all
    select
      *,
      possible_from as period_from,
      least(possible_until, known_from) as period_until
    from
      references_made
    where
      is_known
      and possible_from < known_from
    union all
    select
      *,
      greatest(possible_from, known_until) as period_from,
      possible_until as period_until
    from
      references_made
    where
      is_known
      and possible_until > known_until
  ),
  unreadable_ranges as (
    select
      rules.rule_id,
      rules.group_id,
      rules.is_egress,
      rules.protocol,
      rules.from_port,
      rules.to_port,
      'any' as peer,
      null as peer_possible_from,
      null as peer_certain_from,
      null as peer_certain_until,
      null as peer_possible_until,
      null as peer_seen_possible_from,
      null as peer_seen_certain_from,
      family.is_ipv6,
      family.first_key,
      family.last_key,
      rules.reference_id as unreadable_reference,
      rules.period_from as possible_from,
      greatest(rules.certain_from, rules.period_from) as certain_from,
      least(rules.certain_until, rules.period_until) as certain_until,
      rules.period_until as possible_until,
      greatest(rules.seen_possible_from, rules.period_from) as seen_possible_from,
      greatest(rules.seen_certain_from, rules.period_from) as seen_certain_from,
      rules.is_removed
    from
      unreadable_periods as rules
      inner join cidr_range as family on family.cidr in ('0.0.0.0/0', '::/0')
  ),
  ranges as (
    select
      *
    from
      cidr_ranges
    union all
    select
      *
    from
      prefix_list_ranges
    union all
    select
      *
    from
      group_ranges
    union all
    select
      *
    from
      unreadable_ranges
  )
select
  *
from
  ranges
where
  possible_from < possible_until
order by
  rule_id,
  certain_from,
  first_key,
  last_key
