-- title: Traffic between segments
-- question: Which segments exchanged traffic with each scope, who opened it, what was accepted and what was rejected?
-- requirements: 1.2.3, 1.2.4, 1.4.1
-- parameters: period_start, period_end
-- rows: summary
-- needs: flows_in_scope
-- grain: one row a scope, the segment on the other side, and who opened: the scope, the other side, or not known
-- limits: A segment is a scope of the configuration, or a kind of address outside. What interfaces of a scope recorded counts
--   for that scope, so traffic between two scopes stands in a row of each, and inside a scope both interfaces count it. Flows are records, in both directions. A
--   rejected flow was dropped by a security group, a network ACL or a firewall, and by which the record does not say; it
--   shows that something filtered, not that all unwanted traffic is. Traffic that AWS never logs is not in it. Drawings
--   (1.2.3, 1.2.4) must agree with these rows; whether they do is for a person to compare.
-- source: PCI DSS v4.0.1 requirements 1.2.4 and 1.4.1
with
  traffic as (
    select
      edge_day.scope_name,
      segment_text (
        edge_day.peer_kind,
        edge_day.peer_scope_name,
        edge_day.is_peer_scope_unclear
      ) as peer_segment,
      if (
        edge_day.opened_by = 'remote'
        and edge_day.peer_scope_name = edge_day.scope_name,
        'local',
        edge_day.opened_by
      ) as opened_by,
      service_text (
        edge_day.protocol,
        edge_day.first_port,
        edge_day.last_port,
        named_service.service
      ) as service,
      edge_day.action,
      edge_day.row_direction,
      edge_day.flow_count,
      edge_day.byte_count,
      edge_day.first_at,
      edge_day.last_at
    from
      edge_day
      left join named_service on edge_day.protocol = named_service.protocol
      and edge_day.first_port >= named_service.first_port
      and edge_day.last_port <= named_service.last_port
    where
      edge_day.flow_date >= cast(cast($period_start as timestamp) as date)
      and edge_day.flow_date < cast(cast($period_end as timestamp) as date)
      and edge_day.scope_name is not null
  ),
  services as (
    select
      scope_name,
      peer_segment,
      opened_by,
      service,
      row_number() over (
        partition by
          scope_name,
          peer_segment,
          opened_by
        order by
          sum(flow_count) desc,
          service
      ) as service_place
    from
      traffic
    where
      action = 'ACCEPT'
    group by
      scope_name,
      peer_segment,
      opened_by,
      service
  ),
  service_lists as (
    select
      scope_name,
      peer_segment,
      coalesce(opened_by, '') as opened_by,
      count(*) as service_count,
      array_join (
        array_agg(
          service
          order by
            service_place
        ) filter(
          where
            service_place <= 5
        ),
        ', '
      ) as top_services
    from
      services
    group by
      scope_name,
      peer_segment,
      coalesce(opened_by, '')
  ),
  pairs as (
    select
      scope_name,
      peer_segment,
      opened_by,
      coalesce(sum(if (action = 'ACCEPT', flow_count, 0)), 0) as accepted_flow_count,
      coalesce(sum(if (action = 'REJECT', flow_count, 0)), 0) as rejected_flow_count,
      coalesce(
        sum(
          if (
            action = 'ACCEPT'
            and row_direction = 'ingress',
            byte_count,
            0
          )
        ),
        0
      ) as in_byte_count,
      coalesce(
        sum(
          if (
            action = 'ACCEPT'
            and row_direction = 'egress',
            byte_count,
            0
          )
        ),
        0
      ) as out_byte_count,
      min(first_at) as first_at,
      max(last_at) as last_at
    from
      traffic
    group by
      scope_name,
      peer_segment,
      opened_by
  )
select
  pairs.scope_name,
  pairs.peer_segment,
  case pairs.opened_by
    when 'local' then 'scope ' || pairs.scope_name
    when 'remote' then pairs.peer_segment
    else 'not known'
  end as opened_by,
  coalesce(service_lists.top_services, '') as top_services,
  cast(
    coalesce(service_lists.service_count, 0) as bigint
  ) as service_count,
  cast(pairs.accepted_flow_count as bigint) as accepted_flow_count,
  cast(pairs.rejected_flow_count as bigint) as rejected_flow_count,
  cast(pairs.in_byte_count as bigint) as in_byte_count,
  cast(pairs.out_byte_count as bigint) as out_byte_count,
  pairs.first_at,
  pairs.last_at,
  if (
    pairs.rejected_flow_count > 0
    or pairs.peer_segment = 'scope ' || pairs.scope_name,
    'supports',
    'partial'
  ) as status,
  case
    when pairs.peer_segment = 'scope ' || pairs.scope_name then 'Traffic inside the scope.'
    when pairs.rejected_flow_count > 0
    and pairs.accepted_flow_count = 0 then 'All of it was rejected: a control stands between the two.'
    when pairs.rejected_flow_count > 0 then 'Some of it was rejected: a control stands between the two.'
    else 'None of it was rejected: that a control stands between the two is not seen in the flows.'
  end as why
from
  pairs
  left join service_lists on pairs.scope_name = service_lists.scope_name
  and pairs.peer_segment = service_lists.peer_segment
  and coalesce(pairs.opened_by, '') = service_lists.opened_by
order by
  pairs.scope_name,
  pairs.peer_segment,
  pairs.opened_by
