-- title: The IPS events that concern the record
-- grain: one row an event
-- parameters: none
with
  -- The same event may be delivered twice: once is enough.
  events as (
    select
      ips_event.*,
      row_number() over (
        partition by
          event_id
        order by
          object_id,
          line_number
      ) as delivery_number
    from
      ips_event
    where
      event_id in (
        select
          flow_event.event_id
        from
          flow_event
          inner join subject on flow_event.flow_date = subject.flow_date
          and flow_event.object_id = subject.object_id
          and flow_event.line_number = subject.line_number
      )
  )
select
  flow_event.*,
  struct_pack(
    product := events.product,
    module := events.module,
    event_at := events.event_at,
    host_name := events.host_name,
    signature_id := events.signature_id,
    signature_name := events.signature_name,
    severity := events.severity,
    action_raw := events.action_raw,
    protocol := events.protocol,
    source_address := events.source_address,
    source_port := events.source_port,
    destination_address := coalesce(events.destination_address, events.host_address),
    destination_port := events.destination_port,
    client_address := events.client_address
  ) as event
from
  subject
  inner join flow_event on flow_event.flow_date = subject.flow_date
  and flow_event.object_id = subject.object_id
  and flow_event.line_number = subject.line_number
  left join events on flow_event.event_id = events.event_id
  and events.delivery_number = 1
order by
  events.event_at,
  flow_event.event_id
