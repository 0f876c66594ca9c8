-- title: Flows with what was true of their interface at their time
-- grain: one row a flow
-- parameters: none
with
  flows as (
    select *
    from flow_subject
  ),
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
    from flow_event
    group by flow_id
  ),
  judged as (
    select
      flows.flow_id,
      case
        when flows.action is distinct from 'ACCEPT' then 'not_applicable'
        when flows.as_of_verdict = 'no_metadata' then 'no_metadata'
        when cardinality(flows.group_ids) = 0 then 'no_security_group'
        when flows.is_response is true then 'response'
        when flows.row_direction is null then 'undecidable'
        when cardinality(rules.permitting_rule_ids) > 0 and flows.as_of_verdict = 'exact' then 'permitted'
        when cardinality(rules.permitting_rule_ids) > 0
          or cardinality(rules.changed_rule_ids) > 0
          or cardinality(rules.removed_rule_ids) > 0 then 'tracked_or_changed'
        when rules.doubt is not null then 'undecidable'
        when flows.initiator is null then 'undecidable'
        when flows.as_of_verdict = 'ambiguous' then 'undecidable'
        else 'unexplained'
      end as rule_verdict,
      case
        when flows.action = 'REJECT' then 'rejected: by a security group, a network ACL or another control; the record does not say which'
        when flows.action is null then 'the record has no action'
        when flows.as_of_verdict = 'no_metadata' then flows.as_of_reason
        when cardinality(flows.group_ids) = 0 then 'the interface has no security group'
        when flows.is_response is true and flows.initiator_basis = 'ports' then 'response, inferred from the ports'
        when flows.is_response is true then 'response, by its TCP flags'
        when flows.row_direction is null then 'neither address of the record is known to be of the interface'
        when cardinality(rules.permitting_rule_ids) > 0 and flows.as_of_verdict = 'exact' and flows.initiator is null then 'a rule permits it in this direction; who opened it is not known'
        when cardinality(rules.permitting_rule_ids) > 0 and flows.as_of_verdict = 'exact' then 'permitted by rule'
        when cardinality(rules.permitting_rule_ids) > 0 then 'a rule of a group that the interface may have had permits it'
        when cardinality(rules.changed_rule_ids) > 0 then 'a rule that permits it was added or removed about then'
        when cardinality(rules.removed_rule_ids) > 0 then 'a rule that permitted it was removed within the five days that a connection may stay tracked'
        when rules.doubt = 'icmp_type_not_logged' then 'a rule permits some ICMP types; flow logs do not record the type'
        when rules.doubt = 'reference_unreadable' then 'a rule refers to a group or prefix list that the inventory does not hold'
        when flows.initiator is null then 'no rule permits it in this direction, and who opened it is not known'
        when flows.as_of_verdict = 'ambiguous' then flows.as_of_reason
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
    from flows
    left join flow_rule as rules on flows.flow_id = rules.flow_id
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
  flows.flow_id,
  flows.source,
  flows.flow_log_id,
  flows.log_format,
  flows.source_address,
  flows.destination_address,
  flows.row_direction,
  flows.row_direction_basis,
  flows.initiator,
  flows.initiator_basis,
  flows.is_response,
  flows.client_address,
  flows.server_address,
  flows.service_port,
  flows.local_address,
  flows.remote_address,
  remote_address.is_public as is_remote_public,
  flows.as_of_verdict,
  flows.as_of_precision,
  flows.as_of_reason,
  flows.state_ids,
  flows.network_interface_id,
  flows.resource_instance_id,
  flows.instance_name,
  flows.owner_kind,
  flows.group_ids,
  flows.resource_subnet_id,
  flows.resource_vpc_id,
  flows.resource_tags,
  flows.scope_name,
  judged.rule_verdict,
  judged.rule_reason,
  judged.rule_ids,
  coalesce(events.event_ids, []) as event_ids,
  events.event_disposition,
  flows.flow_date
from flows
inner join judged on flows.flow_id = judged.flow_id
left join events on flows.flow_id = events.flow_id
left join remote_address on flows.remote_address = remote_address.address
order by flows.object_id, flows.line_number
