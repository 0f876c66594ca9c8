-- title: Flows and the IPS events that concern them
-- grain: one row a pair of a flow and an event
-- parameters: flow_date, event_clock_tolerance_seconds
-- source: An event and a flow match if both addresses are equal, either way round, no key that both have differs (protocol,
--   ports), and the event lies within the record's time. AWS states a flow's start and end to within 60 seconds; the
--   configuration adds a tolerance for the clock of the event. Addresses of the packet (pkt-srcaddr, pkt-dstaddr) count
--   where the record is of a hop on the way.
--   Confidence. high: every key that the protocol has is equal (protocol, and ports unless it has none), on the record's
--   own addresses, within the 60 seconds, by the event's own clock. medium: both ports are equal, but one of these does
--   not hold. low: no ports, or one alone; such a match may supply details (is_usable) only where the flow has no ports
--   or is to a service that people log on to: SSH, Telnet, RDP, WinRM.
--   Effect. What was only detected is never blocked: on a flow that the filters accepted it reached its target.
with
  pairs as (
    select
      event_id,
      source_address,
      destination_address
    from
      event_subject
    where
      source_address is not null
      and destination_address is not null
    union
    -- The host's own address, where only its name or instance is stated; it may have had several.
    select
      event_subject.event_id,
      coalesce(
        event_subject.source_address,
        event_interface.address
      ) as source_address,
      coalesce(
        event_subject.destination_address,
        event_interface.address
      ) as destination_address
    from
      event_subject
      inner join event_interface on event_subject.event_id = event_interface.event_id
    where
      event_interface.side_basis <> 'address'
      and event_interface.address <> coalesce(
        event_subject.source_address,
        event_subject.destination_address
      )
  ),
  -- The event may run the way of the record or the way of its answers.
  sides as (
    select
      pairs.event_id,
      pairs.source_address as srcaddr,
      pairs.destination_address as dstaddr,
      event_subject.source_port as srcport,
      event_subject.destination_port as dstport,
      event_subject.protocol,
      event_subject.event_at,
      false as is_reversed
    from
      pairs
      inner join event_subject on pairs.event_id = event_subject.event_id
    union all
    select
      pairs.event_id,
      pairs.destination_address as srcaddr,
      pairs.source_address as dstaddr,
      event_subject.destination_port as srcport,
      event_subject.source_port as dstport,
      event_subject.protocol,
      event_subject.event_at,
      true as is_reversed
    from
      pairs
      inner join event_subject on pairs.event_id = event_subject.event_id
  ),
  -- Of all flows, those between two addresses of an event: looking for these alone first is what makes it quick.
  own_flows as (
    select
      object_id,
      line_number,
      interface_id,
      action,
      protocol,
      srcaddr,
      dstaddr,
      srcport,
      dstport,
      flow_direction,
      start_at,
      end_at,
      cast(null as varchar) as translated_side
    from
      flow
    where
      flow_date = cast($flow_date as date)
      and exists (
        select
          1
        from
          sides
        where
          sides.srcaddr = flow.srcaddr
          and sides.dstaddr = flow.dstaddr
      )
  ),
  -- By the packet's own addresses, where the record is of a hop on the way, or has no others.
  translated_flows as (
    select
      object_id,
      line_number,
      interface_id,
      action,
      protocol,
      coalesce(pkt_srcaddr, srcaddr) as srcaddr,
      coalesce(pkt_dstaddr, dstaddr) as dstaddr,
      srcport,
      dstport,
      flow_direction,
      start_at,
      end_at,
      case
        when pkt_srcaddr <> srcaddr
        and pkt_dstaddr <> dstaddr then 'both'
        when pkt_srcaddr <> srcaddr then 'source'
        when pkt_dstaddr <> dstaddr then 'destination'
      end as translated_side
    from
      flow
    where
      flow_date = cast($flow_date as date)
      and (
        (
          pkt_srcaddr is not null
          and pkt_srcaddr is distinct from srcaddr
        )
        or (
          pkt_dstaddr is not null
          and pkt_dstaddr is distinct from dstaddr
        )
      )
      and exists (
        select
          1
        from
          sides
        where
          sides.srcaddr = coalesce(flow.pkt_srcaddr, flow.srcaddr)
          and sides.dstaddr = coalesce(flow.pkt_dstaddr, flow.dstaddr)
      )
  ),
  candidates as (
    select
      *
    from
      own_flows
    union all
    select
      *
    from
      translated_flows
  ),
  timed_candidates as (
    select
      *,
      least(
        coalesce(start_at, end_at),
        coalesce(end_at, start_at)
      ) as first_at,
      greatest(
        coalesce(start_at, end_at),
        coalesce(end_at, start_at)
      ) as last_at
    from
      candidates
  ),
  -- The half hours in which a record may start that the event falls into, so that many events of one pair of addresses
  -- need not be compared with all of its flows; -1 for records that are longer.
  slotted as (
    select
      sides.*,
      slots.slot
    from
      sides
      cross join unnest(
        sequence (
          date_diff(
            'minute',
            timestamp '1970-01-01 00:00:00',
            seconds_after (event_at, -1860 - $event_clock_tolerance_seconds)
          ) / 30,
          date_diff(
            'minute',
            timestamp '1970-01-01 00:00:00',
            seconds_after (event_at, 60 + $event_clock_tolerance_seconds)
          ) / 30,
          1
        )
      ) as slots (slot)
    union all
    select
      sides.*,
      -1 as slot
    from
      sides
  ),
  -- A key that one of the two does not have is no reason against; one that differs is.
  matches as (
    select
      flows.object_id,
      flows.line_number,
      flows.interface_id,
      flows.action,
      flows.protocol,
      flows.srcport,
      flows.dstport,
      flows.flow_direction,
      flows.first_at,
      flows.last_at,
      flows.translated_side,
      slotted.event_id,
      slotted.protocol as event_protocol,
      slotted.srcport as event_srcport,
      slotted.dstport as event_dstport,
      slotted.event_at,
      slotted.is_reversed
    from
      timed_candidates as flows
      inner join slotted on flows.srcaddr = slotted.srcaddr
      and flows.dstaddr = slotted.dstaddr
      and case
        when flows.last_at <= flows.first_at + interval '30' minute then date_diff(
          'minute',
          timestamp '1970-01-01 00:00:00',
          flows.first_at
        ) / 30
        else -1
      end = slotted.slot
      and slotted.event_at >= seconds_after (
        flows.first_at,
        -60 - $event_clock_tolerance_seconds
      )
      and slotted.event_at <= seconds_after (
        flows.last_at,
        60 + $event_clock_tolerance_seconds
      )
    where
      coalesce(flows.protocol = slotted.protocol, true)
      and coalesce(flows.srcport = slotted.srcport, true)
      and coalesce(flows.dstport = slotted.dstport, true)
  ),
  -- One pair may match both ways and by both kinds of addresses: the plainer match counts.
  found as (
    select
      object_id,
      line_number,
      event_id,
      min(interface_id) as interface_id,
      min(action) as action,
      min(protocol) as protocol,
      min(srcport) as srcport,
      min(dstport) as dstport,
      min(flow_direction) as flow_direction,
      bool_or(
        event_protocol is not null
        and protocol is not null
      ) as has_protocol,
      bool_or(
        event_srcport is not null
        and event_dstport is not null
        and srcport is not null
        and dstport is not null
      ) as has_ports,
      bool_or(
        (
          event_srcport is not null
          and srcport is not null
        )
        or (
          event_dstport is not null
          and dstport is not null
        )
      ) as has_one_port,
      bool_and(is_reversed) as is_reversed,
      case
        when bool_or(translated_side is null) then null
        else min(translated_side)
      end as translated_side,
      min(
        case
          when event_at < first_at then seconds_between (first_at, event_at)
          when event_at > last_at then seconds_between (last_at, event_at)
          else 0
        end
      ) as time_difference_seconds
    from
      matches
    group by
      object_id,
      line_number,
      event_id
  ),
  -- Records that are copies stand in flow_copy, and the record that stands for them here.
  kept as (
    select
      found.*
    from
      found
    where
      not exists (
        select
          1
        from
          flow_copy
        where
          flow_copy.object_id = found.object_id
          and flow_copy.line_number = found.line_number
      )
  ),
  event_sides as (
    select
      event_id,
      network_interface_id,
      bool_or(side = 'destination') as is_target,
      bool_or(side = 'source') as is_sender
    from
      event_interface
    group by
      event_id,
      network_interface_id
  ),
  judged as (
    select
      kept.*,
      event_subject.product,
      event_subject.module,
      event_subject.disposition,
      event_subject.signature_id,
      event_subject.user_name,
      event_subject.event_at,
      event_subject.clock,
      -- Whose interface made the record. Its direction tells only of records with the event's own addresses.
      case
        when event_sides.is_target is true then 'target'
        when event_sides.is_sender is true then 'sender'
        when kept.translated_side is not null
        or kept.interface_id is null then 'hop'
        when kept.flow_direction = if (kept.is_reversed, 'egress', 'ingress') then 'target'
        when kept.flow_direction = if (kept.is_reversed, 'ingress', 'egress') then 'sender'
      end as recorded_at,
      case
        when kept.time_difference_seconds = 0 then 'inside'
        when abs(kept.time_difference_seconds) <= 60 then 'record_uncertainty'
        else 'clock_tolerance'
      end as time_match,
      kept.has_protocol
      and kept.protocol not in (6, 17, 33, 132, 136) as is_portless_protocol
    from
      kept
      inner join event_subject on kept.event_id = event_subject.event_id
      left join event_sides on kept.event_id = event_sides.event_id
      and kept.interface_id = event_sides.network_interface_id
  ),
  rated as (
    select
      *,
      case
        when (
          is_portless_protocol
          or (
            has_ports
            and has_protocol
          )
        )
        and translated_side is null
        and time_match <> 'clock_tolerance'
        and clock = 'event_at' then 'high'
        when is_portless_protocol
        or has_ports then 'medium'
        else 'low'
      end as confidence
    from
      judged
  )
