-- title: Addresses of a day that are of interfaces of the inventory
-- grain: one row an address, an interface, and a stretch of time in which the interface may have had it
-- parameters: none
-- source: an interface answers for its own addresses, for those of the prefixes that are delegated to it, and for the public
--   address that is translated to it
with
  contexts as (
    select
      interface_context.network_interface_id,
      interface_context.scope_name,
      interface_context.vpc_id,
      interface_context.addresses,
      interface_context.prefixes,
      coalesce(
        interface_context.absent_at,
        interface_context.held_from
      ) as possible_from,
      coalesce(interface_context.valid_to, flow_extent.last_at) as possible_until
    from
      interface_context
      cross join flow_extent
    where
      coalesce(
        interface_context.absent_at,
        interface_context.held_from
      ) < flow_extent.last_at
      and coalesce(interface_context.valid_to, flow_extent.last_at) >= flow_extent.first_at
  ),
  public_addresses as (
    select
      network_interface.network_interface_id,
      network_interface.public_address,
      coalesce(
        network_interface.absent_at,
        network_interface.held_from
      ) as possible_from,
      coalesce(network_interface.valid_to, flow_extent.last_at) as possible_until
    from
      network_interface
      cross join flow_extent
    where
      network_interface.public_address is not null
  ),
  named as (
    select
      day_address.address_number,
      contexts.network_interface_id,
      contexts.scope_name,
      contexts.vpc_id,
      contexts.possible_from,
      contexts.possible_until
    from
      contexts
      cross join unnest(contexts.addresses) as own (address)
      inner join day_address on own.address = day_address.address
    union all
    select
      day_address.address_number,
      contexts.network_interface_id,
      contexts.scope_name,
      contexts.vpc_id,
      contexts.possible_from,
      contexts.possible_until
    from
      contexts
      cross join unnest(contexts.prefixes) as own (prefix)
      inner join day_address on (own.prefix like '%:%') = day_address.is_ipv6
      and day_address.address_key between cidr_first_key (own.prefix) and cidr_last_key (own.prefix)
    union all
    select
      day_address.address_number,
      contexts.network_interface_id,
      contexts.scope_name,
      contexts.vpc_id,
      greatest(
        contexts.possible_from,
        public_addresses.possible_from
      ) as possible_from,
      least(
        contexts.possible_until,
        public_addresses.possible_until
      ) as possible_until
    from
      contexts
      inner join public_addresses on contexts.network_interface_id = public_addresses.network_interface_id
      and contexts.possible_from <= public_addresses.possible_until
      and contexts.possible_until >= public_addresses.possible_from
      inner join day_address on public_addresses.public_address = day_address.address
  )
select distinct
  address_number,
  network_interface_id,
  scope_name,
  vpc_id,
  possible_from,
  possible_until
from
  named
