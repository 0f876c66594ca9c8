-- question: Is there IPv6 traffic, and is it permitted on purpose?
-- answer: Accepted flows between IPv6 addresses by interface, service and verdict.
-- limits: Rules for IPv4 and IPv6 are rules of their own.
-- parameters: none
select
  network_interface_id,
  row_direction,
  protocol,
  service_port,
  rule_verdict,
  count(*) as flow_count
from
  flow_enriched
where
  srcaddr like '%:%'
  and action = 'ACCEPT'
group by
  network_interface_id,
  row_direction,
  protocol,
  service_port,
  rule_verdict
order by
  flow_count desc,
  network_interface_id,
  row_direction,
  service_port,
  rule_verdict
limit
  20
