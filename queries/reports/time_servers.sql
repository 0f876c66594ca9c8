-- title: Time servers that were asked
-- question: Which time servers did interfaces in scope ask, and which of them are outside?
-- requirements: 10.6.2
-- parameters: period_start, period_end
-- rows: summary
-- needs: interfaces_in_scope, flows_in_scope
-- grain: one row a scope and time server that its interfaces asked; one row a scope that was not seen to ask any
-- limits: Time servers are known by UDP port 123. Requests to the Amazon Time Sync Service (169.254.169.123, fd00:ec2::123)
--   are in no flow log, so a scope without a row of its own may well have its time from there. An answer does not show that the
--   server was trusted, and which servers are designated is in no log. Beyond 32 a side and day time servers stand as
--   networks; those inside the same scope as that scope.
-- source: PCI DSS v4.0.1 requirement 10.6.2; Amazon VPC User Guide, "Flow log limitations"
with
  scopes as (
    select distinct
      scope_name
    from
      scope_interface
    where
      valid_from < cast($period_end as timestamp)
      and coalesce(valid_to > cast($period_start as timestamp), true)
  ),
  requests as (
    select
      scope_name,
      network_interface_id,
      segment_text (peer_kind, peer_scope_name, is_peer_scope_unclear) as peer_segment,
      case
        when peer_kind = 'interface' then peer_interface_id
        else peer_range
      end as peer,
      peer_kind,
      action,
      flow_count,
      first_at,
      last_at
    from
      edge_day
    where
      flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date < cast(cast($period_end as timestamp) as date)
      and scope_name is not null
      and protocol = 17
      and first_port = 123
      and last_port = 123
      and opened_by = 'local'
  ),
  asked as (
    select
      scope_name,
      peer_segment,
      coalesce(peer, peer_segment) as peer,
      max(peer_kind) as peer_kind,
      count(distinct network_interface_id) as asking_interface_count,
      sum(if (action = 'ACCEPT', flow_count, 0)) as accepted_flow_count,
      sum(if (action = 'REJECT', flow_count, 0)) as rejected_flow_count,
      min(first_at) as first_at,
      max(last_at) as last_at
    from
      requests
    group by
      scope_name,
      peer_segment,
      coalesce(peer, peer_segment)
  )
select
  scopes.scope_name,
  asked.peer_segment,
  asked.peer,
  cast(
    coalesce(asked.asking_interface_count, 0) as bigint
  ) as asking_interface_count,
  cast(coalesce(asked.accepted_flow_count, 0) as bigint) as accepted_flow_count,
  cast(coalesce(asked.rejected_flow_count, 0) as bigint) as rejected_flow_count,
  asked.first_at,
  asked.last_at,
  if (
    coalesce(asked.accepted_flow_count, 0) > 0,
    'partial',
    'not_evidenced'
  ) as status,
  case
    when asked.scope_name is null then 'No request to a time server was seen; those to the Amazon Time Sync Service are in no flow log.'
    when asked.accepted_flow_count = 0 then 'All requests were rejected.'
    when asked.peer_kind = 'public' then 'A time server outside was asked directly: only designated time servers may ask outside sources.'
    else 'A time server that is not public was asked: whether it is a designated one is in no log.'
  end as why
from
  scopes
  left join asked on scopes.scope_name = asked.scope_name
order by
  scopes.scope_name,
  asked.peer_segment,
  asked.peer
