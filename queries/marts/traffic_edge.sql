-- title: Who exchanged what with whom
-- grain: one row an edge of edge_class, a remote address and a service port; a remote number of -1 stands for public addresses
--   that were rejected, a service port of -1 for none
-- parameters: none
select
  edge_class.edge_number,
  if (
    edge_class.is_remote_folded,
    -1,
    flow_key.remote_number
  ) as remote_number,
  flow_key.service_port,
  count(*) as flow_count,
  count(*) filter(
    where
      edge_class.is_opener_inferred
  ) as inferred_count,
  cast(sum(flow_key.bytes) as bigint) as byte_count,
  min(flow_key.starts_at) as first_at,
  max(flow_key.ends_at) as last_at,
  min(
    flow_key.object_number * cast(1099511627776 as bigint) + flow_key.line_number
  ) as example_key
from
  flow_key
  inner join edge_class on flow_key.subject_key = edge_class.subject_key
  and flow_key.traffic_key = edge_class.traffic_key
group by
  edge_class.edge_number,
  if (
    edge_class.is_remote_folded,
    -1,
    flow_key.remote_number
  ),
  flow_key.service_port
