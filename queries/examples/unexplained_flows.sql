-- question: Which accepted flows does no rule of that time explain?
-- answer: Each is a lead: a group that changed between two snapshots, or a flow that a rule of another kind let through.
-- limits: What the inventory does not hold cannot explain a flow. flowproof explain FLOW_ID shows what was tried.
-- parameters: none
select
  flow_id,
  start_at,
  network_interface_id,
  client_address,
  server_address,
  protocol,
  service_port,
  rule_reason
from
  flow_enriched
where
  rule_verdict = 'unexplained'
order by
  start_at,
  flow_id
limit
  20
