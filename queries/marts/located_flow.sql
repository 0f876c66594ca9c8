-- title: Records without an interface id, by VPC, address and time, if that leaves one interface
-- grain: one row a flow
-- parameters: flow_date
with
  flows as (
    select
      object_id,
      line_number,
      vpc_id,
      srcaddr,
      dstaddr,
      flow_direction,
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
  ),
  interface_addresses as (
    select
      vpc_id,
      address.address,
      network_interface_id,
      coalesce(absent_at, valid_from) as possible_from,
      valid_to as possible_until
    from
      interface_context
      cross join unnest(addresses) as address (address)
  )
select
  flows.object_id,
  flows.line_number,
  min(interface_addresses.network_interface_id) as network_interface_id
from
  flows
  inner join interface_addresses on flows.vpc_id = interface_addresses.vpc_id
  and (
    (
      flows.srcaddr = interface_addresses.address
      and coalesce(flows.flow_direction, '') <> 'ingress'
    )
    or (
      flows.dstaddr = interface_addresses.address
      and coalesce(flows.flow_direction, '') <> 'egress'
    )
  )
  and flows.window_to > interface_addresses.possible_from
  and flows.window_from < coalesce(
    interface_addresses.possible_until,
    timestamp 'infinity'
  )
group by
  flows.object_id,
  flows.line_number
having
  count(distinct interface_addresses.network_interface_id) = 1
