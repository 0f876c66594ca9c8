-- title: What of a class of flows the daily rollup of traffic keeps apart
-- grain: one row a class
-- parameters: none
-- source: a side is an interface, a direction, who opened, a protocol and an action; an edge also what the rules say of it
with
  classes as (
    select
      class_verdict.subject_key,
      class_verdict.traffic_key,
      class_verdict.network_interface_id,
      class_verdict.state_id,
      interface_context.scope_name,
      interface_context.vpc_id,
      class_verdict.row_direction,
      case
        when class_verdict.row_direction is null
        or class_verdict.initiator is null then null
        when (class_verdict.row_direction = 'egress') = (class_verdict.initiator = 'source') then 'local'
        else 'remote'
      end as opened_by,
      class_verdict.initiator_basis = 'ports' as is_opener_inferred,
      class_verdict.protocol,
      class_verdict.action,
      class_verdict.rule_verdict,
      if (
        class_verdict.rule_verdict in ('permitted', 'response', 'not_applicable'),
        null,
        class_verdict.rule_reason
      ) as rule_reason,
      if (
        class_verdict.rule_verdict in ('permitted', 'tracked_or_changed'),
        class_verdict.answer_id,
        null
      ) as answer_id,
      -- Whoever scans public addresses is rejected by the thousand: that it came from outside is enough.
      coalesce(
        class_verdict.action = 'REJECT'
        and class_verdict.row_direction = 'ingress'
        and class_verdict.is_remote_public,
        false
      ) as is_remote_folded
    from
      class_verdict
      left join interface_context on class_verdict.state_id = interface_context.state_id
  )
select
  *,
  cast(
    dense_rank () over (
      order by
        vpc_id
    ) as integer
  ) as vpc_number,
  cast(
    dense_rank () over (
      order by
        network_interface_id,
        state_id,
        row_direction,
        opened_by,
        protocol,
        action
    ) as integer
  ) as side_number,
  cast(
    dense_rank () over (
      order by
        network_interface_id,
        state_id,
        row_direction,
        opened_by,
        protocol,
        action,
        rule_verdict,
        rule_reason,
        answer_id
    ) as integer
  ) as edge_number
from
  classes
