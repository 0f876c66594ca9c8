-- title: Accepted flows that no known rule explains
-- question: Which accepted flows of interfaces in scope does no security group rule permit, and which could not be judged?
-- requirements: 1.2.5
-- parameters: period_start, period_end
-- rows: findings
-- needs: flows_in_scope, rules
-- grain: one row an interface, connection (direction, client, server, protocol and port of the service), verdict and reason
-- limits: Only accepted flows of interfaces in scope. An accepted flow passed the filters, whatever was tried with it. A flow
--   without a rule may have passed by a connection that was open before the rule went, or by a rule that the inventory did
--   not see. Whether a rule has an approval and a business need is for a person to show. Flows of a time at which no
--   inventory snapshot covers the interface are in no scope.
-- source: Amazon VPC User Guide, "Security group rules" and "Security group connection tracking"
with
  candidates as (
    select
      flow_id,
      network_interface_id,
      row_direction,
      coalesce(client_address, source_address) as client_address,
      coalesce(server_address, destination_address) as server_address,
      coalesce(service_port, dstport) as service_port,
      initiator,
      protocol,
      rule_verdict,
      rule_reason,
      bytes,
      start_at,
      end_at
    from
      flow_enriched
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
      and flow_date <= cast(cast($period_end as timestamp) as date)
      and coalesce(start_at, end_at, cast(flow_date as timestamp)) >= cast($period_start as timestamp)
      and coalesce(start_at, end_at, cast(flow_date as timestamp)) < cast($period_end as timestamp)
  ),
  flows as (
    select
      network_interface_id,
      coalesce(row_direction, 'direction unknown') || ' ' || coalesce(client_address, 'unknown address') || if (initiator is null, ' with ', ' to ') || coalesce(server_address, 'unknown address') || ' ' || case protocol
        when 1 then 'icmp'
        when 6 then 'tcp/' || coalesce(cast(service_port as varchar), 'unknown')
        when 17 then 'udp/' || coalesce(cast(service_port as varchar), 'unknown')
        when 58 then 'icmpv6'
        else coalesce(
          'protocol ' || cast(protocol as varchar),
          'protocol unknown'
        )
      end as connection,
      rule_verdict,
      rule_reason,
      flow_id,
      bytes,
      start_at,
      end_at
    from
      candidates
  ),
  connections as (
    select
      network_interface_id,
      connection,
      rule_verdict,
      rule_reason,
      count(*) as flow_count,
      sum(bytes) as byte_count,
      min(coalesce(start_at, end_at)) as first_at,
      max(coalesce(end_at, start_at)) as last_at,
      min(flow_id) as example_flow_id
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
