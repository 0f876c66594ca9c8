-- question: How much was each rule used, and by how many networks?
-- answer: Flows, peers and networks of each rule over the days of the lake.
-- limits: Several rules may permit one flow: then each of them counts it. A rule without a row was not observed in use.
-- parameters: none
select
  rule_day.rule_id,
  max(security_group_rule.group_id) as group_id,
  cast(sum(rule_day.flow_count) as bigint) as flow_count,
  max(rule_day.network_count) as most_networks_a_day,
  min(rule_day.first_at) as first_at,
  max(rule_day.last_at) as last_at
from
  rule_day
  left join (
    select distinct
      rule_id,
      group_id
    from
      security_group_rule
  ) as security_group_rule on rule_day.rule_id = security_group_rule.rule_id
group by
  rule_day.rule_id
order by
  flow_count desc,
  rule_day.rule_id
limit
  20
