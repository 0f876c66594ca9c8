-- title: Rules and network ACL entries that answer a question of a class of flows, surely or perhaps
-- grain: one row a question and a rule or entry with a set of peers
-- parameters: none
select
  questions.match_id,
  context_rule.owner_kind,
  context_rule.entry_id,
  context_rule.rule_number,
  context_rule.is_allow,
  context_rule.standing,
  context_rule.is_back_dated,
  case
    when context_rule.is_unreadable then 'reference_unreadable'
    when context_rule.protocol is not null
    and questions.protocol is null then 'field_not_logged'
    when context_rule.is_icmp_type_named then 'icmp_type_not_logged'
    when context_rule.protocol in (6, 17)
    and context_rule.from_port is not null
    and questions.port is null then 'field_not_logged'
  end as doubt
from
  match_peer as questions
  inner join context_rule on questions.context_id = context_rule.context_id
  and questions.is_egress = context_rule.is_egress
  and questions.peer_id = context_rule.peer_id
where
  (
    context_rule.protocol is null
    or questions.protocol is null
    or context_rule.protocol = questions.protocol
  )
  and (
    context_rule.protocol is null
    or context_rule.protocol not in (6, 17)
    or context_rule.from_port is null
    or questions.port is null
    or questions.port between context_rule.from_port and context_rule.to_port
  )
