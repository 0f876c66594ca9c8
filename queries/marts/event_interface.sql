-- title: The interfaces that may be on either side of an IPS event
-- grain: one row an event, a side of it, and an address of an interface that may have been there then
-- parameters: none
-- source: where an event names one side only, the other is its host; if no address of the host is stated, it is found by
--   instance id, else by name. A network firewall or GuardDuty is no host of an event.
with
  named_sides as (
    select
      event_id,
      'source' as side,
      'address' as key_kind,
      source_address as host_key,
      event_at
    from
      event_subject
    where
      source_address is not null
    union all
    select
      event_id,
      'destination' as side,
      'address' as key_kind,
      destination_address as host_key,
      event_at
    from
      event_subject
    where
      destination_address is not null
  ),
  host_sides as (
    select
      event_id,
      if (
        destination_address is null,
        'destination',
        'source'
      ) as side,
      if (
        instance_id is not null,
        'instance_id',
        'host_name'
      ) as key_kind,
      coalesce(instance_id, lower(host_name)) as host_key,
      event_at
    from
      event_subject
    where
      (source_address is null) <> (destination_address is null)
      and product not in ('guardduty', 'aws_network_firewall')
  ),
  sides as (
    select
      *
    from
      named_sides
    union all
    select
      *
    from
      host_sides
    where
      host_key is not null
  )
select distinct
  sides.event_id,
  sides.side,
  sides.key_kind as side_basis,
  agent_interface.address,
  agent_interface.network_interface_id,
  agent_interface.instance_id,
  agent_interface.subnet_id,
  agent_interface.vpc_id,
  agent_interface.scope_name
from
  sides
  inner join agent_interface on sides.key_kind = agent_interface.key_kind
  and sides.host_key = agent_interface.host_key
  and sides.event_at >= agent_interface.possible_from
  and (
    agent_interface.possible_until is null
    or sides.event_at < agent_interface.possible_until
  )
