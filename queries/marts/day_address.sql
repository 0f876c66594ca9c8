-- title: The addresses of a day, each once, with the cell of address space that each lies in
-- grain: one row an address
-- parameters: flow_date
-- source: the bounds of all ranges that a rule or network ACL entry of the day looks at, and of the own VPCs, cut address space
--   into cells: what is true of one address of a cell is true of all
with
  addresses as (
    select
      srcaddr as address
    from
      flow
    where
      flow_date = cast($flow_date as date)
    group by
      srcaddr
    union
    select
      dstaddr as address
    from
      flow
    where
      flow_date = cast($flow_date as date)
    group by
      dstaddr
    union
    select
      pkt_srcaddr as address
    from
      flow
    where
      flow_date = cast($flow_date as date)
    group by
      pkt_srcaddr
    union
    select
      pkt_dstaddr as address
    from
      flow
    where
      flow_date = cast($flow_date as date)
    group by
      pkt_dstaddr
  ),
  keyed as (
    select
      address,
      address_key (address) as address_key,
      address like '%:%' as is_ipv6
    from
      addresses
    where
      address is not null
  ),
  ranges as (
    select
      is_ipv6,
      first_key,
      last_key,
      false as is_own
    from
      peer_range
    where
      peer_key in (
        select
          peer_key
        from
          context_rule
      )
    union
    select
      cidr_range.is_ipv6,
      cidr_range.first_key,
      cidr_range.last_key,
      true as is_own
    from
      vpc
      cross join unnest(cidrs) as own_cidr (cidr)
      inner join cidr_range on own_cidr.cidr = cidr_range.cidr
  ),
  bounds as (
    select
      is_ipv6,
      first_key as cut_key,
      if (is_own, 1, 0) as own_change
    from
      ranges
    union all
    select
      is_ipv6,
      key_after (last_key) as cut_key,
      if (is_own, -1, 0) as own_change
    from
      ranges
  ),
  cuts as (
    select
      is_ipv6,
      cut_key,
      sum(own_change) as own_change
    from
      bounds
    where
      cut_key is not null
    group by
      is_ipv6,
      cut_key
  ),
  -- A cut stands before the address that it begins with.
  ordered as (
    select
      null as address,
      cut_key as address_key,
      is_ipv6,
      true as is_cut,
      own_change
    from
      cuts
    union all
    select
      address,
      address_key,
      is_ipv6,
      false as is_cut,
      0 as own_change
    from
      keyed
  ),
  placed as (
    select
      *,
      sum(if (is_cut, 1, 0)) over address_order as cut_number,
      -- Of how many ranges of the own VPCs the address is.
      sum(own_change) over address_order as own_count
    from
      ordered
    window
      address_order as (
        partition by
          is_ipv6
        order by
          address_key,
          is_cut desc rows between unbounded preceding
          and current row
      )
  ),
  relays as (
    select distinct
      address.address
    from
      interface_context
      cross join flow_extent
      cross join unnest(addresses) as address (address)
    where
      coalesce(absent_at, held_from) < last_at
      and coalesce(valid_to, last_at) >= first_at
      and owner_kind in (
        'application_load_balancer',
        'classic_load_balancer',
        'network_load_balancer',
        'nat_gateway'
      )
  )
select
  cast(
    row_number() over (
      order by
        placed.is_ipv6,
        placed.address_key,
        placed.address
    ) as integer
  ) as address_number,
  placed.address,
  placed.address_key,
  placed.is_ipv6,
  cast(
    dense_rank () over (
      order by
        placed.is_ipv6,
        placed.cut_number
    ) as integer
  ) as cell_number,
  -- Bit 4: IPv6. Bit 2: the address is public. Bit 1: it is of a load balancer or a NAT gateway.
  if (placed.is_ipv6, 4, 0) + if (
    is_public_key (placed.address_key)
    and placed.own_count = 0,
    2,
    0
  ) + if (relays.address is null, 0, 1) as address_traits
from
  placed
  left join relays on placed.address = relays.address
where
  not placed.is_cut