select
  object_id,
  line_number,
  object_id || ':' || cast(line_number as varchar) as flow_id,
  event_id,
  interface_id,
  action,
  product,
  module,
  disposition,
  signature_id,
  user_name,
  case
    when has_ports
    and has_protocol then 'addresses, protocol and ports'
    when has_ports then 'addresses and ports'
    when has_one_port
    and has_protocol then 'addresses, protocol and one port'
    when has_one_port then 'addresses and one port'
    when has_protocol then 'addresses and protocol'
    else 'addresses'
  end as matched_on,
  is_reversed,
  translated_side,
  recorded_at,
  event_at,
  clock,
  cast(time_difference_seconds as double) as time_difference_seconds,
  time_match,
  confidence,
  confidence <> 'low'
  or coalesce(protocol in (1, 58), false)
  or coalesce(srcport in (22, 23, 3389, 5985, 5986), false)
  or coalesce(dstport in (22, 23, 3389, 5985, 5986), false) as is_usable,
  case
    when module not in ('intrusion_prevention', 'threat_detection') then 'not_an_attack'
    when disposition = 'blocked' then 'blocked_by_ips'
    when disposition not in ('detected', 'allowed') then 'outcome_unknown'
    when action = 'REJECT' then 'rejected_by_filter'
    when action is distinct from 'ACCEPT'
    or recorded_at = 'hop' then 'outcome_unknown'
    when recorded_at = 'sender' then 'attack_left_host'
    else 'attack_reached_host'
  end as effect,
  cast($flow_date as date) as flow_date
from
  rated
order by
  object_id,
  line_number,
  event_id
