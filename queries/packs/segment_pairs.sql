-- title: Which segments exchanged traffic with each scope, for the picture of a pack
-- grain: one row a scope and the segment on the other side
-- parameters: period_start, period_end
select
  scope_name,
  segment_text (peer_kind, peer_scope_name, is_peer_scope_unclear) as peer_segment,
  cast(
    coalesce(sum(if (action = 'ACCEPT', flow_count, 0)), 0) as bigint
  ) as accepted_count,
  cast(
    coalesce(sum(if (action = 'REJECT', flow_count, 0)), 0) as bigint
  ) as rejected_count
from
  edge_day
where
  scope_name is not null
  and flow_date >= cast(cast($period_start as timestamp) as date)
  and flow_date < cast(cast($period_end as timestamp) as date)
group by
  scope_name,
  segment_text (peer_kind, peer_scope_name, is_peer_scope_unclear)
order by
  scope_name,
  peer_segment
