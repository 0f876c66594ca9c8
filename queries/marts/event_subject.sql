-- title: IPS events with both addresses, where the event or its host gives them
-- grain: one row an event
-- parameters: flow_date
with
  -- The same event may be delivered twice: once is enough.
  events as (
    select
      event_id,
      min(event_at) as event_at,
      min(disposition) as disposition,
      min(module) as module,
      min(user_name) as user_name,
      min(client_address) as client_address,
      min(signature_id) as signature_id,
      min(protocol) as protocol,
      min(source_port) as source_port,
      min(destination_port) as destination_port,
      min(source_address) as source_address,
      -- An event of the host itself, such as a logon, names the peer but not the host's own address.
      coalesce(min(destination_address), min(host_address)) as destination_address
    from
      ips_event
    where
      event_at >= seconds_after (cast($flow_date as timestamp), -3600)
      and event_at < seconds_after (cast($flow_date as timestamp), 90000)
      and module not in ('heartbeat', 'flow', 'system')
    group by
      event_id
  )
select
  *,
  least(source_address, destination_address) as low_address,
  greatest(source_address, destination_address) as high_address
from
  events
where
  source_address is not null
  and destination_address is not null
order by
  event_id
