-- title: Records of a day as each pair of flow logs can compare them
-- grain: one row a record and pair of recorders that it belongs to; fields that only one of the two has are null
-- parameters: none
select
  overlap_pair.pair_number,
  overlap_record.record_number,
  overlap_record.recorder = overlap_pair.rich_recorder as is_rich,
  overlap_pair.has_packets
  and overlap_pair.has_bytes as is_volume_known,
  overlap_record.srcaddr,
  overlap_record.dstaddr,
  if (
    overlap_pair.has_pkt_srcaddr,
    overlap_record.pkt_srcaddr,
    null
  ) as pkt_srcaddr,
  if (
    overlap_pair.has_pkt_dstaddr,
    overlap_record.pkt_dstaddr,
    null
  ) as pkt_dstaddr,
  if (
    overlap_pair.has_srcport,
    overlap_record.srcport,
    null
  ) as srcport,
  if (
    overlap_pair.has_dstport,
    overlap_record.dstport,
    null
  ) as dstport,
  if (
    overlap_pair.has_protocol,
    overlap_record.protocol,
    null
  ) as protocol,
  if (
    overlap_pair.has_action,
    overlap_record.action,
    null
  ) as action,
  if (
    overlap_pair.has_flow_direction,
    overlap_record.flow_direction,
    null
  ) as flow_direction,
  if (
    overlap_pair.has_tcp_flags,
    overlap_record.tcp_flags,
    null
  ) as tcp_flags,
  if (
    overlap_pair.has_packets,
    overlap_record.packets,
    null
  ) as packets,
  if (
    overlap_pair.has_bytes,
    overlap_record.bytes,
    null
  ) as bytes,
  overlap_record.start_at,
  overlap_record.end_at,
  overlap_record.object_id,
  overlap_record.line_number
from
  overlap_record
  inner join overlap_pair on overlap_record.interface_id = overlap_pair.interface_id
  and overlap_record.recorder in (
    overlap_pair.rich_recorder,
    overlap_pair.poor_recorder
  )
where
  overlap_pair.is_comparable
  and overlap_record.srcaddr is not null
  and overlap_record.dstaddr is not null
  and overlap_record.start_at is not null
  and overlap_record.end_at is not null
  and coalesce(
    if (
      overlap_pair.has_packets,
      overlap_record.packets,
      null
    ),
    if (
      overlap_pair.has_bytes,
      overlap_record.bytes,
      null
    )
  ) is not null
