-- title: Flows of a day with the interface, the sides and the direction
-- grain: one row a flow
-- parameters: flow_date
-- source: Amazon VPC User Guide, "Flow log records": tcp-flags 2 is SYN, 18 SYN-ACK; start and end lie
--   within 60 seconds of the packets
with
  flows as (
    select
      flow.*,
      flow.object_id || ':' || cast(flow.line_number as varchar) as flow_id,
      coalesce(flow.pkt_srcaddr, flow.srcaddr) as source_address,
      coalesce(flow.pkt_dstaddr, flow.dstaddr) as destination_address,
      seconds_after (coalesce(flow.start_at, flow.end_at), -60) as window_from,
      seconds_after (coalesce(flow.end_at, flow.start_at), 60) as window_to,
      source_object.source,
      coalesce(source_object.flow_log_id, group_flow_log.flow_log_id) as flow_log_id,
      array_join(source_object.fields, ' ') as log_format
    from flow
    inner join source_object on flow.object_id = source_object.object_id
    left join (
      select
        log_group_name,
        min(flow_log_id) as flow_log_id
      from flow_log
      where log_group_name is not null
      group by log_group_name
      having count(distinct flow_log_id) = 1
    ) as group_flow_log
      on source_object.uri like 'cloudwatch-logs://%'
      and strpos(source_object.uri, group_flow_log.log_group_name || '?date=') > 0
    where flow.flow_date = cast($flow_date as date)
  ),
  -- Records without an interface id: by VPC, address and time, if that leaves one interface.
  interface_addresses as (
    select distinct
      vpc_id,
      address.address,
      network_interface_id,
      coalesce(absent_at, valid_from) as possible_from,
      valid_to as possible_until
    from interface_context
    cross join unnest(addresses) as address (address)
  ),
  located as (
    select
      flows.flow_id,
      min(interface_addresses.network_interface_id) as network_interface_id
    from flows
    inner join interface_addresses
      on flows.interface_id is null
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
      and flows.window_from < coalesce(interface_addresses.possible_until, flows.window_to)
    group by flows.flow_id
    having count(distinct interface_addresses.network_interface_id) = 1
  ),
  identified as (
    select
      flows.*,
      coalesce(flows.interface_id, located.network_interface_id) as network_interface_id
    from flows
    left join located on flows.flow_id = located.flow_id
  ),
  as_of as (
    select
      identified.*,
      first_segment.state_id,
      case
        when identified.network_interface_id is null then 'no_metadata'
        when first_segment.state_id is null or last_segment.state_id is null then 'no_metadata'
        when first_segment.as_of_verdict = 'ambiguous' or last_segment.as_of_verdict = 'ambiguous' then 'ambiguous'
        when first_segment.group_ids <> last_segment.group_ids then 'ambiguous'
        else 'exact'
      end as as_of_verdict,
      case
        when first_segment.as_of_verdict = 'exact' and last_segment.as_of_verdict = 'exact' then if(
          last_segment.as_of_precision = 'carried_forward',
          'carried_forward',
          first_segment.as_of_precision
        )
      end as as_of_precision,
      case
        when identified.network_interface_id is null then 'the record names no interface, and its address names none alone'
        when first_segment.state_id is null or last_segment.state_id is null then 'no inventory snapshot covers the interface at this time'
        else coalesce(first_segment.as_of_reason, last_segment.as_of_reason)
      end as as_of_reason,
      list_sort(list_distinct(list_concat(first_segment.state_ids, last_segment.state_ids))) as state_ids,
      list_sort(list_distinct(list_concat(first_segment.group_ids, last_segment.group_ids))) as group_ids
    from identified
    left join interface_segment as first_segment
      on identified.network_interface_id = first_segment.network_interface_id
      and identified.window_from >= first_segment.segment_from
      and identified.window_from < first_segment.segment_to
    left join interface_segment as last_segment
      on identified.network_interface_id = last_segment.network_interface_id
      and identified.window_to >= last_segment.segment_from
      and identified.window_to < last_segment.segment_to
  ),
  described as (
    select
      as_of.*,
      context.instance_id as resource_instance_id,
      context.instance_name,
      context.owner_kind,
      context.subnet_id as resource_subnet_id,
      context.vpc_id as resource_vpc_id,
      context.tags as resource_tags,
      context.scope_name,
      context.addresses,
      case
        when bitwise_and (as_of.tcp_flags, 18) = 2 then 'source'
        when bitwise_and (as_of.tcp_flags, 18) = 18 then 'destination'
      end as flagged_initiator,
      -- Clients use ports from 32768 up (Linux) or 49152 up (IANA); services the ports below.
      case
        when as_of.protocol not in (6, 17) then null
        when as_of.srcport >= 32768 and as_of.dstport < 32768 then 'source'
        when as_of.dstport >= 32768 and as_of.srcport < 32768 then 'destination'
        when as_of.srcport < 32768 and as_of.dstport < as_of.srcport and as_of.dstport < 1024 then 'source'
        when as_of.dstport < 32768 and as_of.srcport < as_of.dstport and as_of.srcport < 1024 then 'destination'
      end as port_initiator
    from as_of
    left join interface_context as context on as_of.state_id = context.state_id
  ),
  directed as (
    select
      described.*,
      coalesce(flagged_initiator, port_initiator) as initiator,
      case
        when flagged_initiator is not null then 'tcp_flags'
        when port_initiator is not null then 'ports'
      end as initiator_basis,
      case
        when flow_direction in ('ingress', 'egress') then flow_direction
        when contains(addresses, srcaddr) and not contains(addresses, dstaddr) then 'egress'
        when contains(addresses, dstaddr) and not contains(addresses, srcaddr) then 'ingress'
      end as row_direction,
      case
        when flow_direction in ('ingress', 'egress') then 'flow_direction'
        when contains(addresses, srcaddr) is distinct from contains(addresses, dstaddr) then 'interface_address'
      end as row_direction_basis
    from described
  )
select
  *,
  initiator = 'destination' as is_response,
  case initiator
    when 'source' then source_address
    when 'destination' then destination_address
  end as client_address,
  case initiator
    when 'source' then destination_address
    when 'destination' then source_address
  end as server_address,
  case initiator
    when 'source' then dstport
    when 'destination' then srcport
  end as service_port,
  case row_direction
    when 'egress' then source_address
    when 'ingress' then destination_address
  end as local_address,
  case row_direction
    when 'egress' then destination_address
    when 'ingress' then source_address
  end as remote_address
from directed
order by flow_id
