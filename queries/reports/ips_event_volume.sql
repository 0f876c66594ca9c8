-- title: Alerts of intrusion detection and prevention by day
-- question: How many alerts came on each day, from how many hosts, and on which days came none?
-- requirements: 11.5.1
-- parameters: period_start, period_end
-- rows: summary
-- needs: ips_events
-- grain: one row a product that has events in the period, and UTC day
-- limits: Status: supports for a day on which the product sent any event, alerts or signs of life; not_evidenced for a day
--   without, which may have been quiet. Alerts are events other than heartbeats, flows and messages of the product itself.
--   A sharp rise or fall is a lead, not a finding. Hosts are counted per kind of event, so a host may count more than once.
--   How many alerts a person saw is in no event.
-- source: PCI DSS v4.0.1 requirement 11.5.1
with
  days as (
    select
      cast(day_at as date) as day
    from
      unnest(
        sequence (
          cast($period_start as timestamp),
          cast($period_end as timestamp),
          interval '1' day
        )
      ) as days (day_at)
    where
      day_at < cast($period_end as timestamp)
  ),
  events as (
    select
      *,
      module not in ('heartbeat', 'flow', 'system') as is_alert
    from
      event_day
    where
      event_date >= cast(cast($period_start as timestamp) as date)
      and event_date < cast(cast($period_end as timestamp) as date)
  ),
  products as (
    select distinct
      product
    from
      events
  ),
  counts as (
    select
      product,
      event_date,
      sum(event_count) as event_count,
      sum(if (is_alert, event_count, 0)) as alert_count,
      sum(
        if (
          is_alert
          and disposition = 'blocked',
          event_count,
          0
        )
      ) as blocked_count,
      sum(
        if (
          is_alert
          and disposition = 'detected',
          event_count,
          0
        )
      ) as detected_count,
      sum(
        if (
          is_alert
          and severity in ('high', 'critical'),
          event_count,
          0
        )
      ) as severe_count
    from
      events
    group by
      product,
      event_date
  )
select
  products.product,
  cast(days.day as varchar) as day,
  cast(coalesce(counts.alert_count, 0) as bigint) as alert_count,
  cast(coalesce(counts.blocked_count, 0) as bigint) as blocked_count,
  cast(coalesce(counts.detected_count, 0) as bigint) as detected_count,
  cast(coalesce(counts.severe_count, 0) as bigint) as severe_count,
  cast(coalesce(counts.event_count, 0) as bigint) as event_count,
  if (
    counts.event_count > 0,
    'supports',
    'not_evidenced'
  ) as status,
  if (
    counts.event_count > 0,
    null,
    'IPS_DAY_WITHOUT_EVENT'
  ) as gap_code,
  case
    when counts.alert_count > 0 then 'The product sent alerts.'
    when counts.event_count > 0 then 'The product sent signs of life and no alert.'
    else 'The product sent nothing: there was nothing to report, or delivery stopped.'
  end as why,
  if (
    counts.event_count > 0,
    null,
    'Show that agents were in contact on this day (list of agents, heartbeats), or the event of a test rule.'
  ) as remedy
from
  products
  cross join days
  left join counts on products.product = counts.product
  and days.day = counts.event_date
order by
  products.product,
  days.day
