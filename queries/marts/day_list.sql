-- title: What the numbers of a day stand for, as lists: a number is a place in a list, from 1
-- grain: one row
-- parameters: none
-- source: only for speed: looking up a place of a list costs a tenth of a join
with
  unknown_periods as (
    select
      flow_interface.interface_number,
      interface_period.period_id
    from
      flow_interface
      inner join interface_period on flow_interface.network_interface_id = interface_period.network_interface_id
    where
      interface_period.as_of_verdict = 'no_metadata'
    union all
    select
      0 as interface_number,
      period_id
    from
      interface_period
    where
      network_interface_id is null
  ),
  hours as (
    select
      hour.hour_number
    from
      unnest(sequence (0, 23, 1)) as hour(hour_number)
  ),
  -- An hour in which all records of an interface have the same period, and one in which none has any.
  whole_hours as (
    select
      period_slot.interface_number,
      period_slot.hour_number,
      if (
        count(*) = 1
        and bool_and(
          period_slot.starts_from <= period_slot.hour_at
          and period_slot.starts_before >= least(
            seconds_after (period_slot.hour_at, 3600),
            seconds_after (flow_extent.last_at, -60)
          )
          and period_slot.ends_after < period_slot.hour_at
          and period_slot.ends_until >= least(
            seconds_after (
              period_slot.hour_at,
              3600 + flow_extent.longest_seconds
            ),
            seconds_after (flow_extent.last_at, -60)
          )
        ),
        min(period_slot.period_id),
        0
      ) as period_id
    from
      period_slot
      cross join flow_extent
    group by
      period_slot.interface_number,
      period_slot.hour_number
  ),
  hour_periods as (
    select
      array_agg(
        coalesce(whole_hours.period_id, unknown_periods.period_id)
        order by
          unknown_periods.interface_number,
          hours.hour_number
      ) as hour_periods
    from
      unknown_periods
      cross join hours
      left join whole_hours on unknown_periods.interface_number = whole_hours.interface_number
      and hours.hour_number = whole_hours.hour_number
  ),
  unknown_lists as (
    select
      array_agg(
        period_id
        order by
          interface_number
      ) as unknown_periods
    from
      unknown_periods
  ),
  period_lists as (
    select
      array_agg(
        cast(coalesce(interface_period.list_id, 0) as integer)
        order by
          interface_period.period_id
      ) as period_lists,
      array_agg(
        coalesce(interface_context.addresses, [])
        order by
          interface_period.period_id
      ) as period_addresses,
      array_agg(
        coalesce(
          interface_context.owner_kind in (
            'application_load_balancer',
            'classic_load_balancer',
            'network_load_balancer',
            'nat_gateway'
          ),
          false
        )
        order by
          interface_period.period_id
      ) as period_relays
    from
      interface_period
      left join interface_context on interface_period.state_id = interface_context.state_id
  ),
  port_lists as (
    select
      array_agg(
        port_stretch
        order by
          port
      ) as port_stretches
    from
      port_stretch
  )
select
  *
from
  hour_periods
  cross join unknown_lists
  cross join period_lists
  cross join port_lists
