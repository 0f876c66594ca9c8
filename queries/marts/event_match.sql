-- title: IPS events of a day with how many flows they match, and for those without any, why
-- grain: one row an event
-- parameters: event_date, event_clock_tolerance_seconds
-- source: Amazon VPC User Guide, "Flow log limitations": traffic to the Amazon DNS server, for Windows licence activation,
--   to and from 169.254.169.254 and 169.254.169.123, DHCP, and traffic to the reserved address of the default VPC router
--   is in no flow log; "VPC CIDR blocks" and "Subnet CIDR blocks": the router is the first and the DNS server the second
--   address of the range.
--   Reasons, of which the first that holds counts: no_address, class_never_logged, no_interface_known. Then, of the
--   interfaces that the event may concern, the one that comes nearest to a match: no_flow_log_known, one_sided_flow_log,
--   outside_ingested_time, skipped_interval, not_seen.
with
  -- A flow of the day before may last until the event, and one of the day after begin about it.
  matches as (
    select
      event_id,
      count(*) as match_count,
      max(
        case confidence
          when 'high' then 3
          when 'medium' then 2
          else 1
        end
      ) as confidence_rank,
      bool_or(effect = 'attack_reached_host') as has_reached_host,
      bool_or(effect = 'attack_left_host') as has_left_host
    from
      flow_event
    where
      flow_date >= cast($event_date as date) - interval '1' day
      and flow_date <= cast($event_date as date) + interval '1' day
    group by
      event_id
  ),
  interfaces as (
    select
      event_id,
      list_sort(array_agg(distinct network_interface_id)) as network_interface_ids,
      list_sort(
        array_agg(distinct instance_id) filter(
          where
            instance_id is not null
        )
      ) as instance_ids,
      min(scope_name) as scope_name
    from
      event_interface
    group by
      event_id
  ),
  unmatched as (
    select
      event_subject.*,
      date_diff(
        'minute',
        timestamp '1970-01-01 00:00:00',
        event_subject.event_at
      ) / 10 as slot,
      address_key (source_address) as source_key,
      address_key (destination_address) as destination_key
    from
      event_subject
      left join matches on event_subject.event_id = matches.event_id
    where
      matches.event_id is null
  ),
  unmatched_interfaces as (
    select distinct
      unmatched.event_id,
      unmatched.event_at,
      unmatched.slot,
      unmatched.source_key,
      unmatched.destination_key,
      event_interface.network_interface_id,
      event_interface.subnet_id,
      event_interface.vpc_id
    from
      unmatched
      inner join event_interface on unmatched.event_id = event_interface.event_id
  ),
  places as (
    select
      unmatched_interfaces.*,
      place.place_id
    from
      unmatched_interfaces
      cross join unnest([network_interface_id, subnet_id, vpc_id]) as place (place_id)
    where
      place.place_id is not null
  ),
  reserved_addresses as (
    select distinct
      subnet_id as place_id,
      substr(cidr_first_key (cidr), 1, 31) || '1' as address_key,
      'VPC router' as class
    from
      subnet
    where
      cidr is not null
    union
    select distinct
      vpc.vpc_id as place_id,
      substr(cidr_first_key (range.cidr), 1, 31) || '2' as address_key,
      'Amazon DNS server' as class
    from
      vpc
      cross join unnest(vpc.cidrs) as range(cidr)
    where
      range.cidr not like '%:%'
  ),
  reserved as (
    select
      places.event_id,
      min(reserved_addresses.class) as class
    from
      places
      inner join reserved_addresses on places.place_id = reserved_addresses.place_id
      and reserved_addresses.address_key in (places.source_key, places.destination_key)
    group by
      places.event_id
  ),
  classed as (
    select
      unmatched.event_id,
      case
        when unmatched.source_address in ('169.254.169.254', 'fd00:ec2::254')
        or unmatched.destination_address in ('169.254.169.254', 'fd00:ec2::254') then 'instance metadata service'
        when unmatched.source_address in ('169.254.169.123', 'fd00:ec2::123')
        or unmatched.destination_address in ('169.254.169.123', 'fd00:ec2::123') then 'Amazon Time Sync Service'
        when unmatched.source_address in ('169.254.169.253', 'fd00:ec2::253')
        or unmatched.destination_address in ('169.254.169.253', 'fd00:ec2::253') then 'Amazon DNS server'
        when unmatched.source_address in ('169.254.169.250', '169.254.169.251')
        or unmatched.destination_address in ('169.254.169.250', '169.254.169.251') then 'Windows licence activation'
        when unmatched.protocol = 17
        and unmatched.source_port in (67, 68, 546, 547)
        and unmatched.destination_port in (67, 68, 546, 547) then 'DHCP'
        else reserved.class
      end as class
    from
      unmatched
      left join reserved on unmatched.event_id = reserved.event_id
  ),
  covered_resources as (
    select
      flow_log_id,
      resource_id,
      traffic_type,
      coalesce(created_at, absent_at, valid_from) as covers_from,
      valid_to as covers_until
    from
      flow_log
  ),
  -- What the inventory says of flow logs, and who recorded the interface about then.
  covering as (
    select distinct
      places.event_id,
      places.network_interface_id,
      places.slot,
      covered_resources.flow_log_id as recorder,
      covered_resources.flow_log_id,
      coalesce(covered_resources.traffic_type, 'ALL') = 'ALL' as is_whole
    from
      places
      inner join covered_resources on places.place_id = covered_resources.resource_id
      and places.event_at >= covered_resources.covers_from
      and (
        covered_resources.covers_until is null
        or places.event_at < covered_resources.covers_until
      )
    union
    select
      unmatched_interfaces.event_id,
      unmatched_interfaces.network_interface_id,
      unmatched_interfaces.slot,
      coalesce(
        recorded_interface.flow_log_id,
        recorded_interface.source,
        ''
      ) as recorder,
      recorded_interface.flow_log_id,
      coalesce(traffic_types.traffic_type, 'ALL') = 'ALL' as is_whole
    from
      unmatched_interfaces
      inner join recorded_interface on unmatched_interfaces.network_interface_id = recorded_interface.interface_id
      left join (
        select
          flow_log_id,
          max_by(traffic_type, known_until) as traffic_type
        from
          flow_log
        group by
          flow_log_id
      ) as traffic_types on recorded_interface.flow_log_id = traffic_types.flow_log_id
    where
      recorded_interface.flow_date >= cast($event_date as date) - interval '1' day
      and recorded_interface.flow_date <= cast($event_date as date) + interval '1' day
  ),
  -- Steps of ten minutes, the longest aggregation interval, within one of which an object holds records.
  objects as (
    select
      coalesce(flow_object.flow_log_id, flow_object.source, '') as recorder,
      flow_object.flow_log_id is null as is_unnamed,
      greatest(
        seconds_after (source_object.first_at, -600),
        seconds_after (cast($event_date as timestamp), -90000)
      ) as first_at,
      least(
        seconds_after (source_object.last_at, 600),
        seconds_after (cast($event_date as timestamp), 176400)
      ) as last_at
    from
      source_object
      inner join flow_object on source_object.object_id = flow_object.object_id
    where
      source_object.kind = 'flow_logs'
      and source_object.first_at < seconds_after (cast($event_date as timestamp), 176400)
      and source_object.last_at >= seconds_after (cast($event_date as timestamp), -90000)
  ),
  ingested as (
    select distinct
      objects.recorder,
      objects.is_unnamed,
      slots.slot
    from
      objects
      cross join unnest(
        sequence (
          date_diff(
            'minute',
            timestamp '1970-01-01 00:00:00',
            objects.first_at
          ) / 10,
          date_diff(
            'minute',
            timestamp '1970-01-01 00:00:00',
            objects.last_at
          ) / 10,
          1
        )
      ) as slots (slot)
  ),
  unnamed_ingested as (
    select distinct
      slot
    from
      ingested
    where
      is_unnamed
  ),
  skipped as (
    select distinct
      unmatched_interfaces.event_id,
      unmatched_interfaces.network_interface_id
    from
      unmatched_interfaces
      inner join flow_status on unmatched_interfaces.network_interface_id = flow_status.interface_id
      and unmatched_interfaces.event_at >= seconds_after (
        flow_status.start_at,
        -60 - $event_clock_tolerance_seconds
      )
      and unmatched_interfaces.event_at <= seconds_after (
        flow_status.end_at,
        60 + $event_clock_tolerance_seconds
      )
    where
      flow_status.log_status = 'SKIPDATA'
      and flow_status.flow_date >= cast($event_date as date) - interval '1' day
      and flow_status.flow_date <= cast($event_date as date) + interval '1' day
  ),
  ranked as (
    select
      covering.event_id,
      max(
        case
          when not covering.is_whole then 2
          when ingested.slot is null
          and unnamed_ingested.slot is null then 3
          when skipped.event_id is not null then 4
          else 5
        end
      ) as reason_rank,
      list_sort(
        array_agg(distinct covering.flow_log_id) filter(
          where
            covering.flow_log_id is not null
        )
      ) as flow_log_ids
    from
      covering
      left join ingested on covering.recorder = ingested.recorder
      and covering.slot = ingested.slot
      left join unnamed_ingested on covering.slot = unnamed_ingested.slot
      left join skipped on covering.event_id = skipped.event_id
      and covering.network_interface_id = skipped.network_interface_id
    group by
      covering.event_id
  )
