-- question: Which rules were not observed in use?
-- answer: Rules of the inventory that no flow of the lake needed.
-- limits: Not observed is not unused: the lake covers a time, and some traffic is never logged.
-- parameters: none
select distinct
  security_group_rule.rule_id,
  security_group_rule.group_id,
  security_group_rule.is_egress,
  security_group_rule.protocol,
  security_group_rule.from_port,
  security_group_rule.to_port,
  security_group_rule.cidr
from
  security_group_rule
  left join rule_day on security_group_rule.rule_id = rule_day.rule_id
where
  rule_day.rule_id is null
order by
  security_group_rule.group_id,
  security_group_rule.rule_id
limit
  20
