-- title: Clocks of hosts against those that received their events
-- question: Do the times that hosts give their events agree with the times at which managers and collectors received them?
-- requirements: 10.6.1
-- parameters: period_start, period_end
-- rows: summary
-- needs: ips_events
-- grain: one row a product and host as it names it
-- limits: Status: contradicts if an event is dated more than 60 seconds after it was received, for then one of two clocks is
--   wrong; partial if on some day every event was received more than an hour after its time, which may be a slow clock or late
--   delivery; supports if on each day with both times some event was received within the hour; not_evidenced for a host whose
--   events give one time only. A clock that is slow by less than the delay of delivery is not seen, nor is one that both
--   share. Flow logs are dated by AWS. That clocks are synchronised, by what and with which servers, is in no event.
-- source: PCI DSS v4.0.1 requirement 10.6.1
with
  clocks as (
    select
      product,
      coalesce(host, 'host not named') as host,
      max(instance_id) as instance_id,
      sum(event_count) as event_count,
      sum(compared_count) as compared_count,
      sum(ahead_count) as ahead_count,
      sum(year_inferred_count) as year_inferred_count,
      count(*) filter(
        where
          compared_count > 0
      ) as day_count,
      count(*) filter(
        where
          ahead_count > 0
      ) as ahead_day_count,
      count(*) filter(
        where
          least_seconds > 3600
      ) as behind_day_count,
      min(least_seconds) as least_seconds,
      max(greatest_seconds) as greatest_seconds,
      min(event_date) filter(
        where
          ahead_count > 0
          or least_seconds > 3600
      ) as first_date,
      max(event_date) filter(
        where
          ahead_count > 0
          or least_seconds > 3600
      ) as last_date
    from
      event_clock_day
    where
      event_date >= cast(cast($period_start as timestamp) as date)
      and event_date < cast(cast($period_end as timestamp) as date)
    group by
      product,
      coalesce(host, 'host not named')
  ),
  judged as (
    select
      *,
      case
        when compared_count = 0 then 'CLOCK_NOT_COMPARED'
        when ahead_count > 0 then 'IPS_CLOCK_SKEW'
        when behind_day_count > 0 then 'IPS_CLOCK_BEHIND_OR_LATE'
      end as gap_code
    from
      clocks
  )
select
  product,
  host,
  instance_id,
  cast(event_count as bigint) as event_count,
  cast(compared_count as bigint) as compared_count,
  cast(least_seconds as bigint) as least_seconds,
  cast(greatest_seconds as bigint) as greatest_seconds,
  cast(day_count as bigint) as day_count,
  cast(ahead_day_count as bigint) as ahead_day_count,
  cast(behind_day_count as bigint) as behind_day_count,
  cast(first_date as varchar) as first_date,
  cast(last_date as varchar) as last_date,
  case gap_code
    when 'CLOCK_NOT_COMPARED' then 'not_evidenced'
    when 'IPS_CLOCK_SKEW' then 'contradicts'
    when 'IPS_CLOCK_BEHIND_OR_LATE' then 'partial'
    else 'supports'
  end as status,
  gap_code,
  case gap_code
    when 'CLOCK_NOT_COMPARED' then 'Its events give the time of the event or of its receipt, not both.'
    when 'IPS_CLOCK_SKEW' then cast(ahead_count as varchar) || ' events are dated after they were received, by up to ' || cast(- least_seconds as varchar) || ' seconds.'
    when 'IPS_CLOCK_BEHIND_OR_LATE' then 'On ' || cast(behind_day_count as varchar) || ' of ' || cast(day_count as varchar) || ' days every event was received more than an hour after its time.'
    else 'No difference of clocks shows: no event is dated more than 60 seconds after its receipt, and on each day one was received within the hour.'
  end || if (
    year_inferred_count > 0,
    ' The time of ' || cast(year_inferred_count as varchar) || ' of ' || cast(event_count as varchar) || ' events came without a year.',
    ''
  ) as why,
  case gap_code
    when 'CLOCK_NOT_COMPARED' then 'Send the events so that the receiver adds its own time (an SNS topic, or a syslog collector that writes JSON), or show the synchronisation of this host.'
    when 'IPS_CLOCK_SKEW' then 'Compare the clocks of host and manager (chronyc tracking, w32tm /query /status), and show their time source.'
    when 'IPS_CLOCK_BEHIND_OR_LATE' then 'Compare the clocks of host and manager (chronyc tracking, w32tm /query /status); if they agree, find out why events come late.'
  end as remedy
from
  judged
order by
  product,
  host
