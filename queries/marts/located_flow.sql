-- title: Records without an interface id, by VPC, address and time, if that leaves one interface
-- grain: one row a flow
-- parameters: flow_date
-- source: Amazon VPC User Guide, "Flow log records" and "Transit gateway flow log records". Never by the address alone: two
--   VPCs may have the same. The side that was captured is known only of records with a direction; of the others, both
--   sides count, and must not name two interfaces. A record of a transit gateway was captured at neither side, and its
--   direction is the gateway's: the interface is that of the destination, the resource that was reached; that of the
--   source only where the destination is none that the inventory knows, such as a host outside AWS. A copy of another
--   record has an interface id, so that none is here.
with
  flows as (
    select
      object_id,
      line_number,
      srcaddr,
      dstaddr,
      vpc_id is null as is_routed,
      case
        when vpc_id is null then tgw_src_vpc_id
        when coalesce(flow_direction, '') <> 'ingress' then vpc_id
      end as source_vpc_id,
      case
        when vpc_id is null then tgw_dst_vpc_id
        when coalesce(flow_direction, '') <> 'egress' then vpc_id
      end as destination_vpc_id,
      seconds_after (
        least(
          coalesce(start_at, end_at),
          coalesce(end_at, start_at)
        ),
        -60
      ) as window_from,
      seconds_after (
        greatest(
          coalesce(start_at, end_at),
          coalesce(end_at, start_at)
        ),
        60
      ) as window_to
    from
      flow
    where
      flow_date = cast($flow_date as date)
      and interface_id is null
      and coalesce(vpc_id, tgw_src_vpc_id, tgw_dst_vpc_id) is not null
  ),
  -- Few addresses make many records: what follows looks at each once.
  wanted as (
    select
      source_vpc_id as vpc_id,
      srcaddr as address
    from
      flows
    where
      source_vpc_id is not null
      and srcaddr is not null
    group by
      source_vpc_id,
      srcaddr
    union
    select
      destination_vpc_id as vpc_id,
      dstaddr as address
    from
      flows
    where
      destination_vpc_id is not null
      and dstaddr is not null
    group by
      destination_vpc_id,
      dstaddr
  ),
  states as (
    select
      interface_context.vpc_id,
      interface_context.network_interface_id,
      interface_context.addresses,
      interface_context.prefixes,
      coalesce(
        interface_context.absent_at,
        interface_context.held_from
      ) as possible_from,
      coalesce(interface_context.valid_to, timestamp 'infinity') as possible_until
    from
      interface_context
      cross join flow_extent
    where
      coalesce(
        interface_context.absent_at,
        interface_context.held_from
      ) < flow_extent.last_at
      and coalesce(interface_context.valid_to, timestamp 'infinity') > flow_extent.first_at
  ),
  -- A prefix is compared by the whole hexadecimal digits that it fixes; AWS gives out /28 and /80, which end with one.
  prefixes as (
    select
      states.vpc_id,
      states.network_interface_id,
      states.possible_from,
      states.possible_until,
      cidr_range.first_key,
      cidr_range.last_key,
      cast(floor(cidr_bits (prefix.cidr) / 4) as integer) as digit_count,
      cidr_range.is_ipv6
    from
      states
      cross join unnest(states.prefixes) as prefix(cidr)
      inner join cidr_range on prefix.cidr = cidr_range.cidr
  ),
  prefix_lengths as (
    select distinct
      vpc_id,
      digit_count,
      is_ipv6
    from
      prefixes
  ),
  wanted_in_prefixes as (
    select
      wanted.vpc_id,
      wanted.address,
      address_key (wanted.address) as address_key,
      prefix_lengths.digit_count,
      prefix_lengths.is_ipv6
    from
      wanted
      inner join prefix_lengths on wanted.vpc_id = prefix_lengths.vpc_id
      and (wanted.address like '%:%') = prefix_lengths.is_ipv6
  ),
  holdings as (
    select
      states.vpc_id,
      address.address,
      states.network_interface_id,
      states.possible_from,
      states.possible_until
    from
      states
      cross join unnest(states.addresses) as address (address)
    union all
    select
      wanted_in_prefixes.vpc_id,
      wanted_in_prefixes.address,
      prefixes.network_interface_id,
      prefixes.possible_from,
      prefixes.possible_until
    from
      wanted_in_prefixes
      inner join prefixes on wanted_in_prefixes.vpc_id = prefixes.vpc_id
      and wanted_in_prefixes.is_ipv6 = prefixes.is_ipv6
      and wanted_in_prefixes.digit_count = prefixes.digit_count
      and substr(
        wanted_in_prefixes.address_key,
        1,
        wanted_in_prefixes.digit_count
      ) = substr(prefixes.first_key, 1, prefixes.digit_count)
    where
      wanted_in_prefixes.address_key between prefixes.first_key and prefixes.last_key
  ),
  -- States of an interface that follow each other are one stretch of time in which it may have had the address.
  compared as (
    select
      *,
      coalesce(
        max(possible_until) over (
          partition by
            vpc_id,
            address,
            network_interface_id
          order by
            possible_from rows between unbounded preceding
            and 1 preceding
        ) < possible_from,
        true
      ) as is_first
    from
      holdings
  ),
  numbered as (
    select
      *,
      count(if (is_first, 1, null)) over (
        partition by
          vpc_id,
          address,
          network_interface_id
        order by
          possible_from
      ) as stretch_number
    from
      compared
  ),
  stretches as (
    select
      vpc_id,
      address,
      network_interface_id,
      min(possible_from) as possible_from,
      max(possible_until) as possible_until
    from
      numbered
    group by
      vpc_id,
      address,
      network_interface_id,
      stretch_number
  ),
  -- Nearly every address has one stretch; only of the others does a record have to choose.
  holders as (
    select
      vpc_id,
      address,
      count(*) as stretch_count,
      min(network_interface_id) as network_interface_id,
      min(possible_from) as possible_from,
      max(possible_until) as possible_until
    from
      stretches
    group by
      vpc_id,
      address
  ),
  sided as (
    select
      flows.*,
      coalesce(source.stretch_count, 0) as source_count,
      source.network_interface_id as source_interface_id,
      coalesce(destination.stretch_count, 0) as destination_count,
      destination.network_interface_id as destination_interface_id
    from
      flows
      left join holders as source on flows.source_vpc_id = source.vpc_id
      and flows.srcaddr = source.address
      and source.possible_from < flows.window_to
      and flows.window_from < source.possible_until
      left join holders as destination on flows.destination_vpc_id = destination.vpc_id
      and flows.dstaddr = destination.address
      and destination.possible_from < flows.window_to
      and flows.window_from < destination.possible_until
    where
      source.vpc_id is not null
      or destination.vpc_id is not null
  ),
  open_sides as (
    select
      object_id,
      line_number,
      true as is_source,
      source_vpc_id as vpc_id,
      srcaddr as address,
      window_from,
      window_to
    from
      sided
    where
      source_count > 1
    union all
    select
      object_id,
      line_number,
      false as is_source,
      destination_vpc_id as vpc_id,
      dstaddr as address,
      window_from,
      window_to
    from
      sided
    where
      destination_count > 1
  ),
  chosen as (
    select
      open_sides.object_id,
      open_sides.line_number,
      open_sides.is_source,
      count(distinct stretches.network_interface_id) as interface_count,
      min(stretches.network_interface_id) as network_interface_id
    from
      open_sides
      inner join stretches on open_sides.vpc_id = stretches.vpc_id
      and open_sides.address = stretches.address
      and stretches.possible_from < open_sides.window_to
      and open_sides.window_from < stretches.possible_until
    group by
      open_sides.object_id,
      open_sides.line_number,
      open_sides.is_source
  ),
  answered as (
    select
      object_id,
      line_number,
      is_routed,
      source_count,
      source_interface_id,
      destination_count,
      destination_interface_id
    from
      sided
    where
      source_count <= 1
      and destination_count <= 1
    union all
    select
      sided.object_id,
      sided.line_number,
      sided.is_routed,
      if (
        sided.source_count > 1,
        coalesce(source.interface_count, 0),
        sided.source_count
      ) as source_count,
      if (
        sided.source_count > 1,
        source.network_interface_id,
        sided.source_interface_id
      ) as source_interface_id,
      if (
        sided.destination_count > 1,
        coalesce(destination.interface_count, 0),
        sided.destination_count
      ) as destination_count,
      if (
        sided.destination_count > 1,
        destination.network_interface_id,
        sided.destination_interface_id
      ) as destination_interface_id
    from
      sided
      left join chosen as source on sided.object_id = source.object_id
      and sided.line_number = source.line_number
      and source.is_source
      left join chosen as destination on sided.object_id = destination.object_id
      and sided.line_number = destination.line_number
      and not destination.is_source
    where
      sided.source_count > 1
      or sided.destination_count > 1
  ),
  located as (
    select
      *,
      case
        when destination_count = 1
        and is_routed then destination_interface_id
        when destination_count = 1
        and source_count = 0 then destination_interface_id
        when source_count = 1
        and destination_count = 0 then source_interface_id
        when source_count = 1
        and destination_count = 1
        and source_interface_id = destination_interface_id then source_interface_id
      end as network_interface_id
    from
      answered
  )
select
  object_id,
  line_number,
  network_interface_id,
  is_routed,
  -- Null where both sides are of the interface.
  case
    when destination_count = 0 then true
    when source_count = 0
    or source_interface_id <> destination_interface_id
    or source_count > 1 then false
  end as is_source
from
  located
where
  network_interface_id is not null
