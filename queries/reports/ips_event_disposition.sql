-- title: IPS events by what became of them
-- question: What did intrusion detection and prevention see in the period, and what of it was blocked, let through or only logged?
-- requirements: 11.5.1
-- parameters: period_start, period_end
-- rows: summary
-- needs: ips_events
-- grain: one row a product, module and disposition
-- limits: Status: supports where events were blocked, or logged by modules that do not block; partial where events were detected
--   and let through, allowed, or where nothing says what became of them. A blocked event shows that the product worked, not
--   that every attack is found. Detect-only modes never count as blocked. Events count for the UTC day of their own clock, an
--   event that was delivered twice on one day once. Alerts that someone was sent are in no event.
-- source: PCI DSS v4.0.1 requirement 11.5.1
with
  events as (
    select
      product,
      module,
      coalesce(disposition, 'unknown') as disposition,
      severity,
      event_count,
      signature_count,
      host_count,
      first_at,
      last_at,
      event_date
    from
      event_day
    where
      event_date >= cast(cast($period_start as timestamp) as date)
      and event_date < cast(cast($period_end as timestamp) as date)
      and module not in ('heartbeat', 'flow', 'system')
  )
select
  product,
  module,
  disposition,
  cast(sum(event_count) as bigint) as event_count,
  cast(
    sum(if (severity = 'critical', event_count, 0)) as bigint
  ) as critical_count,
  cast(
    sum(if (severity = 'high', event_count, 0)) as bigint
  ) as high_count,
  cast(
    sum(if (severity = 'medium', event_count, 0)) as bigint
  ) as medium_count,
  cast(
    sum(if (severity = 'low', event_count, 0)) as bigint
  ) as low_count,
  cast(count(distinct event_date) as bigint) as day_count,
  min(first_at) as first_at,
  max(last_at) as last_at,
  case
    when disposition in ('detected', 'allowed', 'unknown') then 'partial'
    else 'supports'
  end as status,
  case disposition
    when 'detected' then 'IPS_DETECT_ONLY'
    when 'allowed' then 'IPS_ALLOWED'
    when 'unknown' then 'IPS_DISPOSITION_UNKNOWN'
  end as gap_code,
  case disposition
    when 'blocked' then 'The product says that it stopped what it found.'
    when 'detected' then 'The product saw it and let it through.'
    when 'allowed' then 'A rule of the product let it pass.'
    when 'logged' then 'The product recorded it; this module stops nothing.'
    else 'The record does not tell what became of it.'
  end as why,
  case disposition
    when 'detected' then 'Set the rules that fired to prevent, or show who was alerted and when (11.5.1.b); those that reached a host are in attacks_reached_host.'
    when 'allowed' then 'Show why the rule lets it pass.'
    when 'unknown' then 'Send the events in a format that holds the action.'
  end as remedy
from
  events
group by
  product,
  module,
  disposition
order by
  product,
  module,
  disposition