select
  event_subject.event_id,
  event_subject.product,
  event_subject.module,
  event_subject.disposition,
  event_subject.host_name,
  event_subject.source_address,
  event_subject.destination_address,
  event_subject.protocol,
  event_subject.source_port,
  event_subject.destination_port,
  event_subject.event_at,
  event_subject.clock,
  coalesce(interfaces.network_interface_ids, []) as network_interface_ids,
  coalesce(interfaces.instance_ids, []) as instance_ids,
  interfaces.scope_name,
  coalesce(ranked.flow_log_ids, []) as flow_log_ids,
  coalesce(matches.match_count, 0) as match_count,
  case matches.confidence_rank
    when 3 then 'high'
    when 2 then 'medium'
    when 1 then 'low'
  end as confidence,
  coalesce(matches.has_reached_host, false) as has_reached_host,
  coalesce(matches.has_left_host, false) as has_left_host,
  case
    when matches.event_id is not null then null
    when event_subject.source_address is null
    and event_subject.destination_address is null then 'no_address'
    when (
      event_subject.source_address is null
      or event_subject.destination_address is null
    )
    and not exists (
      select
        1
      from
        event_interface
      where
        event_interface.event_id = event_subject.event_id
        and event_interface.side_basis <> 'address'
    ) then 'no_address'
    when classed.class is not null then 'class_never_logged'
    when interfaces.event_id is null then 'no_interface_known'
    when ranked.reason_rank is null then 'no_flow_log_known'
    when ranked.reason_rank = 2 then 'one_sided_flow_log'
    when ranked.reason_rank = 3 then 'outside_ingested_time'
    when ranked.reason_rank = 4 then 'skipped_interval'
    else 'not_seen'
  end as reason,
  classed.class as unlogged_class,
  cast($event_date as date) as event_date
from
  event_subject
  left join matches on event_subject.event_id = matches.event_id
  left join interfaces on event_subject.event_id = interfaces.event_id
  left join classed on event_subject.event_id = classed.event_id
  left join ranked on event_subject.event_id = ranked.event_id
order by
  event_subject.event_id
