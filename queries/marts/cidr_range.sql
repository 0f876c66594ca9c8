-- title: The ranges of addresses that the inventory names, by their first and last address
-- grain: one row a range or an address, as the inventory writes it; an address is a range of one. Those of
--   all addresses, 0.0.0.0/0 and ::/0, are always there
-- parameters: none
with
  named as (
    select
      cidr
    from
      security_group_rule
    union all
    select
      cidr
    from
      prefix_list_entry
    union all
    select
      cidr
    from
      network_acl_entry
    union all
    select
      own_cidr.cidr
    from
      vpc
      cross join unnest(cidrs) as own_cidr (cidr)
    union all
    select
      own_cidr.cidr
    from
      subnet
      cross join unnest(list_concat([cidr], ipv6_cidrs)) as own_cidr (cidr)
    union all
    select
      held.cidr
    from
      interface_context
      cross join unnest(list_concat(addresses, prefixes)) as held (cidr)
    union all
    select
      family.cidr
    from
      (
        values
          ('0.0.0.0/0'),
          ('::/0')
      ) as family (cidr)
  ),
  ranges as (
    select distinct
      cidr,
      cidr like '%:%' as is_ipv6,
      case
        when cidr like '%/%' then cidr
        when cidr like '%:%' then cidr || '/128'
        else cidr || '/32'
      end as whole_cidr
    from
      named
    where
      cidr is not null
  )
select
  cidr,
  is_ipv6,
  cidr_first_key (whole_cidr) as first_key,
  cidr_last_key (whole_cidr) as last_key
from
  ranges
