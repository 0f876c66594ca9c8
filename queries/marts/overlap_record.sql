-- title: Records of a day of the interfaces that several flow logs recorded on it
-- grain: one row a record of such an interface; none where no interface has two
-- parameters: flow_date
with
  -- A count by interface and object is cheap; only what it finds is looked at record by record.
  counted as (
    select
      interface_id,
      object_id
    from
      flow
    where
      flow_date = cast($flow_date as date)
      and interface_id is not null
    group by
      interface_id,
      object_id
  ),
  overlapped as (
    select
      counted.interface_id
    from
      counted
      inner join flow_object on counted.object_id = flow_object.object_id
    group by
      counted.interface_id
    having
      count(distinct flow_object.recorder) > 1
  )
select
  -- In the order of objects and lines, without a sort.
  flow_object.object_number * 1000000000000 + flow.line_number as record_number,
  flow.object_id,
  flow.line_number,
  flow_object.recorder,
  flow_object.field_count,
  flow.interface_id,
  flow.srcaddr,
  flow.dstaddr,
  flow.pkt_srcaddr,
  flow.pkt_dstaddr,
  flow.srcport,
  flow.dstport,
  flow.protocol,
  flow.action,
  flow.flow_direction,
  flow.tcp_flags,
  flow.packets,
  flow.bytes,
  flow.start_at,
  flow.end_at
from
  flow
  inner join overlapped on flow.interface_id = overlapped.interface_id
  inner join flow_object on flow.object_id = flow_object.object_id
where
  flow.flow_date = cast($flow_date as date)
