-- question: Who exchanged traffic with an address on a day?
-- answer: Every other side, with service, action and bytes. Give --param address=203.0.113.7 --param day=2026-11-02.
-- limits: An address may have been of several interfaces on one day.
-- parameters: address, day
select
  if (
    source_address = $address,
    destination_address,
    source_address
  ) as other_address,
  protocol,
  service_port,
  action,
  count(*) as flow_count,
  cast(sum(bytes) as bigint) as byte_count,
  min(start_at) as first_at,
  max(end_at) as last_at
from
  flow_enriched
where
  flow_date = cast($day as date)
  and $address in (source_address, destination_address)
group by
  other_address,
  protocol,
  service_port,
  action
order by
  byte_count desc,
  other_address,
  service_port,
  action
limit
  20
