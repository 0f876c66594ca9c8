-- title: Flows of a day with the interface, the sides and the direction
-- grain: one row a flow, with what the steps after it need; flow_enriched takes the rest from the flow. A record that is a
--   copy of another is none.
-- parameters: flow_date
-- source: Amazon VPC User Guide, "Flow log records": tcp-flags 2 is SYN, 18 SYN-ACK; start and end lie
--   within 60 seconds of the packets
with
  flows as (
    select
      row_number() over () as flow_number,
      object_id,
      line_number,
      interface_id,
      vpc_id,
      action,
      protocol,
      srcaddr,
      dstaddr,
      srcport,
      dstport,
      tcp_flags,
      flow_direction,
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
      ) as window_to,
      flow_date
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
  -- Records without an interface id: by VPC, address and time, if that leaves one interface.
  interface_addresses as (
    select
      vpc_id,
      address.address,
      network_interface_id,
      coalesce(absent_at, valid_from) as possible_from,
      valid_to as possible_until
    from
      interface_context
      cross join unnest(addresses) as address (address)
  ),
  located as (
    select
      flows.flow_number,
      min(interface_addresses.network_interface_id) as network_interface_id
    from
      flows
      inner join interface_addresses on flows.interface_id is null
      and flows.vpc_id = interface_addresses.vpc_id
      and (
        (
          flows.srcaddr = interface_addresses.address
          and flows.flow_direction is distinct from 'ingress'
        )
        or (
          flows.dstaddr = interface_addresses.address
          and flows.flow_direction is distinct from 'egress'
        )
      )
      and flows.window_to > interface_addresses.possible_from
      and flows.window_from < coalesce(
        interface_addresses.possible_until,
        timestamp 'infinity'
      )
    group by
      flows.flow_number
    having
      count(distinct interface_addresses.network_interface_id) = 1
  ),
  identified as (
    select
      flows.*,
      coalesce(flows.interface_id, located.network_interface_id) as network_interface_id
    from
      flows
      left join located on flows.flow_number = located.flow_number
  ),
  as_of as (
    select
      identified.*,
      first_segment.state_id,
      first_segment.segment_number as first_segment_number,
      last_segment.segment_number as last_segment_number,
      case
        when first_segment.state_id is null
        or last_segment.state_id is null then 'no_metadata'
        when first_segment.as_of_verdict = 'exact'
        and first_segment.stretch_number = last_segment.stretch_number then 'exact'
        else 'ambiguous'
      end as as_of_verdict,
      last_segment.as_of_precision,
      case
        when identified.network_interface_id is null then 'the record names no interface, and its address names none alone'
        when identified.window_from is null then 'the record has neither start nor end'
        when first_segment.state_id is null
        or last_segment.state_id is null then 'no inventory snapshot covers the interface at this time'
        when first_segment.as_of_verdict = 'exact'
        and first_segment.stretch_number = last_segment.stretch_number then null
        else coalesce(
          first_segment.as_of_reason,
          last_segment.as_of_reason,
          'changed within the time of the record'
        )
      end as as_of_reason,
      first_segment.state_ids,
      first_segment.group_ids
    from
      identified
      left join interface_segment as first_segment on identified.network_interface_id = first_segment.network_interface_id
      and identified.window_from >= first_segment.segment_from
      and identified.window_from < first_segment.segment_to
      left join interface_segment as last_segment on identified.network_interface_id = last_segment.network_interface_id
      and identified.window_to >= last_segment.segment_from
      and identified.window_to < last_segment.segment_to
  ),
  -- Where a record touches several segments, all of their states and groups may have held.
  spanning as (
    select
      as_of.flow_number,
      list_sort(
        list_distinct(flatten(array_agg(interface_segment.state_ids)))
      ) as state_ids,
      list_sort(
        list_distinct(flatten(array_agg(interface_segment.group_ids)))
      ) as group_ids
    from
      as_of
      inner join interface_segment on as_of.network_interface_id = interface_segment.network_interface_id
      and interface_segment.segment_number between as_of.first_segment_number and as_of.last_segment_number
    where
      as_of.first_segment_number < as_of.last_segment_number
    group by
      as_of.flow_number
  ),
  described as (
    select
      as_of.* exclude (state_ids, group_ids, as_of_precision),
      case
        when as_of.as_of_verdict = 'exact' then as_of.as_of_precision
      end as as_of_precision,
      case
        when as_of.as_of_verdict = 'no_metadata' then []
        else coalesce(spanning.state_ids, as_of.state_ids)
      end as state_ids,
      case
        when as_of.as_of_verdict = 'no_metadata' then []
        else coalesce(spanning.group_ids, as_of.group_ids)
      end as group_ids,
      contains(context.addresses, as_of.srcaddr) as is_source_local,
      contains(context.addresses, as_of.dstaddr) as is_destination_local,
      case
        when bitwise_and (as_of.tcp_flags, 18) = 2 then 'source'
        when bitwise_and (as_of.tcp_flags, 18) = 18 then 'destination'
      end as flagged_initiator,
      -- Clients use ports from 32768 up (Linux) or 49152 up (IANA); services the ports below.
      case
        when as_of.protocol not in (6, 17) then null
        when as_of.srcport >= 32768
        and as_of.dstport < 32768 then 'source'
        when as_of.dstport >= 32768
        and as_of.srcport < 32768 then 'destination'
        when as_of.srcport < 32768
        and as_of.dstport < as_of.srcport
        and as_of.dstport < 1024 then 'source'
        when as_of.dstport < 32768
        and as_of.srcport < as_of.dstport
        and as_of.srcport < 1024 then 'destination'
      end as port_initiator
    from
      as_of
      left join spanning on as_of.flow_number = spanning.flow_number
      left join interface_context as context on as_of.state_id = context.state_id
  ),
  directed as (
    select
      *,
      coalesce(flagged_initiator, port_initiator) as initiator,
      case
        when flagged_initiator is not null then 'tcp_flags'
        when port_initiator is not null then 'ports'
      end as initiator_basis,
      case
        when flow_direction in ('ingress', 'egress') then flow_direction
        when is_source_local is true
        and is_destination_local is not true then 'egress'
        when is_destination_local is true
        and is_source_local is not true then 'ingress'
      end as row_direction
    from
      described
  )
select
  flow_number,
  object_id,
  line_number,
  action,
  protocol,
  srcaddr,
  dstaddr,
  srcport,
  dstport,
  tcp_flags,
  source_address,
  destination_address,
  window_from,
  window_to,
  network_interface_id,
  case
    when as_of_verdict <> 'no_metadata' then state_id
  end as state_id,
  as_of_verdict,
  as_of_precision,
  as_of_reason,
  state_ids,
  group_ids,
  row_direction,
  case
    when flow_direction in ('ingress', 'egress') then 'flow_direction'
    when row_direction is not null then 'interface_address'
  end as row_direction_basis,
  initiator,
  initiator_basis,
  initiator = 'destination' as is_response,
  case row_direction
    when 'egress' then source_address
    when 'ingress' then destination_address
  end as local_address,
  case row_direction
    when 'egress' then destination_address
    when 'ingress' then source_address
  end as remote_address,
  flow_date
from
  directed
