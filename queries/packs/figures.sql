-- title: Key figures of a pack
-- grain: one row a figure
-- parameters: period_start, period_end
with
  flows as (
    select
      cast(coalesce(sum(flow_class.flow_count), 0) as bigint) as flows,
      coalesce(
        sum(
          if (
            interface_context.scope_name is null,
            0,
            flow_class.flow_count
          )
        ),
        0
      ) as in_scope,
      coalesce(
        sum(
          if (
            flow_class.action = 'ACCEPT',
            flow_class.flow_count,
            0
          )
        ),
        0
      ) as accepted,
      coalesce(
        sum(
          if (
            flow_class.action = 'REJECT',
            flow_class.flow_count,
            0
          )
        ),
        0
      ) as rejected
    from
      flow_class
      left join interface_context on flow_class.state_id = interface_context.state_id
    where
      flow_class.flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_class.flow_date < cast(cast($period_end as timestamp) as date)
  ),
  events as (
    select
      disposition
    from
      ips_event
    where
      event_at >= cast($period_start as timestamp)
      and event_at < cast($period_end as timestamp)
      and module <> 'heartbeat'
  ),
  -- Of days whose events have left the lake, what was counted of them.
  gone_events as (
    select
      coalesce(sum(event_day.event_count), 0) as event_count
    from
      event_day
      inner join gone_day on event_day.event_date = gone_day.log_date
      and gone_day.table_name = 'ips_event'
    where
      event_day.event_date >= cast(cast($period_start as timestamp) as date)
      and event_day.event_date < cast(cast($period_end as timestamp) as date)
      and event_day.module <> 'heartbeat'
  ),
  objects as (
    select
      rejected_count,
      status
    from
      source_object
    where
      kind <> 'inventory'
      and coalesce(last_at, modified_at) >= cast($period_start as timestamp)
      and coalesce(first_at, modified_at) < cast($period_end as timestamp)
  ),
  figures as (
    select
      1 as position,
      'Flows' as label,
      flows as value
    from
      flows
    union all
    select
      2 as position,
      'of these, in scope' as label,
      in_scope as value
    from
      flows
    union all
    select
      3 as position,
      'accepted' as label,
      accepted as value
    from
      flows
    union all
    select
      4 as position,
      'rejected' as label,
      rejected as value
    from
      flows
    union all
    select
      5 as position,
      'Copies in other flow logs' as label,
      coalesce(sum(copy_count), 0) as value
    from
      copy_day
    where
      flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date < cast(cast($period_end as timestamp) as date)
    union all
    select
      6 as position,
      'IPS events' as label,
      sum(event_count) as value
    from
      (
        select
          count(*) as event_count
        from
          events
        union all
        select
          event_count
        from
          gone_events
      )
    union all
    select
      7 as position,
      'Interfaces in scope' as label,
      count(distinct network_interface_id) as value
    from
      scope_interface
    where
      valid_from < cast($period_end as timestamp)
      and (
        valid_to is null
        or valid_to > cast($period_start as timestamp)
      )
    union all
    select
      8 as position,
      'Source objects' as label,
      count(*) as value
    from
      objects
    union all
    select
      9 as position,
      'Lines rejected' as label,
      coalesce(sum(rejected_count), 0) as value
    from
      objects
    union all
    select
      10 as position,
      'Objects damaged or refused' as label,
      count(*) filter(
        where
          status in ('damaged', 'refused')
      ) as value
    from
      objects
  )
select
  label,
  cast(value as bigint) as value
from
  figures
order by
  position
