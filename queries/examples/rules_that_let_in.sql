-- question: Which rule let public addresses in, and to what?
-- answer: Accepted inbound flows of public clients by the rules that permit them; several ids stand where several rules do.
-- limits: A rule that permits a flow need not be the only one: AWS does not say which it used.
-- parameters: none
select
  array_join (rule_ids, ', ') as rule_ids,
  network_interface_id,
  protocol,
  service_port,
  count(*) as flow_count,
  count(distinct remote_address) as address_count
from
  flow_enriched
where
  rule_verdict = 'permitted'
  and row_direction = 'ingress'
  and is_remote_public
group by
  rule_ids,
  network_interface_id,
  protocol,
  service_port
order by
  flow_count desc,
  rule_ids,
  network_interface_id,
  service_port
