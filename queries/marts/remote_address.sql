-- title: The remote addresses of a day, each once, with what address arithmetic says of them
-- grain: one row an address
-- parameters: none
with
  addresses as (
    select distinct
      remote_address as address
    from
      flow_subject
    where
      remote_address is not null
  ),
  own_ranges as (
    select distinct
      own_cidr.cidr like '%:%' as is_ipv6,
      cidr_first_key (own_cidr.cidr) as first_key,
      cidr_last_key (own_cidr.cidr) as last_key
    from
      vpc
      cross join unnest(cidrs) as own_cidr (cidr)
  )
select
  addresses.address,
  address_key (addresses.address) as address_key,
  addresses.address like '%:%' as is_ipv6,
  is_public_key (address_key (addresses.address))
  and not bool_or(own_ranges.first_key is not null) as is_public
from
  addresses
  left join own_ranges on own_ranges.is_ipv6 = (addresses.address like '%:%')
  and address_key (addresses.address) between own_ranges.first_key and own_ranges.last_key
group by
  addresses.address
order by
  addresses.address
