-- title: Flows and the IPS events that concern them
-- grain: one row a pair of a flow and an event
-- parameters: flow_date
-- source: flow times lie within 60 seconds of the packets; 60 more are allowed for the two clocks
with
  subjects as (
    select
      object_id,
      line_number,
      protocol,
      srcaddr,
      dstaddr,
      srcport,
      dstport,
      coalesce(pkt_srcaddr, srcaddr) as source_address,
      coalesce(pkt_dstaddr, dstaddr) as destination_address,
      seconds_after (
        least(
          coalesce(start_at, end_at),
          coalesce(end_at, start_at)
        ),
        -60
      ) as window_from,
      seconds_after (
        greatest(
          coalesce(start_at, end_at),
          coalesce(end_at, start_at)
        ),
        60
      ) as window_to
    from
      flow
    where
      flow_date = cast($flow_date as date)
      and not exists (
        select
          1
        from
          flow_copy
        where
          flow_copy.object_id = flow.object_id
          and flow_copy.line_number = flow.line_number
      )
  ),
  pairs as (
    select
      object_id,
      line_number,
      protocol,
      window_from,
      window_to,
      srcaddr,
      dstaddr,
      srcport,
      dstport
    from
      subjects
    union all
    -- The packet's own addresses, where the record is of a hop on the way.
    select
      object_id,
      line_number,
      protocol,
      window_from,
      window_to,
      source_address as srcaddr,
      destination_address as dstaddr,
      srcport,
      dstport
    from
      subjects
    where
      source_address is distinct from srcaddr
      or destination_address is distinct from dstaddr
  ),
  -- The event may run the way of the record or the way of its answers. A key that one of the two does
  -- not have is no reason against; one that differs is.
  matches as (
    select
      pairs.object_id,
      pairs.line_number,
      events.event_id,
      events.disposition,
      events.user_name,
      events.source_port is not null
      and events.destination_port is not null
      and pairs.srcport is not null
      and pairs.dstport is not null as has_ports,
      events.protocol is not null
      and pairs.protocol is not null as has_protocol,
      case
        when events.event_at < pairs.window_from then epoch(pairs.window_from) - epoch(events.event_at)
        when events.event_at > pairs.window_to then epoch(events.event_at) - epoch(pairs.window_to)
        else 0
      end as time_difference_seconds
    from
      pairs
      inner join event_subject as events on least(pairs.srcaddr, pairs.dstaddr) = events.low_address
      and greatest(pairs.srcaddr, pairs.dstaddr) = events.high_address
      and events.event_at >= seconds_after (pairs.window_from, -60)
      and events.event_at <= seconds_after (pairs.window_to, 60)
    where
      coalesce(pairs.protocol = events.protocol, true)
      and (
        (
          pairs.srcaddr = events.source_address
          and coalesce(pairs.srcport = events.source_port, true)
          and coalesce(pairs.dstport = events.destination_port, true)
        )
        or (
          pairs.dstaddr = events.source_address
          and coalesce(pairs.dstport = events.source_port, true)
          and coalesce(pairs.srcport = events.destination_port, true)
        )
      )
  ),
  found as (
    select
      object_id,
      line_number,
      event_id,
      min(disposition) as disposition,
      min(user_name) as user_name,
      bool_or(has_ports) as has_ports,
      bool_or(has_protocol) as has_protocol,
      min(time_difference_seconds) as time_difference_seconds
    from
      matches
    group by
      object_id,
      line_number,
      event_id
  )
select
  found.object_id,
  found.line_number,
  found.object_id || ':' || cast(found.line_number as varchar) as flow_id,
  found.event_id,
  found.disposition,
  found.user_name,
  case
    when found.has_ports
    and found.has_protocol then 'addresses, protocol and ports'
    when found.has_ports then 'addresses and ports'
    when found.has_protocol then 'addresses and protocol'
    else 'addresses'
  end as matched_on,
  cast(found.time_difference_seconds as double) as time_difference_seconds,
  case
    when found.has_ports
    and found.time_difference_seconds = 0 then 'high'
    when found.has_ports then 'medium'
    else 'low'
  end as confidence,
  cast($flow_date as date) as flow_date
from
  found
order by
  flow_id,
  event_id
