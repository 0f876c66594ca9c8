-- title: Flows with what was true of their interface at their time
-- grain: one row a flow
-- parameters: none
with
  events as (
    select
      flow_id,
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
      flow_id
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
  ),
  judged as (
    select
      subjects.*,
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
      case
        when subjects.action is distinct from 'ACCEPT' then 'not_applicable'
        when subjects.as_of_verdict = 'no_metadata' then 'no_metadata'
        when cardinality(subjects.group_ids) = 0 then 'no_security_group'
        when subjects.is_response is true then 'response'
        when subjects.row_direction is null then 'undecidable'
        when cardinality(rules.permitting_rule_ids) > 0
        and subjects.as_of_verdict = 'exact' then 'permitted'
        when cardinality(rules.permitting_rule_ids) > 0
        or cardinality(rules.changed_rule_ids) > 0
        or cardinality(rules.removed_rule_ids) > 0 then 'tracked_or_changed'
        when rules.doubt is not null then 'undecidable'
        when subjects.initiator is null then 'undecidable'
        when subjects.as_of_verdict = 'ambiguous' then 'undecidable'
        else 'unexplained'
      end as rule_verdict,
      case
        when subjects.action = 'REJECT' then 'rejected: by a security group, a network ACL or another control; the record does not say which'
        when subjects.action is distinct from 'ACCEPT' then 'the record has no action'
        when subjects.as_of_verdict = 'no_metadata' then subjects.as_of_reason
        when cardinality(subjects.group_ids) = 0 then 'the interface has no security group'
        when subjects.is_response is true
        and subjects.initiator_basis = 'ports' then 'response, inferred from the ports'
        when subjects.is_response is true then 'response, by its TCP flags'
        when subjects.row_direction is null then 'neither address of the record is known to be of the interface'
        when cardinality(rules.permitting_rule_ids) > 0
        and subjects.as_of_verdict = 'exact'
        and subjects.initiator is null then 'a rule permits it in this direction; who opened it is not known'
        when cardinality(rules.permitting_rule_ids) > 0
        and subjects.as_of_verdict = 'exact' then 'permitted by rule'
        when cardinality(rules.permitting_rule_ids) > 0 then 'a rule of a group that the interface may have had permits it'
        when cardinality(rules.changed_rule_ids) > 0 then 'a rule that permits it was added or removed about then'
        when cardinality(rules.removed_rule_ids) > 0 then 'a rule that permitted it was removed within the five days that a connection may stay tracked'
        when rules.doubt = 'icmp_type_not_logged' then 'a rule permits some ICMP types; flow logs do not record the type'
        when rules.doubt = 'reference_unreadable' then 'a rule refers to a group or prefix list that the inventory does not hold for this time'
        when rules.doubt = 'field_not_logged' then 'the record lacks an address, protocol or port that the rules look at'
        when rules.doubt = 'rules_unknown' then 'no inventory snapshot covers the rules of its groups at this time'
        when subjects.initiator is null then 'no rule permits it in this direction, and who opened it is not known'
        when subjects.as_of_verdict = 'ambiguous' then subjects.as_of_reason
        else 'no rule of its groups permits it'
      end as rule_reason,
      coalesce(
        case
          when cardinality(rules.permitting_rule_ids) > 0 then rules.permitting_rule_ids
          when cardinality(rules.changed_rule_ids) > 0 then rules.changed_rule_ids
          else rules.removed_rule_ids
        end,
        []
      ) as rule_ids
    from
      flow_subject as subjects
      left join flow_rule as rules on subjects.flow_number = rules.flow_number
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
  flows.object_id || ':' || cast(flows.line_number as varchar) as flow_id,
  flow_object.source,
  flow_object.flow_log_id,
  flow_object.log_format,
  coalesce(copies.copy_count, 0) as copy_count,
  coalesce(copies.copy_flow_ids, []) as copy_flow_ids,
  coalesce(copies.copy_flow_logs, []) as copy_flow_logs,
  judged.source_address,
  judged.destination_address,
  judged.row_direction,
  judged.row_direction_basis,
  judged.initiator,
  judged.initiator_basis,
  judged.is_response,
  judged.client_address,
  judged.server_address,
  judged.service_port,
  judged.local_address,
  judged.remote_address,
  remote_address.is_public as is_remote_public,
  judged.as_of_verdict,
  judged.as_of_precision,
  judged.as_of_reason,
  judged.state_ids,
  judged.network_interface_id,
  context.instance_id as resource_instance_id,
  context.instance_name,
  context.owner_kind,
  judged.group_ids,
  context.subnet_id as resource_subnet_id,
  context.vpc_id as resource_vpc_id,
  context.tags as resource_tags,
  context.scope_name,
  judged.rule_verdict,
  judged.rule_reason,
  judged.rule_ids,
  coalesce(events.event_ids, []) as event_ids,
  events.event_disposition,
  flows.flow_date
from
  flow as flows
  inner join judged on flows.flow_date = judged.flow_date
  and flows.object_id = judged.object_id
  and flows.line_number = judged.line_number
  left join flow_object on flows.object_id = flow_object.object_id
  left join copies on flows.object_id || ':' || cast(flows.line_number as varchar) = copies.kept_flow_id
  left join interface_context as context on judged.state_id = context.state_id
  left join events on flows.object_id || ':' || cast(flows.line_number as varchar) = events.flow_id
  left join remote_address on judged.remote_address = remote_address.address
order by
  flows.object_id,
  flows.line_number
