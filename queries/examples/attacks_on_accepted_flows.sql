-- question: Which attacks were only detected, on flows that were accepted?
-- answer: IPS events of an attack that did not block, matched with an accepted flow: the attack reached the host.
-- limits: A match rests on addresses, ports and time; confidence says how well.
-- parameters: none
select
  product,
  host_name,
  source_address,
  destination_address,
  destination_port,
  event_at,
  disposition,
  confidence
from
  event_match
where
  has_reached_host
order by
  event_at,
  event_id
limit
  20
