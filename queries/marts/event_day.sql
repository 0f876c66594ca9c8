-- title: How many IPS events a day has, by what became of them
-- grain: one row an entry of the configuration, product, module, disposition and severity
-- parameters: event_date
with
  -- The same event may be delivered twice: once is enough.
  events as (
    select
      ips_event.event_id,
      min(source_object.source) as source,
      min(ips_event.product) as product,
      min(ips_event.module) as module,
      min(ips_event.disposition) as disposition,
      min(ips_event.severity) as severity,
      min(ips_event.signature_id) as signature_id,
      min(
        coalesce(
          ips_event.instance_id,
          ips_event.host_id,
          ips_event.host_name,
          ips_event.host_address
        )
      ) as host,
      min(
        coalesce(ips_event.event_at, ips_event.received_at)
      ) as event_at
    from
      ips_event
      left join source_object on ips_event.object_id = source_object.object_id
    where
      ips_event.event_date = cast($event_date as date)
    group by
      ips_event.event_id
  )
select
  source,
  product,
  module,
  disposition,
  severity,
  count(*) as event_count,
  count(distinct signature_id) as signature_count,
  count(distinct host) as host_count,
  min(event_at) as first_at,
  max(event_at) as last_at,
  cast($event_date as date) as event_date
from
  events
group by
  source,
  product,
  module,
  disposition,
  severity
order by
  source,
  product,
  module,
  disposition,
  severity
