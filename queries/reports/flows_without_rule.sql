-- title: Accepted flows that no known rule explains
-- question: Which accepted flows of interfaces in scope does no security group rule permit, and which could not be judged?
-- requirements: 1.2.5
-- parameters: period_start, period_end
-- rows: findings
-- needs: flows_in_scope, rules
-- grain: one row an interface, connection (direction, who opened, the other side, protocol and port of the service), verdict and
--   reason
-- limits: Only accepted flows of interfaces in scope. An accepted flow passed the filters, whatever was tried with it. A flow
--   without a rule may have passed by a connection that was open before the rule went, or by a rule that the inventory did
--   not see. Whether a rule has an approval and a business need is for a person to show. Flows of a time at which no
--   inventory snapshot covers the interface are in no scope.
--   Beyond 32 other sides a service and day, networks stand for addresses.
-- source: Amazon VPC User Guide, "Security group rules" and "Security group connection tracking"
with
  flows as (
    select
      network_interface_id,
      coalesce(row_direction, 'direction unknown') || case opened_by
        when 'local' then ' to '
        when 'remote' then ' from '
        else ' with '
      end || coalesce(
        peer_interface_id || ' (' || split_part(peer_range, '/', 1) || ')',
        regexp_replace(peer_range, '/(32|128)$', ''),
        'unknown address'
      ) || ' ' || service_text (protocol, first_port, last_port, null) as connection,
      rule_verdict,
      rule_reason,
      flow_count,
      byte_count,
      first_at,
      last_at,
      example_flow_id
    from
      edge_day
    where
      scope_name is not null
      and action = 'ACCEPT'
      and rule_verdict in (
        'unexplained',
        'undecidable',
        'tracked_or_changed',
        'no_metadata'
      )
      and flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date < cast(cast($period_end as timestamp) as date)
  ),
  connections as (
    select
      network_interface_id,
      connection,
      rule_verdict,
      rule_reason,
      cast(sum(flow_count) as bigint) as flow_count,
      sum(byte_count) as byte_count,
      min(first_at) as first_at,
      max(last_at) as last_at,
      min(example_flow_id) as example_flow_id
    from
      flows
    group by
      network_interface_id,
      connection,
      rule_verdict,
      rule_reason
  )
select
  network_interface_id,
  connection,
  flow_count,
  cast(byte_count as bigint) as byte_count,
  first_at,
  last_at,
  example_flow_id,
  case rule_verdict
    when 'unexplained' then 'contradicts'
    when 'no_metadata' then 'not_evidenced'
    else 'partial'
  end as status,
  case rule_verdict
    when 'unexplained' then 'RULE_UNEXPLAINED'
    when 'undecidable' then 'RULE_UNDECIDABLE'
    when 'tracked_or_changed' then 'RULE_TRACKED_OR_CHANGED'
    else 'META_UNRESOLVED_ENI'
  end as gap_code,
  case rule_verdict
    when 'unexplained' then 'Accepted, and '
    when 'undecidable' then 'Not decidable: '
    when 'tracked_or_changed' then 'Perhaps permitted by an earlier or later rule: '
    else 'Not judged: '
  end || coalesce(rule_reason, 'no reason recorded') || '.' as why,
  case rule_verdict
    when 'unexplained' then 'Check for a rule change between two snapshots (AWS Config history of the groups, CloudTrail AuthorizeSecurityGroupIngress and RevokeSecurityGroupIngress), then for a network ACL or middlebox path; approve and document the connection, or close it.'
    when 'undecidable' then 'Give the inventory what it could not read (referenced group, prefix list) and record tcp-flags and flow-direction; ICMP types are in no flow log: check such rules by hand.'
    when 'tracked_or_changed' then 'Match the time with the change record of the rule; take inventory snapshots more often, or use AWS Config history, so that the change has an exact time.'
    else 'Take inventory snapshots in the period: aws ec2 describe-network-interfaces, describe-security-groups and describe-security-group-rules, or AWS Config.'
  end as remedy
from
  connections
order by
  network_interface_id,
  connection,
  rule_verdict,
  rule_reason
