-- title: Pairs of flow logs that recorded one interface on a day, and the fields that both have
-- grain: one row an interface and pair of recorders, the one with the richer format first
-- parameters: none
with
  recorders as (
    select
      interface_id,
      recorder,
      max(field_count) as field_count,
      bool_or(srcaddr is not null) as has_srcaddr,
      bool_or(dstaddr is not null) as has_dstaddr,
      bool_or(pkt_srcaddr is not null) as has_pkt_srcaddr,
      bool_or(pkt_dstaddr is not null) as has_pkt_dstaddr,
      bool_or(srcport is not null) as has_srcport,
      bool_or(dstport is not null) as has_dstport,
      bool_or(protocol is not null) as has_protocol,
      bool_or(action is not null) as has_action,
      bool_or(flow_direction is not null) as has_flow_direction,
      bool_or(tcp_flags is not null) as has_tcp_flags,
      bool_or(packets is not null) as has_packets,
      bool_or(bytes is not null) as has_bytes,
      bool_or(start_at is not null) as has_start,
      bool_or(end_at is not null) as has_end,
      bool_or(action is distinct from 'REJECT') as may_accept,
      bool_or(action is distinct from 'ACCEPT') as may_reject,
      min(coalesce(start_at, end_at)) as first_at,
      max(coalesce(end_at, start_at)) as last_at
    from
      overlap_record
    group by
      interface_id,
      recorder
  ),
  -- The record with the most fields stands for the others; of equals, that of the first recorder.
  ranked as (
    select
      *,
      row_number() over (
        partition by
          interface_id
        order by
          field_count desc,
          recorder
      ) as richness
    from
      recorders
  ),
  pairs as (
    select
      rich.interface_id,
      rich.recorder as rich_recorder,
      poor.recorder as poor_recorder,
      rich.richness,
      poor.richness as poor_richness,
      rich.has_srcaddr
      and poor.has_srcaddr
      and rich.has_dstaddr
      and poor.has_dstaddr as has_addresses,
      rich.has_start
      and poor.has_start
      and rich.has_end
      and poor.has_end as has_times,
      rich.has_pkt_srcaddr
      and poor.has_pkt_srcaddr as has_pkt_srcaddr,
      rich.has_pkt_dstaddr
      and poor.has_pkt_dstaddr as has_pkt_dstaddr,
      rich.has_srcport
      and poor.has_srcport as has_srcport,
      rich.has_dstport
      and poor.has_dstport as has_dstport,
      rich.has_protocol
      and poor.has_protocol as has_protocol,
      rich.has_action
      and poor.has_action as has_action,
      rich.has_flow_direction
      and poor.has_flow_direction as has_flow_direction,
      rich.has_tcp_flags
      and poor.has_tcp_flags as has_tcp_flags,
      rich.has_packets
      and poor.has_packets as has_packets,
      rich.has_bytes
      and poor.has_bytes as has_bytes,
      -- One may have followed the other, or one record only what the other leaves out.
      coalesce(
        rich.first_at <= poor.last_at
        and poor.first_at <= rich.last_at,
        true
      )
      and (
        (
          rich.may_accept
          and poor.may_accept
        )
        or (
          rich.may_reject
          and poor.may_reject
        )
      ) as may_overlap,
      greatest(rich.first_at, poor.first_at) as first_at,
      least(rich.last_at, poor.last_at) as last_at
    from
      ranked as rich
      inner join ranked as poor on rich.interface_id = poor.interface_id
      and rich.richness < poor.richness
  )
select
  row_number() over (
    order by
      interface_id,
      richness,
      poor_richness
  ) as pair_number,
  *,
  -- With less than this in common, equal values would prove nothing.
  has_addresses
  and has_times
  and (
    has_packets
    or has_bytes
  ) as is_comparable,
  array_join (
    [
      'interface-id',
      if (has_addresses, 'srcaddr, dstaddr', null),
      if (has_pkt_srcaddr, 'pkt-srcaddr', null),
      if (has_pkt_dstaddr, 'pkt-dstaddr', null),
      if (has_srcport, 'srcport', null),
      if (has_dstport, 'dstport', null),
      if (has_protocol, 'protocol', null),
      if (has_packets, 'packets', null),
      if (has_bytes, 'bytes', null),
      if (has_times, 'start, end', null),
      if (has_action, 'action', null),
      if (has_tcp_flags, 'tcp-flags', null),
      if (has_flow_direction, 'flow-direction', null)
    ],
    ', '
  ) as compared_fields
from
  pairs
