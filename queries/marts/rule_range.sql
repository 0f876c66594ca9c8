-- title: What each rule permits, as ranges of addresses and stretches of time
-- grain: one row a state of a rule and a range of peers; group and prefix list references are resolved
-- parameters: metadata_max_age_seconds
-- source: Amazon VPC User Guide, "Security group rules"; a group reference means the private addresses
--   of the interfaces in the group
with
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
      coalesce(absent_at, valid_from) as possible_from,
      valid_from as certain_from,
      case
        when valid_to is null then seconds_after (known_until, $metadata_max_age_seconds)
        else known_until
      end as certain_until,
      coalesce(valid_to, seconds_after (known_until, $metadata_max_age_seconds)) as possible_until
    from security_group_rule
  ),
  memberships as (
    select
      member_group.group_id,
      member_address.address,
      network_interface_id,
      coalesce(absent_at, valid_from) as possible_from,
      valid_from as certain_from,
      known_until,
      valid_to
    from interface_context
    cross join unnest(group_ids) as member_group (group_id)
    cross join unnest(addresses) as member_address (address)
  ),
  -- A change of something else, between two states that both have the membership, is no doubt of it.
  joined_memberships as (
    select
      group_id,
      address,
      possible_from,
      certain_from,
      case
        when valid_to is null then seconds_after (known_until, $metadata_max_age_seconds)
        when lead(certain_from) over membership_history = valid_to then valid_to
        else known_until
      end as certain_until,
      coalesce(valid_to, seconds_after (known_until, $metadata_max_age_seconds)) as possible_until
    from memberships
    window membership_history as (
      partition by group_id, address, network_interface_id
      order by certain_from
    )
  ),
  list_entries as (
    select
      prefix_list_id,
      cidr,
      coalesce(absent_at, valid_from) as possible_from,
      valid_from as certain_from,
      case
        when valid_to is null then seconds_after (known_until, $metadata_max_age_seconds)
        else known_until
      end as certain_until,
      coalesce(valid_to, seconds_after (known_until, $metadata_max_age_seconds)) as possible_until
    from prefix_list_entry
  ),
  cidr_ranges as (
    select
      rule_id,
      group_id,
      is_egress,
      protocol,
      from_port,
      to_port,
      cidr like '%:%' as is_ipv6,
      cidr_first_key (cidr) as first_key,
      cidr_last_key (cidr) as last_key,
      null as unreadable_reference,
      possible_from,
      certain_from,
      certain_until,
      possible_until
    from rules
    where cidr is not null
  ),
  prefix_list_ranges as (
    select
      rules.rule_id,
      rules.group_id,
      rules.is_egress,
      rules.protocol,
      rules.from_port,
      rules.to_port,
      list_entries.cidr like '%:%' as is_ipv6,
      cidr_first_key (list_entries.cidr) as first_key,
      cidr_last_key (list_entries.cidr) as last_key,
      null as unreadable_reference,
      greatest(rules.possible_from, list_entries.possible_from) as possible_from,
      greatest(rules.certain_from, list_entries.certain_from) as certain_from,
      least(rules.certain_until, list_entries.certain_until) as certain_until,
      least(rules.possible_until, list_entries.possible_until) as possible_until
    from rules
    inner join list_entries on rules.prefix_list_id = list_entries.prefix_list_id
  ),
  group_ranges as (
    select
      rules.rule_id,
      rules.group_id,
      rules.is_egress,
      rules.protocol,
      rules.from_port,
      rules.to_port,
      members.address like '%:%' as is_ipv6,
      address_key (members.address) as first_key,
      address_key (members.address) as last_key,
      null as unreadable_reference,
      greatest(rules.possible_from, members.possible_from) as possible_from,
      greatest(rules.certain_from, members.certain_from) as certain_from,
      least(rules.certain_until, members.certain_until) as certain_until,
      least(rules.possible_until, members.possible_until) as possible_until
    from rules
    inner join joined_memberships as members on rules.referenced_group_id = members.group_id
  ),
  -- A reference that the inventory cannot resolve may permit anyone.
  unreadable_ranges as (
    select
      rules.rule_id,
      rules.group_id,
      rules.is_egress,
      rules.protocol,
      rules.from_port,
      rules.to_port,
      family.is_ipv6,
      family.first_key,
      family.last_key,
      coalesce(rules.referenced_group_id, rules.prefix_list_id) as unreadable_reference,
      rules.possible_from,
      rules.certain_from,
      rules.certain_until,
      rules.possible_until
    from rules
    cross join (
      values
        (false, cidr_first_key ('0.0.0.0/0'), cidr_last_key ('0.0.0.0/0')),
        (true, cidr_first_key ('::/0'), cidr_last_key ('::/0'))
    ) as family (is_ipv6, first_key, last_key)
    where (
        rules.referenced_group_id is not null
        and rules.referenced_group_id not in (
          select group_id
          from security_group
        )
      )
      or (
        rules.prefix_list_id is not null
        and rules.prefix_list_id not in (
          select prefix_list_id
          from prefix_list_entry
        )
      )
  ),
  ranges as (
    select *
    from cidr_ranges
    union all
    select *
    from prefix_list_ranges
    union all
    select *
    from group_ranges
    union all
    select *
    from unreadable_ranges
  )
select *
from ranges
where possible_from <= possible_until
order by rule_id, certain_from, first_key, last_key
