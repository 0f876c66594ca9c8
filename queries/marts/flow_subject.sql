-- title: Flows of a day in numbers: the period of the interface, the sides, the classes of address and port
-- grain: one row a flow; a record that is a copy of another is none
-- parameters: flow_date
-- source: Amazon VPC User Guide, "Flow log records": tcp-flags 2 is SYN, 18 SYN-ACK. The bits of traits stand in flow_key.sql.
with
  flows as (
    select
      object_id,
      line_number,
      interface_id,
      action,
      coalesce(protocol, 256) as protocol,
      srcaddr,
      dstaddr,
      coalesce(pkt_srcaddr, srcaddr) as source_address,
      coalesce(pkt_dstaddr, dstaddr) as destination_address,
      coalesce(srcport, -1) as srcport,
      coalesce(dstport, -1) as dstport,
      tcp_flags,
      flow_direction,
      bytes,
      packets,
      least(
        coalesce(start_at, end_at),
        coalesce(end_at, start_at)
      ) as starts_at,
      greatest(
        coalesce(start_at, end_at),
        coalesce(end_at, start_at)
      ) as ends_at,
      if (start_at is null, 0, 2048) + if (end_at is null, 0, 4096) + if (srcaddr is null, 0, 8192) + if (dstaddr is null, 0, 16384) + if (srcport is null, 0, 32768) + if (dstport is null, 0, 65536) + if (vpc_id is null, 0, 131072) + if (instance_id is null, 0, 262144) as presence
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
  named as (
    select
      flows.*,
      coalesce(
        flows.interface_id,
        located_flow.network_interface_id
      ) as network_interface_id
    from
      flows
      left join located_flow on flows.object_id = located_flow.object_id
      and flows.line_number = located_flow.line_number
  ),
  -- The periods of what no inventory snapshot covers.
  faces as (
    select
      flow_interface.network_interface_id,
      flow_interface.interface_number,
      interface_period.period_id
    from
      flow_interface
      inner join interface_period on flow_interface.network_interface_id = interface_period.network_interface_id
    where
      interface_period.as_of_verdict = 'no_metadata'
  ),
  nameless as (
    select
      period_id
    from
      interface_period
    where
      network_interface_id is null
  ),
  dated as (
    select
      named.*,
      day_object.object_number,
      day_object.recorder_number,
      coalesce(faces.interface_number, 0) as interface_number,
      coalesce(
        period_slot.period_id,
        faces.period_id,
        nameless.period_id
      ) as period_id,
      period_slot.list_id,
      coalesce(period_slot.is_relay, false) as is_relay,
      period_slot.addresses,
      case
        when named.flow_direction = 'ingress' then 2
        when named.flow_direction = 'egress' then 1
        when contains(period_slot.addresses, named.srcaddr) then if (
          contains(period_slot.addresses, named.dstaddr),
          0,
          1
        )
        when contains(period_slot.addresses, named.dstaddr) then 2
        else 0
      end as direction_code
    from
      named
      inner join day_object on named.object_id = day_object.object_id
      left join faces on named.network_interface_id = faces.network_interface_id
      cross join nameless
      left join period_slot on faces.interface_number = period_slot.interface_number
      and date_diff(
        'hour',
        cast(cast($flow_date as date) as timestamp),
        named.starts_at
      ) = period_slot.hour_number
      and named.starts_at >= period_slot.starts_from
      and named.starts_at < period_slot.starts_before
      and named.ends_at > period_slot.ends_after
      and named.ends_at <= period_slot.ends_until
  ),
  sided as (
    select
      *,
      if (
        direction_code = 2,
        source_address,
        destination_address
      ) as remote_address,
      -- The other side's address tells connections apart; what else is needed of it is known of the interface.
      if (
        protocol = 6
        and tcp_flags is not null,
        if (
          direction_code = 2,
          destination_address,
          source_address
        ),
        null
      ) as local_address,
      if (
        is_relay,
        if (contains(addresses, source_address), 4194304, 0) + if (
          contains(addresses, destination_address),
          8388608,
          0
        ),
        0
      ) as relay_bits
    from
      dated
  ),
  addressed as (
    select
      sided.*,
      remote.address_number as remote_number,
      remote.cell_id,
      coalesce(remote.is_public, false) as is_remote_public,
      coalesce(remote.is_relay, false) as is_remote_relay,
      local.address_number as local_number
    from
      sided
      left join day_address as remote on sided.remote_address = remote.address
      left join day_address as local on sided.local_address = local.address
  )
select
  addressed.object_number,
  addressed.line_number,
  addressed.interface_number,
  cast(addressed.recorder_number as bigint) * 4294967296 + addressed.period_id as subject_key,
  addressed.protocol,
  addressed.srcport,
  addressed.dstport,
  case addressed.action
    when 'ACCEPT' then 1
    when 'REJECT' then 2
    else 0
  end + 4 * addressed.direction_code + if (
    addressed.flow_direction in ('ingress', 'egress'),
    256,
    0
  ) + if (
    addressed.is_remote_public
    and addressed.direction_code > 0,
    512,
    0
  ) + addressed.presence + addressed.relay_bits + if (
    addressed.is_remote_relay
    and addressed.direction_code > 0,
    if (addressed.direction_code = 2, 4194304, 8388608),
    0
  ) as traits,
  if (
    addressed.protocol = 6,
    case bitwise_and (addressed.tcp_flags, 18)
      when 2 then 1
      when 18 then 2
      else if (addressed.tcp_flags is null, 0, 3)
    end,
    0
  ) as flags_code,
  -- Clients use ports from 32768 up (Linux) or 49152 up (IANA); services the ports below.
  case
    when addressed.protocol not in (6, 17)
    or addressed.srcport < 0
    or addressed.dstport < 0 then 0
    when addressed.srcport >= 32768
    and addressed.dstport < 32768 then 1
    when addressed.dstport >= 32768
    and addressed.srcport < 32768 then 2
    when addressed.srcport < 32768
    and addressed.dstport < addressed.srcport
    and addressed.dstport < 1024 then 1
    when addressed.dstport < 32768
    and addressed.srcport < addressed.dstport
    and addressed.srcport < 1024 then 2
    else 0
  end as ports_code,
  addressed.remote_number,
  addressed.local_number,
  coalesce(address_class.address_class, 0) as address_class,
  coalesce(port_class.port_class, 0) as port_class,
  addressed.bytes,
  addressed.packets,
  addressed.starts_at,
  addressed.ends_at
from
  addressed
  inner join port_stretch on addressed.dstport = port_stretch.port
  left join address_class on addressed.list_id = address_class.list_id
  and (addressed.direction_code = 1) = address_class.is_egress
  and addressed.cell_id = address_class.cell_id
  left join port_class on addressed.list_id = port_class.list_id
  and (addressed.direction_code = 1) = port_class.is_egress
  and port_stretch.port_stretch = port_class.port_stretch
