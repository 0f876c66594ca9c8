-- title: Records that are copies of records of another flow log, and the records that stand for them
-- grain: one row a copy and a record that stands for it
-- parameters: flow_date
-- source: Amazon VPC User Guide, "Flow logs basics": flow logs of a VPC, a subnet and an interface each record its traffic;
--   the longest aggregation interval is 600 seconds, or 60
with
  equal_records as (
    select
      pair_number,
      list_sort(
        array_agg(record_number) filter(
          where
            is_rich
        )
      ) as rich_numbers,
      list_sort(
        array_agg(record_number) filter(
          where
            not is_rich
        )
      ) as poor_numbers
    from
      overlap_side
    group by
      pair_number,
      srcaddr,
      dstaddr,
      pkt_srcaddr,
      pkt_dstaddr,
      srcport,
      dstport,
      protocol,
      action,
      flow_direction,
      tcp_flags,
      packets,
      bytes,
      start_at,
      end_at
    having
      bool_or(is_rich)
      and bool_or(not is_rich)
  ),
  -- One flow log may hold equal records that are several flows. Two in each of two flow logs are two
  -- flows: the first of one stands for the first of the other, the second for the second.
  matches as (
    select
      equal_records.pair_number,
      rich_numbers[position.position] as rich_number,
      poor_numbers[position.position] as poor_number
    from
      equal_records
      cross join unnest(
        sequence (
          1,
          least(
            cardinality(rich_numbers),
            cardinality(poor_numbers)
          ),
          1
        )
      ) as position(position)
  ),
  -- A record that is itself a copy stands for none: what equals a copy need not equal its original.
  twins as (
    select
      matches.poor_number as copy_number,
      min_by(matches.rich_number, overlap_pair.richness) as kept_number,
      min_by(matches.pair_number, overlap_pair.richness) as pair_number
    from
      matches
      inner join overlap_pair on matches.pair_number = overlap_pair.pair_number
    where
      matches.rich_number not in (
        select
          poor_number
        from
          matches
      )
    group by
      matches.poor_number
  ),
  matched as (
    select
      pair_number,
      rich_number as record_number
    from
      matches
    union all
    select
      pair_number,
      poor_number as record_number
    from
      matches
  ),
  -- What is left may be of another aggregation interval: a long record that is the sum of short ones.
  remaining as (
    select
      overlap_side.*,
      date_diff(
        'minute',
        timestamp '1970-01-01 00:00:00',
        start_at
      ) / 10 as slot
    from
      overlap_side
    where
      is_volume_known
      and not exists (
        select
          1
        from
          twins
        where
          twins.copy_number = overlap_side.record_number
      )
      and not exists (
        select
          1
        from
          matched
        where
          matched.pair_number = overlap_side.pair_number
          and matched.record_number = overlap_side.record_number
      )
  ),
  -- Long records are at most 600 seconds long, and their ends are up to 60 seconds off: three slots.
  long_records as (
    select
      remaining.*,
      remaining.slot + later.slots as part_slot
    from
      remaining
      cross join (
        values
          (0),
          (1),
          (2)
      ) as later (slots)
    where
      date_diff('second', start_at, end_at) between 0 and 1200
  ),
  parts as (
    select
      long_records.pair_number,
      long_records.is_rich as is_long_rich,
      long_records.record_number as long_number,
      short_records.record_number as part_number,
      long_records.packets as long_packets,
      long_records.bytes as long_bytes,
      long_records.start_at as long_start_at,
      long_records.end_at as long_end_at,
      short_records.packets,
      short_records.bytes,
      short_records.start_at,
      short_records.end_at
    from
      long_records
      inner join remaining as short_records on long_records.pair_number = short_records.pair_number
      and long_records.is_rich <> short_records.is_rich
      and long_records.part_slot = short_records.slot
      and long_records.srcaddr = short_records.srcaddr
      and long_records.dstaddr = short_records.dstaddr
      and long_records.pkt_srcaddr is not distinct from short_records.pkt_srcaddr
      and long_records.pkt_dstaddr is not distinct from short_records.pkt_dstaddr
      and long_records.srcport is not distinct from short_records.srcport
      and long_records.dstport is not distinct from short_records.dstport
      and long_records.protocol is not distinct from short_records.protocol
      and long_records.action is not distinct from short_records.action
      and long_records.flow_direction is not distinct from short_records.flow_direction
      and short_records.start_at >= long_records.start_at
      and short_records.end_at <= long_records.end_at
  ),
  sums as (
    select
      pair_number,
      long_number
    from
      parts
    group by
      pair_number,
      long_number
    having
      count(*) > 1
      and sum(packets) = max(long_packets)
      and sum(bytes) = max(long_bytes)
      and min(start_at) = max(long_start_at)
      and max(end_at) = max(long_end_at)
  ),
  sum_parts as (
    select
      parts.pair_number,
      parts.long_number,
      parts.part_number,
      if (
        parts.is_long_rich,
        parts.part_number,
        parts.long_number
      ) as copy_number,
      if (
        parts.is_long_rich,
        parts.long_number,
        parts.part_number
      ) as kept_number,
      if (parts.is_long_rich, 'part', 'sum') as copied_as
    from
      parts
      inner join sums on parts.pair_number = sums.pair_number
      and parts.long_number = sums.long_number
  ),
  -- A short record that two long ones could hold proves neither, nor does one that is itself a copy.
  shared_parts as (
    select
      pair_number,
      part_number
    from
      sum_parts
    group by
      pair_number,
      part_number
    having
      count(*) > 1
  ),
  doubtful_sums as (
    select
      sum_parts.pair_number,
      sum_parts.long_number
    from
      sum_parts
      left join shared_parts on sum_parts.pair_number = shared_parts.pair_number
      and sum_parts.part_number = shared_parts.part_number
    where
      shared_parts.part_number is not null
      or sum_parts.kept_number in (
        select
          copy_number
        from
          sum_parts
      )
  ),
  accepted_sums as (
    select
      *
    from
      sum_parts
    where
      not exists (
        select
          1
        from
          doubtful_sums
        where
          doubtful_sums.pair_number = sum_parts.pair_number
          and doubtful_sums.long_number = sum_parts.long_number
      )
  ),
  copies as (
    select
      copy_number,
      kept_number,
      pair_number,
      copied_as
    from
      accepted_sums
    union all
    select
      twins.copy_number,
      coalesce(accepted_sums.kept_number, twins.kept_number) as kept_number,
      twins.pair_number,
      coalesce(accepted_sums.copied_as, 'record') as copied_as
    from
      twins
      left join accepted_sums on twins.kept_number = accepted_sums.copy_number
  )
select
  copy_record.object_id || ':' || cast(copy_record.line_number as varchar) as flow_id,
  kept_record.object_id || ':' || cast(kept_record.line_number as varchar) as kept_flow_id,
  copies.copied_as,
  overlap_pair.compared_fields,
  copy_record.interface_id,
  copy_object.source,
  copy_object.flow_log_id,
  copy_object.log_format,
  kept_object.source as kept_source,
  kept_object.flow_log_id as kept_flow_log_id,
  copy_record.start_at,
  copy_record.end_at,
  copy_record.object_id,
  copy_record.line_number,
  cast($flow_date as date) as flow_date
from
  copies
  inner join overlap_pair on copies.pair_number = overlap_pair.pair_number
  inner join overlap_record as copy_record on copies.copy_number = copy_record.record_number
  inner join overlap_record as kept_record on copies.kept_number = kept_record.record_number
  inner join flow_object as copy_object on copy_record.object_id = copy_object.object_id
  inner join flow_object as kept_object on kept_record.object_id = kept_object.object_id
order by
  copy_record.object_id,
  copy_record.line_number,
  kept_record.object_id,
  kept_record.line_number
