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
  )
select
  cidrs.cidr
from
  cidrs
  inner join cidr_range on cidrs.cidr = cidr_range.cidr
where
  is_public_range (
    cidrs.cidr,
    cidr_range.first_key,
    cidr_range.last_key
  )
