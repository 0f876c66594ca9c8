-- title: Interfaces and hours that two flow logs recorded in ways that do not match record by record
-- grain: one row an interface, pair of flow logs and hour; the day, of formats that cannot be compared
-- parameters: flow_date
with
  -- A record that stands for one of the other flow log is accounted for, as far as that one goes.
  settled as (
    select distinct
      flow_copy.kept_flow_id,
      flow_object.recorder
    from
      flow_copy
      inner join flow_object on flow_copy.object_id = flow_object.object_id
  ),
  counted as (
    select
      overlap_side.*,
      date_diff(
        'minute',
        timestamp '1970-01-01 00:00:00',
        start_at
      ) / 10 as slot
    from
      overlap_side
      inner join overlap_pair on overlap_side.pair_number = overlap_pair.pair_number
    where
      not exists (
        select
          1
        from
          flow_copy
        where
          flow_copy.object_id = overlap_side.object_id
          and flow_copy.line_number = overlap_side.line_number
      )
      and not exists (
        select
          1
        from
          settled
        where
          settled.kept_flow_id = overlap_side.object_id || ':' || cast(overlap_side.line_number as varchar)
          and settled.recorder = if (
            overlap_side.is_rich,
            overlap_pair.poor_recorder,
            overlap_pair.rich_recorder
          )
      )
  ),
  -- Records are at most 600 seconds long, and their ends are up to 60 seconds off.
  rich_records as (
    select
      counted.*,
      counted.slot + near.slots as near_slot
    from
      counted
      cross join (
        values
          (-2),
          (-1),
          (0),
          (1),
          (2)
      ) as near (slots)
    where
      is_rich
  ),
  doubtful as (
    select
      rich_records.pair_number,
      rich_records.record_number as rich_number,
      poor_records.record_number as poor_number,
      greatest(rich_records.start_at, poor_records.start_at) as started_at,
      least(rich_records.end_at, poor_records.end_at) as ended_at
    from
      rich_records
      inner join counted as poor_records on rich_records.pair_number = poor_records.pair_number
      and rich_records.near_slot = poor_records.slot
      and rich_records.srcaddr = poor_records.srcaddr
      and rich_records.dstaddr = poor_records.dstaddr
      and rich_records.pkt_srcaddr is not distinct from poor_records.pkt_srcaddr
      and rich_records.pkt_dstaddr is not distinct from poor_records.pkt_dstaddr
      and rich_records.srcport is not distinct from poor_records.srcport
      and rich_records.dstport is not distinct from poor_records.dstport
      and rich_records.protocol is not distinct from poor_records.protocol
      and rich_records.action is not distinct from poor_records.action
      and rich_records.flow_direction is not distinct from poor_records.flow_direction
      and (
        rich_records.start_at = poor_records.start_at
        or (
          rich_records.start_at < poor_records.end_at
          and poor_records.start_at < rich_records.end_at
        )
      )
    where
      not poor_records.is_rich
  ),
  hours as (
    select
      pair_number,
      date_trunc('hour', started_at) as hour_at,
      count(distinct rich_number) as record_count,
      count(distinct poor_number) as other_record_count,
      min(started_at) as started_at,
      max(ended_at) as ended_at,
      'records_differ' as reason
    from
      doubtful
    group by
      pair_number,
      date_trunc('hour', started_at)
  ),
  record_counts as (
    select
      interface_id,
      recorder,
      count(*) as record_count
    from
      overlap_record
    group by
      interface_id,
      recorder
  ),
  incomparable as (
    select
      overlap_pair.pair_number,
      rich_counts.record_count,
      poor_counts.record_count as other_record_count,
      overlap_pair.first_at as started_at,
      overlap_pair.last_at as ended_at,
      'fields_not_shared' as reason
    from
      overlap_pair
      inner join record_counts as rich_counts on overlap_pair.interface_id = rich_counts.interface_id
      and overlap_pair.rich_recorder = rich_counts.recorder
      inner join record_counts as poor_counts on overlap_pair.interface_id = poor_counts.interface_id
      and overlap_pair.poor_recorder = poor_counts.recorder
    where
      not overlap_pair.is_comparable
      and overlap_pair.may_overlap
  ),
  found as (
    select
      pair_number,
      reason,
      record_count,
      other_record_count,
      started_at,
      ended_at
    from
      hours
    union all
    select
      pair_number,
      reason,
      record_count,
      other_record_count,
      started_at,
      ended_at
    from
      incomparable
  ),
  recorders as (
    select
      recorder,
      min(source) as source,
      min(flow_log_id) as flow_log_id
    from
      flow_object
    group by
      recorder
  )
select
  overlap_pair.interface_id,
  rich.source,
  rich.flow_log_id,
  poor.source as other_source,
  poor.flow_log_id as other_flow_log_id,
  found.reason,
  overlap_pair.compared_fields,
  found.record_count,
  found.other_record_count,
  found.started_at,
  found.ended_at,
  cast($flow_date as date) as flow_date
from
  found
  inner join overlap_pair on found.pair_number = overlap_pair.pair_number
  inner join recorders as rich on overlap_pair.rich_recorder = rich.recorder
  inner join recorders as poor on overlap_pair.poor_recorder = poor.recorder
order by
  overlap_pair.interface_id,
  overlap_pair.richness,
  overlap_pair.poor_richness,
  found.started_at,
  found.reason
