-- title: Flows and the IPS events that concern them
-- grain: one row a pair of a flow and an event
-- parameters: none
-- source: flow times lie within 60 seconds of the packets; 60 more are allowed for the two clocks
with
  pairs as (
    select
      flow_id,
      flow_date,
      protocol,
      window_from,
      window_to,
      srcaddr,
      dstaddr,
      srcport,
      dstport
    from flow_subject
    union
    -- The packet's own addresses, where the record is of a hop on the way.
    select
      flow_id,
      flow_date,
      protocol,
      window_from,
      window_to,
      source_address as srcaddr,
      destination_address as dstaddr,
      srcport,
      dstport
    from flow_subject
  ),
  matches as (
    select
      pairs.flow_id,
      pairs.flow_date,
      events.event_id,
      events.disposition,
      events.user_name,
      events.source_port is not null and events.destination_port is not null as has_ports,
      case
        when events.event_at < pairs.window_from then date_diff('second', events.event_at, pairs.window_from)
        when events.event_at > pairs.window_to then date_diff('second', pairs.window_to, events.event_at)
        else 0
      end as time_difference_seconds
    from pairs
    inner join event_subject as events
      on least(pairs.srcaddr, pairs.dstaddr) = events.low_address
      and greatest(pairs.srcaddr, pairs.dstaddr) = events.high_address
      and events.event_at >= seconds_after (pairs.window_from, -60)
      and events.event_at <= seconds_after (pairs.window_to, 60)
    where (
        events.protocol is null
        or pairs.protocol = events.protocol
      )
      and (
        events.source_port is null
        or events.destination_port is null
        or (
          pairs.srcaddr = events.source_address
          and pairs.srcport = events.source_port
          and pairs.dstport = events.destination_port
        )
        or (
          pairs.dstaddr = events.source_address
          and pairs.dstport = events.source_port
          and pairs.srcport = events.destination_port
        )
      )
  )
select
  flow_id,
  event_id,
  min(disposition) as disposition,
  min(user_name) as user_name,
  case
    when bool_or(has_ports) then 'addresses, protocol and ports'
    else 'addresses'
  end as matched_on,
  cast(min(time_difference_seconds) as double) as time_difference_seconds,
  case
    when bool_or(has_ports) and min(time_difference_seconds) = 0 then 'high'
    when bool_or(has_ports) then 'medium'
    else 'low'
  end as confidence,
  flow_date
from matches
group by flow_id, event_id, flow_date
order by flow_id, event_id
