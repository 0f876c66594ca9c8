-- title: The entries of the network ACLs of the interface's subnets, and when each is known to have held there
-- grain: one row a subnet, an entry of its network ACL and an unbroken stretch of time in which both were so
-- parameters: metadata_max_age_seconds
with
  subnets_wanted as (
    select distinct
      network_interface.subnet_id
    from
      subject
      cross join unnest(subject.state_ids) as member (state_id)
      inner join network_interface on split_part(member.state_id, '+', 1) = network_interface.state_id
    where
      subject.action = 'REJECT'
  ),
  association_states as (
    select
      network_acl.network_acl_id,
      member.subnet_id,
      network_acl.valid_from,
      network_acl.known_until,
      network_acl.valid_to,
      network_acl.absent_at,
      network_acl.held_from
    from
      network_acl
      cross join unnest(network_acl.subnet_ids) as member (subnet_id)
    where
      member.subnet_id in (
        select
          subnet_id
        from
          subnets_wanted
      )
  ),
  association_breaks as (
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
      association_states
  ),
  association_numbers as (
    select
      *,
      count(*) filter(is_first) over (
        partition by
          network_acl_id,
          subnet_id
        order by
          valid_from
      ) as stretch_number
    from
      association_breaks
  ),
  associations as (
    select
      network_acl_id,
      subnet_id,
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
      ) as possible_until
    from
      association_numbers
    group by
      network_acl_id,
      subnet_id,
      stretch_number
  ),
  entry_states as (
    select
      *,
      hash(
        row(
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
        )
      ) as content
    from
      network_acl_entry
    where
      cidr is not null
      and network_acl_id in (
        select
          network_acl_id
        from
          associations
      )
  ),
  entry_breaks as (
    select
      *,
      lag (valid_to) over (
        partition by
          content
        order by
          valid_from
      ) is distinct from valid_from as is_first
    from
      entry_states
  ),
  entry_numbers as (
    select
      *,
      count(*) filter(is_first) over (
        partition by
          content
        order by
          valid_from
      ) as stretch_number
    from
      entry_breaks
  ),
  entries as (
    select
      min(network_acl_id) as network_acl_id,
      min(rule_number) as rule_number,
      bool_or(is_egress) as is_egress,
      min(action) as action,
      min(protocol) as protocol,
      min(from_port) as from_port,
      min(to_port) as to_port,
      min(icmp_type) as icmp_type,
      min(icmp_code) as icmp_code,
      min(cidr) as cidr,
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
      ) as possible_until
    from
      entry_numbers
    group by
      content,
      stretch_number
  ),
  combined as (
    select
      associations.subnet_id,
      associations.network_acl_id,
      entries.network_acl_id || if (entries.is_egress, ' outbound ', ' inbound ') || cast(entries.rule_number as varchar) as entry_id,
      entries.rule_number,
      entries.is_egress,
      entries.action,
      entries.protocol,
      entries.from_port,
      entries.to_port,
      entries.icmp_type,
      entries.icmp_code,
      entries.cidr,
      greatest(associations.possible_from, entries.possible_from) as possible_from,
      greatest(associations.certain_from, entries.certain_from) as certain_from,
      least(associations.certain_until, entries.certain_until) as certain_until,
      least(
        associations.possible_until,
        entries.possible_until
      ) as possible_until
    from
      associations
      inner join entries on associations.network_acl_id = entries.network_acl_id
  )
select
  *
from
  combined
where
  possible_from < possible_until
order by
  subnet_id,
  is_egress,
  rule_number,
  possible_from,
  entry_id,
  cidr
