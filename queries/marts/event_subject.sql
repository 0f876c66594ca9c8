-- title: IPS events that may concern a flow, each with its time and both addresses where it or its host gives them
-- grain: one row an event
-- parameters: first_event_date, last_event_date, event_from, event_until, event_clock_tolerance_seconds
-- source: event_at is by the clock of the agent, received_at by that of its manager. An event cannot have been received
--   before it happened: where its own time is later than that by more than the tolerance, or missing, received_at counts.
with
  -- The same event may be delivered twice: once is enough.
  events as (
    select
      event_id,
      min(product) as product,
      min(module) as module,
      min(disposition) as disposition,
      min(signature_id) as signature_id,
      min(user_name) as user_name,
      min(client_address) as client_address,
      min(protocol) as protocol,
      min(source_port) as source_port,
      min(destination_port) as destination_port,
      min(source_address) as source_address,
      min(destination_address) as destination_address,
      min(host_address) as host_address,
      min(host_name) as host_name,
      min(instance_id) as instance_id,
      min(event_at) as event_at,
      min(received_at) as received_at
    from
      ips_event
    where
      event_date >= cast($first_event_date as date)
      and event_date <= cast($last_event_date as date)
      and module not in ('heartbeat', 'flow', 'system')
    group by
      event_id
  ),
  timed as (
    select
      *,
      case
        when event_at is null then 'received_at'
        when event_at > seconds_after (received_at, $event_clock_tolerance_seconds) then 'received_at'
        else 'event_at'
      end as clock,
      -- ICMP and most others have no ports, whatever an event or a flow log puts there.
      coalesce(protocol not in (6, 17, 33, 132, 136), false) as has_no_ports
    from
      events
  )
select
  event_id,
  product,
  module,
  disposition,
  signature_id,
  user_name,
  client_address,
  protocol,
  if (has_no_ports, null, source_port) as source_port,
  if (has_no_ports, null, destination_port) as destination_port,
  -- An event of the host itself, such as a logon, names the peer but not the host's own address.
  case
    when source_address is not null then source_address
    when destination_address <> host_address then host_address
  end as source_address,
  case
    when destination_address is not null then destination_address
    when source_address <> host_address then host_address
  end as destination_address,
  host_name,
  instance_id,
  if (clock = 'event_at', event_at, received_at) as event_at,
  clock
from
  timed
where
  case clock
    when 'event_at' then event_at
    else received_at
  end >= cast($event_from as timestamp)
  and case clock
    when 'event_at' then event_at
    else received_at
  end < cast($event_until as timestamp)
order by
  event_id
