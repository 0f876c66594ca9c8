-- title: Flows with what was true of their interface at their time
-- grain: one row a flow
-- parameters: none
with
  flows as (
    select
      *,
      object_id || ':' || cast(line_number as varchar) as record_id,
      coalesce(pkt_srcaddr, srcaddr) as source_address,
      coalesce(pkt_dstaddr, dstaddr) as destination_address
    from
      flow
  ),
  events as (
    select
      flow_date,
      object_id,
      line_number,
      list_sort(array_agg(distinct event_id)) as event_ids,
      -- An attack that one event let through has reached the host, whatever another event says.
      case
        when bool_or(disposition in ('detected', 'allowed')) then 'detected'
        when bool_or(disposition = 'blocked') then 'blocked'
        else 'logged'
      end as event_disposition
    from
      flow_event
    group by
      flow_date,
      object_id,
      line_number
  ),
  copies as (
    select
      kept_flow_id,
      count(distinct flow_id) as copy_count,
      list_sort(array_agg(distinct flow_id)) as copy_flow_ids,
      list_sort(array_agg(distinct coalesce(flow_log_id, source))) as copy_flow_logs
    from
      flow_copy
    group by
      kept_flow_id
  )
select
  flows.version,
  flows.account_id,
  flows.interface_id,
  flows.srcaddr,
  flows.dstaddr,
  flows.srcport,
  flows.dstport,
  flows.protocol,
  flows.packets,
  flows.bytes,
  flows.start_at,
  flows.end_at,
  flows.action,
  flows.log_status,
  flows.vpc_id,
  flows.subnet_id,
  flows.instance_id,
  flows.tcp_flags,
  flows.type,
  flows.pkt_srcaddr,
  flows.pkt_dstaddr,
  flows.region,
  flows.az_id,
  flows.sublocation_type,
  flows.sublocation_id,
  flows.pkt_src_aws_service,
  flows.pkt_dst_aws_service,
  flows.flow_direction,
  flows.traffic_path,
  flows.resource_type,
  flows.tgw_id,
  flows.tgw_attachment_id,
  flows.tgw_src_vpc_account_id,
  flows.tgw_dst_vpc_account_id,
  flows.tgw_src_vpc_id,
  flows.tgw_dst_vpc_id,
  flows.tgw_src_subnet_id,
  flows.tgw_dst_subnet_id,
  flows.tgw_src_eni,
  flows.tgw_dst_eni,
  flows.tgw_src_az_id,
  flows.tgw_dst_az_id,
  flows.tgw_pair_attachment_id,
  flows.packets_lost_no_route,
  flows.packets_lost_blackhole,
  flows.packets_lost_mtu_exceeded,
  flows.packets_lost_ttl_expired,
  flows.ecs_cluster_arn,
  flows.ecs_cluster_name,
  flows.ecs_container_instance_arn,
  flows.ecs_container_instance_id,
  flows.ecs_container_id,
  flows.ecs_second_container_id,
  flows.ecs_service_name,
  flows.ecs_task_definition_arn,
  flows.ecs_task_arn,
  flows.ecs_task_id,
  flows.reject_reason,
  flows.resource_id,
  flows.encryption_status,
  flows.instance_tag,
  flows.instance_tag_2,
  flows.interface_tag,
  flows.interface_tag_2,
  flows.asg_tag,
  flows.asg_tag_2,
  flows.interface_type,
  flows.next_hop_interface_id,
  flows.next_hop_subnet_id,
  flows.next_hop_az_id,
  flows.next_hop_vpc_id,
  flows.next_hop_interface_type,
  flows.extra,
  flows.object_id,
  flows.line_number,
  flows.record_id as flow_id,
  classes.source,
  classes.flow_log_id,
  classes.log_format,
  coalesce(copies.copy_count, 0) as copy_count,
  coalesce(copies.copy_flow_ids, []) as copy_flow_ids,
  coalesce(copies.copy_flow_logs, []) as copy_flow_logs,
  flows.source_address,
  flows.destination_address,
  classes.row_direction,
  classes.row_direction_basis,
  classes.initiator,
  classes.initiator_basis,
  classes.is_response,
  case classes.initiator
    when 'source' then flows.source_address
    when 'destination' then flows.destination_address
  end as client_address,
  case classes.initiator
    when 'source' then flows.destination_address
    when 'destination' then flows.source_address
  end as server_address,
  case classes.initiator
    when 'source' then flows.dstport
    when 'destination' then flows.srcport
  end as service_port,
  case classes.row_direction
    when 'egress' then flows.source_address
    when 'ingress' then flows.destination_address
  end as local_address,
  case classes.row_direction
    when 'egress' then flows.destination_address
    when 'ingress' then flows.source_address
  end as remote_address,
  classes.is_remote_public,
  classes.as_of_verdict,
  classes.as_of_precision,
  classes.as_of_reason,
  interface_period.state_ids,
  classes.network_interface_id,
  context.instance_id as resource_instance_id,
  context.instance_name,
  context.owner_kind,
  context.is_owner_inferred,
  context.owner_id,
  interface_period.group_ids,
  context.subnet_id as resource_subnet_id,
  context.vpc_id as resource_vpc_id,
  context.tags as resource_tags,
  context.scope_name,
  classes.rule_verdict,
  classes.rule_reason,
  if (
    classes.rule_verdict in ('permitted', 'tracked_or_changed'),
    coalesce(match_answer.rule_ids, []),
    []
  ) as rule_ids,
  classes.group_verdict,
  classes.acl_verdict,
  if (
    classes.acl_verdict in ('denied', 'permitted', 'undecidable'),
    coalesce(match_answer.acl_entry_ids, []),
    []
  ) as acl_entry_ids,
  classes.is_rule_back_dated,
  classes.is_acl_back_dated,
  coalesce(events.event_ids, []) as event_ids,
  events.event_disposition,
  flows.flow_date
from
  flows
  inner join flow_verdict on flows.flow_date = flow_verdict.flow_date
  and flows.object_id = flow_verdict.object_id
  and flows.line_number = flow_verdict.line_number
  -- Left joins keep their places, as in flow_detail.sql: each verdict has its class, and each class its period.
  left join flow_class as classes on flow_verdict.flow_date = classes.flow_date
  and flow_verdict.class_id = classes.class_id
  left join interface_period on classes.flow_date = interface_period.flow_date
  and classes.period_id = interface_period.period_id
  left join match_answer on classes.flow_date = match_answer.flow_date
  and classes.answer_id = match_answer.answer_id
  left join interface_context as context on classes.state_id = context.state_id
  left join copies on flows.record_id = copies.kept_flow_id
  left join events on flows.flow_date = events.flow_date
  and flows.object_id = events.object_id
  and flows.line_number = events.line_number
