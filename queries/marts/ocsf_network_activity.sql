-- title: Flows in the shape of OCSF 1.5.0 Network Activity
-- grain: one row a flow of flow_enriched
-- parameters: none
-- source: Open Cybersecurity Schema Framework 1.5.0, class network_activity (4001) with the profiles cloud and
--   security_control; Amazon VPC User Guide, "Available fields", traffic-path: 1 to 8 are 4 to 11 of boundary_id.
--   Members of row() stand in the order of src/ocsf-tables.ts
with
  sides as (
    select
      *,
      coalesce(initiator = 'destination', false) as is_turned,
      coalesce(network_interface_id, interface_id) as own_interface_id,
      coalesce(resource_instance_id, instance_id) as own_instance_id,
      coalesce(resource_subnet_id, subnet_id) as own_subnet_id,
      coalesce(resource_vpc_id, vpc_id) as own_vpc_id
    from
      flow_enriched
  ),
  ends as (
    select
      *,
      row(
        source_address,
        srcport,
        if (
          row_direction = 'egress',
          own_interface_id,
          tgw_src_eni
        ),
        if (row_direction = 'egress', own_instance_id, null),
        if (
          row_direction = 'egress',
          own_subnet_id,
          tgw_src_subnet_id
        ),
        if (
          row_direction = 'egress',
          own_vpc_id,
          tgw_src_vpc_id
        ),
        pkt_src_aws_service
      ) as source_end,
      row(
        destination_address,
        dstport,
        if (
          row_direction = 'ingress',
          own_interface_id,
          tgw_dst_eni
        ),
        if (row_direction = 'ingress', own_instance_id, null),
        if (
          row_direction = 'ingress',
          own_subnet_id,
          tgw_dst_subnet_id
        ),
        if (
          row_direction = 'ingress',
          own_vpc_id,
          tgw_dst_vpc_id
        ),
        pkt_dst_aws_service
      ) as destination_end,
      case
        when initiator is null
        or row_direction is null then 0
        when (row_direction = 'ingress') = is_turned then 2
        else 1
      end as direction_id
    from
      sides
  )
select
  6 as activity_id,
  'Traffic' as activity_name,
  4 as category_uid,
  'Network Activity' as category_name,
  4001 as class_uid,
  'Network Activity' as class_name,
  400106 as type_uid,
  'Network Activity: Traffic' as type_name,
  1 as severity_id,
  'Informational' as severity,
  case action
    when 'ACCEPT' then 1
    when 'REJECT' then 2
  end as action_id,
  case action
    when 'ACCEPT' then 'Allowed'
    when 'REJECT' then 'Denied'
  end as action,
  case action
    when 'ACCEPT' then 1
    when 'REJECT' then 2
  end as disposition_id,
  case action
    when 'ACCEPT' then 'Allowed'
    when 'REJECT' then 'Blocked'
  end as disposition,
  date_diff(
    'millisecond',
    timestamp '1970-01-01 00:00:00',
    coalesce(start_at, end_at, cast(flow_date as timestamp))
  ) as time,
  date_diff(
    'millisecond',
    timestamp '1970-01-01 00:00:00',
    start_at
  ) as start_time,
  date_diff(
    'millisecond',
    timestamp '1970-01-01 00:00:00',
    end_at
  ) as end_time,
  case
    when is_turned then destination_end
    else source_end
  end as src_endpoint,
  case
    when is_turned then source_end
    else destination_end
  end as dst_endpoint,
  row(
    protocol,
    case
      when source_address like '%:%' then 6
      when source_address like '%.%' then 4
      else 0
    end,
    tcp_flags,
    direction_id,
    case direction_id
      when 1 then 'Inbound'
      when 2 then 'Outbound'
      else 'Unknown'
    end,
    if (
      traffic_path between 1 and 8,
      traffic_path + 3,
      null
    )
  ) as connection_info,
  row(
    bytes,
    if (is_turned, bytes, null),
    if (is_turned, null, bytes),
    packets,
    if (is_turned, packets, null),
    if (is_turned, null, packets)
  ) as traffic,
  row(
    'AWS',
    if (account_id is null, null, row(account_id, 10)),
    region,
    az_id
  ) as cloud,
  row(
    '1.5.0',
    flow_id,
    row('Amazon VPC', 'AWS', row('Flow Logs')),
    ['cloud', 'security_control'],
    flow_log_id,
    cast(version as varchar),
    cast(null as bigint)
  ) as metadata,
  row(
    row_direction,
    initiator_basis,
    as_of_verdict,
    scope_name,
    rule_verdict,
    rule_ids,
    reject_reason,
    event_ids
  ) as unmapped,
  flow_date
from
  ends
