-- title: What entered the scope, against what is allowed
-- question: Which connections did others open into each scope, by whom and to which service, and is each on the list of allowed services?
-- requirements: 1.2.5, 1.3.1, 1.4.2
-- parameters: period_start, period_end
-- rows: evidence
-- needs: flows_in_scope
-- grain: one row a scope, service, segment of the other side, answer of the list and entry of it; and one row an entry without
--   traffic
-- limits: Only accepted flows that interfaces in scope recorded, counted in both directions; a flow that cannot be said to be
--   opened by either side counts as inbound where it runs inwards, and never contradicts. Traffic inside a scope is left out. Where more than 32
--   addresses or ports were seen on a side and day, the others are ranges, which may be wider than an entry of the list:
--   then the row says that it cannot be told. Without a list (allowed_services) rows show what entered and not that it may.
--   An address that stood by itself on one day and within its network on another counts twice in peer_count. An entry
--   without traffic was not observed, which does not make it unneeded. The list is what the configuration says;
--   that the approvals that it names exist is for a person to show.
-- source: PCI DSS v4.0.1 requirements 1.2.5, 1.3.1 and 1.4.2
-- with: scope_service
select
  scope_name,
  peer_segment,
  service,
  example_peers,
  allowed_by,
  approved_by,
  justification,
  peer_count,
  flow_count,
  in_byte_count,
  out_byte_count,
  first_at,
  last_at,
  status,
  gap_code,
  why,
  remedy
from
  scope_service
where
  direction = 'inbound'
order by
  scope_name,
  peer_segment,
  service,
  answer,
  allowed_by
