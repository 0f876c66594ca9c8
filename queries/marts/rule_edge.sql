-- title: Who used what the rules permit
-- grain: one row an answer of the rules, an edge, a remote address and a service port
-- parameters: none
with
  answers as (
    select
      edge_number,
      min(answer_id) as answer_id
    from
      edge_class
    where
      rule_verdict = 'permitted'
    group by
      edge_number
  )
select
  answers.answer_id,
  traffic_edge.remote_number,
  traffic_edge.service_port,
  traffic_edge.flow_count,
  traffic_edge.byte_count,
  traffic_edge.first_at,
  traffic_edge.last_at
from
  traffic_edge
  inner join answers on traffic_edge.edge_number = answers.edge_number
