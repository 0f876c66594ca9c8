-- title: What the security groups and network ACLs say, each answer once
-- grain: one row an answer
-- parameters: flow_date
select distinct
  answer_id,
  permitting_rule_ids,
  changed_rule_ids,
  removed_rule_ids,
  -- The surest of them: what a verdict rests on.
  case
    when cardinality(permitting_rule_ids) > 0 then permitting_rule_ids
    when cardinality(changed_rule_ids) > 0 then changed_rule_ids
    else removed_rule_ids
  end as rule_ids,
  doubt,
  acl_verdict,
  acl_entry_ids,
  is_rule_back_dated,
  is_acl_back_dated,
  cast($flow_date as date) as flow_date
from
  match_verdict
order by
  answer_id
