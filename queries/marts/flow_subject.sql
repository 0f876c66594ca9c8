-- title: Flows of a day in numbers: what the verdicts depend on, as far as the record itself says it
-- grain: one row a flow; a record that is a copy of another is none
-- parameters: flow_date
-- source: Amazon VPC User Guide, "Flow log records": tcp-flags 2 is SYN, 18 SYN-ACK. The bits of traits stand in traffic_key.sql.
--   flags_code: 1 and 2 the flags say that the source or the destination opened, 3 flags that do not say, 0 no flags. Of 3 alone
--   the key is not final: flow_key.sql asks the other records of the connection
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
      flow_direction in ('ingress', 'egress') as has_direction,
      if (start_at is null, 0, 2048) + if (end_at is null, 0, 4096) + if (srcaddr is null, 0, 8192) + if (dstaddr is null, 0, 16384) + if (srcport is null, 0, 32768) + if (dstport is null, 0, 65536) + if (vpc_id is null, 0, 131072) + if (instance_id is null, 0, 262144) + case action
        when 'ACCEPT' then 1
        when 'REJECT' then 2
        else 0
      end as recorded_presence,
      -- A record without its protocol that has flags is one of TCP all the same.
      coalesce(protocol, 6) = 6
      and tcp_flags is not null as has_tcp_flags
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
      ) as network_interface_id,
      located_flow.is_source as is_located_source,
      -- The direction of a transit gateway's record is not that of the interface.
      flows.recorded_presence + if (
        flows.has_direction
        and located_flow.is_routed is not true,
        256,
        0
      ) as presence
    from
      flows
      left join located_flow on flows.object_id = located_flow.object_id
      and flows.line_number = located_flow.line_number
  ),
  numbered as (
    select
      named.*,
      day_object.object_number,
      day_object.recorder_number,
      coalesce(flow_interface.interface_number, 0) as interface_number,
      coalesce(
        date_diff(
          'hour',
          cast(cast($flow_date as date) as timestamp),
          named.starts_at
        ),
        -1
      ) as hour_number
    from
      named
      inner join day_object on named.object_id = day_object.object_id
      left join flow_interface on named.network_interface_id = flow_interface.network_interface_id
  ),
  -- Where an hour has several periods, the times of the record decide.
  slotted as (
    select
      numbered.*,
      case
        when hour_number between 0 and 23 then element_at(
          hour_periods,
          interface_number * 24 + hour_number + 1
        )
        when starts_at is null then element_at(unknown_periods, interface_number + 1)
        else 0
      end as hour_period_id,
      element_at(unknown_periods, interface_number + 1) as unknown_period_id
    from
      numbered
      cross join day_list
  ),
  dated as (
    select
      slotted.*,
      if (
        slotted.hour_period_id = 0,
        coalesce(period_slot.period_id, slotted.unknown_period_id),
        slotted.hour_period_id
      ) as period_id
    from
      slotted
      left join period_slot on if (
        slotted.hour_period_id = 0,
        slotted.interface_number,
        null
      ) = period_slot.interface_number
      and slotted.hour_number = period_slot.hour_number
      and slotted.starts_at >= period_slot.starts_from
      and slotted.starts_at < period_slot.starts_before
      and slotted.ends_at > period_slot.ends_after
      and slotted.ends_at <= period_slot.ends_until
  ),
  directed as (
    select
      dated.*,
      element_at(period_lists, dated.period_id) as list_id,
      case
      -- The side by which the interface was found is the interface's, also within a prefix of it.
        when dated.is_located_source then 1
        when not dated.is_located_source then 2
        when dated.flow_direction = 'ingress' then 2
        when dated.flow_direction = 'egress' then 1
        when contains(
          element_at(period_addresses, dated.period_id),
          dated.srcaddr
        ) then if (
          contains(
            element_at(period_addresses, dated.period_id),
            dated.dstaddr
          ),
          0,
          1
        )
        when contains(
          element_at(period_addresses, dated.period_id),
          dated.dstaddr
        ) then 2
        else 0
      end as direction_code,
      if (
        element_at(period_relays, dated.period_id),
        if (
          contains(
            element_at(period_addresses, dated.period_id),
            dated.source_address
          ),
          4194304,
          0
        ) + if (
          contains(
            element_at(period_addresses, dated.period_id),
            dated.destination_address
          ),
          8388608,
          0
        ),
        0
      ) as relay_bits
    from
      dated
      cross join day_list
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
        has_tcp_flags,
        if (
          direction_code = 2,
          destination_address,
          source_address
        ),
        null
      ) as local_address
    from
      directed
  ),
  addressed as (
    select
      sided.*,
      remote.address_number as remote_number,
      remote.cell_number,
      coalesce(remote.address_traits, 0) as address_traits,
      local.address_number as local_number,
      -- Where the classes of the list of groups and subnets begin, in this direction.
      case
        when sided.list_id > 0
        and sided.direction_code > 0 then sided.list_id * 2 - sided.direction_code
      end as side_number
    from
      sided
      left join day_address as remote on sided.remote_address = remote.address
      left join day_address as local on sided.local_address = local.address
  ),
  stretched as (
    select
      addressed.*,
      element_at(port_stretches, dstport + 2) as port_stretch
    from
      addressed
      cross join day_list
  ),
  coded as (
    select
      *,
      presence + relay_bits + 4 * direction_code + if (
        direction_code > 0
        and bitwise_and (address_traits, 2) > 0,
        512,
        0
      ) + if (
        direction_code > 0
        and bitwise_and (address_traits, 1) > 0,
        if (direction_code = 2, 4194304, 8388608),
        0
      ) as traits,
      if (
        has_tcp_flags,
        case bitwise_and (tcp_flags, 18)
          when 2 then 1
          when 18 then 2
          else if (
            protocol = 6
            and remote_number is not null
            and local_number is not null,
            3,
            0
          )
        end,
        0
      ) as flags_code,
      -- Clients use ports from 32768 up (Linux) or 49152 up (IANA); services the ports below.
      case
        when protocol not in (6, 17)
        or srcport < 0
        or dstport < 0 then 0
        when srcport >= 32768
        and dstport < 32768 then 1
        when dstport >= 32768
        and srcport < 32768 then 2
        when srcport < 32768
        and dstport < srcport
        and dstport < 1024 then 1
        when dstport < 32768
        and srcport < dstport
        and srcport < 1024 then 2
        else 0
      end as ports_code
    from
      stretched
  ),
  judged as (
    select
      *,
      if (flags_code in (1, 2), flags_code, ports_code) as initiator_code,
      if (flags_code in (1, 2), 0, 2) as basis_code,
      -- An accepted response needs no rule: its classes need not be looked up.
      if (
        flags_code <> 3
        and bitwise_and (traits, 3) = 1
        and if (flags_code in (1, 2), flags_code, ports_code) = 2,
        null,
        side_number
      ) as asked_side_number
    from
      coded
  ),
  classed as (
    select
      judged.*,
      case
        when judged.asked_side_number is null
        or judged.remote_number is null then 0
        else coalesce(
          address_class.address_class,
          if (bitwise_and (judged.address_traits, 4) > 0, 2, 1)
        )
      end as address_class,
      case
        when judged.asked_side_number is null
        or judged.dstport < 0 then 0
        else coalesce(port_class.port_class, 1)
      end as port_class,
      case judged.initiator_code
        when 1 then judged.dstport
        when 2 then judged.srcport
        else -1
      end as service_port
    from
      judged
      left join address_class on judged.asked_side_number * cast(4294967296 as bigint) + judged.cell_number = address_class.cell_key
      left join port_class on judged.asked_side_number * cast(4294967296 as bigint) + judged.port_stretch = port_class.stretch_key
  )
select
  object_number,
  line_number,
  cast(recorder_number as bigint) * 4294967296 + period_id as subject_key,
  traffic_key (
    traits,
    protocol,
    address_class,
    port_class,
    initiator_code,
    basis_code,
    service_port
  ) as traffic_key,
  service_port,
  remote_number,
  bytes,
  packets,
  starts_at,
  ends_at,
  flags_code,
  -- What tells connections apart.
  if (flags_code > 0, interface_number, null) as interface_number,
  if (flags_code > 0, local_number, null) as local_number,
  if (flags_code > 0, srcport, null) as srcport,
  if (flags_code > 0, dstport, null) as dstport,
  if (flags_code > 0, traits, null) as traits,
  -- What the key is made of anew, if other records of the connection say who opened it.
  if (flags_code = 3, address_class, null) as address_class,
  if (flags_code = 3, port_class, null) as port_class
from
  classed
