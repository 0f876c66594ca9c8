-- title: What each entry of a subnet's network ACL looks at, as ranges of addresses and stretches of time
-- grain: one row a subnet and a stretch of time in which an entry of its network ACL said the same; seen_possible_from and
--   seen_certain_from are as in rule_range
-- parameters: metadata_max_age_seconds
-- source: Amazon VPC User Guide, "Network ACL basics": a subnet has one network ACL at a time; the entry
--   with the lowest number that matches decides, and none is looked at for traffic within the subnet. That
--   is the number 0 here, which no entry has.
with
  subnet_states as (
    select
      network_acl_id,
      subnet.subnet_id,
      valid_from,
      known_until,
      valid_to,
      absent_at,
      held_from
    from
      network_acl
      cross join unnest(subnet_ids) as subnet (subnet_id)
  ),
  -- A change of something else, such as a tag, is no doubt of what subnet has the network ACL.
  compared_subnets as (
    select
      *,
      lag (valid_to) over (
        partition by
          network_acl_id,
          subnet_id
        order by
          valid_from
      ) is distinct from valid_from as is_first
    from
      subnet_states
  ),
  numbered_subnets as (
    select
      *,
      count(if (is_first, 1, null)) over (
        partition by
          network_acl_id,
          subnet_id
        order by
          valid_from
      ) as stretch_number
    from
      compared_subnets
  ),
  subnets as (
    select
      network_acl_id,
      subnet_id,
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
      ) as possible_until
    from
      numbered_subnets
    group by
      network_acl_id,
      subnet_id,
      stretch_number
  ),
  compared_entries as (
    select
      *,
      lag (valid_to) over entry_history is distinct from valid_from as is_first
    from
      network_acl_entry
    where
      cidr is not null
    window
      entry_history as (
        partition by
          network_acl_id,
          rule_number,
          is_egress,
          action,
          protocol,
          from_port,
          to_port,
          icmp_type,
          icmp_code,
          cidr
        order by
          valid_from
      )
  ),
  numbered_entries as (
    select
      *,
      count(if (is_first, 1, null)) over (
        partition by
          network_acl_id,
          rule_number,
          is_egress,
          action,
          protocol,
          from_port,
          to_port,
          icmp_type,
          icmp_code,
          cidr
        order by
          valid_from
      ) as stretch_number
    from
      compared_entries
  ),
  entries as (
    select
      network_acl_id,
      rule_number,
      is_egress,
      action,
      protocol,
      from_port,
      to_port,
      icmp_type,
      icmp_code,
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
      ) as possible_until
    from
      numbered_entries
    group by
      network_acl_id,
      rule_number,
      is_egress,
      action,
      protocol,
      from_port,
      to_port,
      icmp_type,
      icmp_code,
      cidr,
      stretch_number
  ),
  subnet_cidrs as (
    select distinct
      subnet.subnet_id,
      own_cidr.cidr
    from
      subnet
      cross join unnest(list_concat([cidr], ipv6_cidrs)) as own_cidr (cidr)
    where
      own_cidr.cidr is not null
  ),
  ranges as (
    select
      subnets.subnet_id,
      entries.network_acl_id || if (entries.is_egress, ' outbound ', ' inbound ') || cast(entries.rule_number as varchar) as entry_id,
      entries.rule_number,
      entries.is_egress,
      entries.action = 'allow' as is_allow,
      entries.protocol,
      entries.from_port,
      entries.to_port,
      entries.icmp_type is not null
      or entries.icmp_code is not null as is_icmp_type_named,
      entries.cidr as peer,
      cidr_range.is_ipv6,
      cidr_range.first_key,
      cidr_range.last_key,
      greatest(subnets.possible_from, entries.possible_from) as possible_from,
      greatest(subnets.certain_from, entries.certain_from) as certain_from,
      least(subnets.certain_until, entries.certain_until) as certain_until,
      least(subnets.possible_until, entries.possible_until) as possible_until,
      greatest(
        subnets.seen_possible_from,
        entries.seen_possible_from
      ) as seen_possible_from,
      greatest(
        subnets.seen_certain_from,
        entries.seen_certain_from
      ) as seen_certain_from
    from
      subnets
      inner join entries on subnets.network_acl_id = entries.network_acl_id
      inner join cidr_range on entries.cidr = cidr_range.cidr
    union all
    select
      subnet_cidrs.subnet_id,
      subnet_cidrs.subnet_id as entry_id,
      0 as rule_number,
      direction.is_egress,
      true as is_allow,
      null as protocol,
      null as from_port,
      null as to_port,
      false as is_icmp_type_named,
      subnet_cidrs.cidr as peer,
      cidr_range.is_ipv6,
      cidr_range.first_key,
      cidr_range.last_key,
      -- The ranges of a subnet are its own from its creation on.
      timestamp '1970-01-01 00:00:00' as possible_from,
      timestamp '1970-01-01 00:00:00' as certain_from,
      timestamp '9999-12-31 00:00:00' as certain_until,
      timestamp '9999-12-31 00:00:00' as possible_until,
      timestamp '1970-01-01 00:00:00' as seen_possible_from,
      timestamp '1970-01-01 00:00:00' as seen_certain_from
    from
      subnet_cidrs
      inner join cidr_range on subnet_cidrs.cidr = cidr_range.cidr
      cross join (
        values
          (false),
          (true)
      ) as direction (is_egress)
  )
select
  *
from
  ranges
where
  possible_from < possible_until
order by
  subnet_id,
  is_egress,
  rule_number,
  certain_from,
  first_key,
  entry_id
