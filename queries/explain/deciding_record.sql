-- title: Records of the same connection whose TCP flags say who opened it
-- grain: one row a record and another one of its connection: the same recorded interface, the same two endpoints in either
--   direction, the same day
-- parameters: none
-- source: Amazon VPC User Guide, "Flow log records": tcp-flags 2 is SYN, 18 SYN-ACK; those of one record are of
--   one interval, so later records of a connection have neither
with
  endpoints as (
    select
      object_id,
      line_number,
      interface_id,
      protocol,
      source_address,
      srcport,
      destination_address,
      dstport,
      flow_date
    from
      subject
    where
      protocol = 6
      and tcp_flags is not null
      and bitwise_and (tcp_flags, 18) not in (2, 18)
  ),
  records as (
    select
      endpoints.object_id,
      endpoints.line_number,
      flow.object_id as deciding_object_id,
      flow.line_number as deciding_line_number,
      flow.start_at,
      flow.action,
      flow.tcp_flags,
      -- As seen from the record that is explained.
      (
        coalesce(flow.pkt_srcaddr, flow.srcaddr) = endpoints.source_address
        and flow.srcport = endpoints.srcport
      ) = (bitwise_and (flow.tcp_flags, 18) = 2) as is_source_opener
    from
      endpoints
      inner join flow on endpoints.flow_date = flow.flow_date
      and endpoints.interface_id = flow.interface_id
      and endpoints.protocol = flow.protocol
      and bitwise_and (flow.tcp_flags, 18) in (2, 18)
      and (
        (
          coalesce(flow.pkt_srcaddr, flow.srcaddr) = endpoints.source_address
          and flow.srcport = endpoints.srcport
          and coalesce(flow.pkt_dstaddr, flow.dstaddr) = endpoints.destination_address
          and flow.dstport = endpoints.dstport
        )
        or (
          coalesce(flow.pkt_srcaddr, flow.srcaddr) = endpoints.destination_address
          and flow.srcport = endpoints.dstport
          and coalesce(flow.pkt_dstaddr, flow.dstaddr) = endpoints.source_address
          and flow.dstport = endpoints.srcport
        )
      )
  )
select
  object_id,
  line_number,
  deciding_object_id || ':' || cast(deciding_line_number as varchar) as flow_id,
  start_at,
  action,
  tcp_flags,
  if (is_source_opener, 'source', 'destination') as initiator
from
  records
order by
  object_id,
  line_number,
  start_at,
  deciding_object_id,
  deciding_line_number
