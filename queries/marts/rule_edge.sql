-- title: Who used what the rules permit
-- grain: one row an answer of the rules, a remote address and a service port
-- parameters: none
select
  class_verdict.answer_id,
  flow_key.remote_number,
  flow_key.service_port,
  count(*) as flow_count,
  sum(flow_key.bytes) as byte_count,
  min(flow_key.starts_at) as first_at,
  max(flow_key.ends_at) as last_at
from
  flow_key
  inner join class_verdict on flow_key.subject_key = class_verdict.subject_key
  and flow_key.traffic_key = class_verdict.traffic_key
where
  class_verdict.rule_verdict = 'permitted'
group by
  class_verdict.answer_id,
  flow_key.remote_number,
  flow_key.service_port
