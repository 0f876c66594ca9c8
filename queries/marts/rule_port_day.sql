-- title: Ports that were used of what a security group rule permits, by day
-- grain: one row a rule and port; no port (null) for protocols without
-- parameters: flow_date
-- source: a flow that several rules permit counts for each of them
with
  rules as (
    select
      match_answer.answer_id,
      rule.rule_id
    from
      match_answer
      cross join unnest(match_answer.permitting_rule_ids) as rule (rule_id)
    where
      flow_date = cast($flow_date as date)
  ),
  ports as (
    select
      answer_id,
      service_port,
      sum(flow_count) as flow_count,
      sum(byte_count) as byte_count,
      min(first_at) as first_at,
      max(last_at) as last_at
    from
      rule_edge
    group by
      answer_id,
      service_port
  )
select
  rules.rule_id,
  nullif(ports.service_port, -1) as port,
  cast(sum(ports.flow_count) as bigint) as flow_count,
  cast(sum(ports.byte_count) as bigint) as byte_count,
  min(ports.first_at) as first_at,
  max(ports.last_at) as last_at,
  cast($flow_date as date) as flow_date
from
  ports
  inner join rules on ports.answer_id = rules.answer_id
group by
  rules.rule_id,
  ports.service_port
order by
  rules.rule_id,
  ports.service_port
