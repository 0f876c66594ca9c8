-- title: Periods of interfaces by the hour in which a record begins
-- grain: one row a period and hour
-- parameters: flow_date
-- source: only for speed: a record is compared with the periods of its interface and hour, not with all of its interface.
--   Begins and ends are those of the record itself here, without the 60 seconds of uncertainty.
with
  periods as (
    select
      flow_interface.interface_number,
      interface_period.period_id,
      interface_period.list_id,
      interface_context.addresses,
      interface_context.owner_kind in (
        'application_load_balancer',
        'classic_load_balancer',
        'network_load_balancer',
        'nat_gateway'
      ) as is_relay,
      seconds_after (interface_period.begins_from, 60) as starts_from,
      seconds_after (interface_period.begins_before, 60) as starts_before,
      seconds_after (interface_period.ends_after, -60) as ends_after,
      seconds_after (interface_period.ends_until, -60) as ends_until
    from
      interface_period
      inner join flow_interface on interface_period.network_interface_id = flow_interface.network_interface_id
      inner join interface_context on interface_period.state_id = interface_context.state_id
  ),
  hours as (
    select
      periods.*,
      hour.hour_at
    from
      periods
      cross join unnest(
        sequence (
          date_trunc('hour', starts_from),
          starts_before,
          interval '1' hour
        )
      ) as hour(hour_at)
  )
select
  hours.*,
  cast(
    date_diff(
      'hour',
      cast(cast($flow_date as date) as timestamp),
      hour_at
    ) as integer
  ) as hour_number
from
  hours
