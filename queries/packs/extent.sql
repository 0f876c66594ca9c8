-- title: What data there is in the period, for saying what a report without rows means
-- grain: one row
-- parameters: period_start, period_end
with
  flow_sums as (
    select
      cast(coalesce(sum(flow_class.flow_count), 0) as bigint) as flows,
      cast(
        coalesce(
          sum(
            if (
              interface_context.scope_name is null,
              0,
              flow_class.flow_count
            )
          ),
          0
        ) as bigint
      ) as flows_in_scope,
      max(flow_class.last_at) as data_through_at
    from
      flow_class
      left join interface_context on flow_class.state_id = interface_context.state_id
    where
      flow_class.flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_class.flow_date < cast(cast($period_end as timestamp) as date)
  ),
  interfaces as (
    select
      count(*) as interfaces_in_scope
    from
      scope_interface
    where
      valid_from < cast($period_end as timestamp)
      and (
        valid_to is null
        or valid_to > cast($period_start as timestamp)
      )
  ),
  rule_count as (
    select
      count(*) as rules
    from
      security_group_rule
    where
      valid_from < cast($period_end as timestamp)
      and (
        valid_to is null
        or valid_to > cast($period_start as timestamp)
      )
  ),
  rule_snapshots as (
    select
      greatest(count(distinct taken_at) - 1, 0) as rule_snapshot_pairs
    from
      inventory_snapshot
    where
      resource_type in ('security_group', 'security_group_rule')
      and taken_at < cast($period_end as timestamp)
  ),
  events as (
    select
      count(*) as ips_events
    from
      event_match
    where
      event_date >= cast(
        cast($period_start as timestamp) - interval '1' day as date
      )
      and event_date <= cast(
        cast($period_end as timestamp) + interval '1' day as date
      )
      and event_at >= cast($period_start as timestamp)
      and event_at < cast($period_end as timestamp)
  ),
  objects as (
    select
      count(*) as source_objects
    from
      source_object
    where
      kind in ('flow_logs', 'ips_events')
      and coalesce(
        first_at,
        modified_at,
        cast($period_start as timestamp)
      ) < cast($period_end as timestamp)
  )
select
  flow_sums.data_through_at,
  flow_sums.flows,
  flow_sums.flows_in_scope,
  interfaces.interfaces_in_scope,
  rule_count.rules,
  rule_snapshots.rule_snapshot_pairs,
  events.ips_events,
  objects.source_objects
from
  flow_sums
  cross join interfaces
  cross join rule_count
  cross join rule_snapshots
  cross join events
  cross join objects
order by
  flow_sums.data_through_at
