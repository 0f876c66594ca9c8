-- title: Ranges of the VPCs that hold public addresses
-- grain: one row a range
-- parameters: none
with
  cidrs as (
    select distinct
      own_cidr.cidr
    from
      vpc
      cross join unnest(cidrs) as own_cidr (cidr)
  ),
  keyed as (
    select
      cidr,
      cidr_first_key (cidr) as first_key,
      cidr_last_key (cidr) as last_key
    from
      cidrs
  )
select
  cidr
from
  keyed
where
  is_public_range (cidr, first_key, last_key)
