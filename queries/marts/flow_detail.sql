-- title: The six details of PCI DSS v4.0.1 requirement 10.2.2, for each flow
-- grain: one row a flow
-- parameters: none
-- source: PCI DSS v4.0.1 requirement 10.2.2. detail.sql decides; here its verdicts stand beside the flow. A workload identity
--   (instance profile, ECS task, tags) is of a machine, never of a user.
with
  details as (
    select
      flow_date,
      detail_id,
      max(status) filter(
        where
          element = 'user_identification'
      ) as user_identification,
      max(code || ': ' || reason) filter(
        where
          element = 'user_identification'
      ) as user_identification_reason,
      max(supplied_by) filter(
        where
          element = 'user_identification'
      ) as user_identification_supplied_by,
      max(remedy) filter(
        where
          element = 'user_identification'
      ) as user_identification_remedy,
      max(status) filter(
        where
          element = 'event_type'
      ) as event_type,
      max(code || ': ' || reason) filter(
        where
          element = 'event_type'
      ) as event_type_reason,
      max(supplied_by) filter(
        where
          element = 'event_type'
      ) as event_type_supplied_by,
      max(remedy) filter(
        where
          element = 'event_type'
      ) as event_type_remedy,
      max(status) filter(
        where
          element = 'event_time'
      ) as event_time,
      max(code || ': ' || reason) filter(
        where
          element = 'event_time'
      ) as event_time_reason,
      max(supplied_by) filter(
        where
          element = 'event_time'
      ) as event_time_supplied_by,
      max(remedy) filter(
        where
          element = 'event_time'
      ) as event_time_remedy,
      max(status) filter(
        where
          element = 'outcome'
      ) as outcome,
      max(code || ': ' || reason) filter(
        where
          element = 'outcome'
      ) as outcome_reason,
      max(supplied_by) filter(
        where
          element = 'outcome'
      ) as outcome_supplied_by,
      max(remedy) filter(
        where
          element = 'outcome'
      ) as outcome_remedy,
      max(status) filter(
        where
          element = 'origination'
      ) as origination,
      max(code || ': ' || reason) filter(
        where
          element = 'origination'
      ) as origination_reason,
      max(supplied_by) filter(
        where
          element = 'origination'
      ) as origination_supplied_by,
      max(remedy) filter(
        where
          element = 'origination'
      ) as origination_remedy,
      max(status) filter(
        where
          element = 'affected_resource'
      ) as affected_resource,
      max(code || ': ' || reason) filter(
        where
          element = 'affected_resource'
      ) as affected_resource_reason,
      max(supplied_by) filter(
        where
          element = 'affected_resource'
      ) as affected_resource_supplied_by,
      max(remedy) filter(
        where
          element = 'affected_resource'
      ) as affected_resource_remedy
    from
      detail
    group by
      flow_date,
      detail_id
  )
select
  flow.object_id,
  flow.line_number,
  flow.object_id || ':' || cast(flow.line_number as varchar) as flow_id,
  flow_class.source,
  flow_class.flow_log_id,
  flow_class.log_format,
  flow.interface_id,
  flow_class.network_interface_id,
  resources.instance_id as resource_instance_id,
  resources.instance_name,
  resources.owner_kind,
  resources.vpc_id as resource_vpc_id,
  resources.scope_name,
  nullif(
    array_join (
      [
        'instance profile ' || resources.instance_profile_arn,
        'ECS task ' || coalesce(
          flow.ecs_task_arn,
          flow.ecs_task_id,
          -- The id of the attachment leads to the task for as long as ECS keeps it.
          case
            when resources.owner_kind = 'ecs_task' then 'of attachment ' || resources.owner_id
          end
        ),
        'ECS service ' || flow.ecs_service_name,
        'instance tag ' || flow.instance_tag,
        'instance tag 2 ' || flow.instance_tag_2,
        'interface tag ' || flow.interface_tag,
        'interface tag 2 ' || flow.interface_tag_2,
        'Auto Scaling group tag ' || flow.asg_tag,
        'Auto Scaling group tag 2 ' || flow.asg_tag_2,
        'tag Name=' || resources.instance_name
      ],
      ', '
    ),
    ''
  ) as workload_identity,
  flow.start_at,
  flow.end_at,
  details.user_identification,
  details.user_identification_reason,
  details.user_identification_supplied_by,
  details.user_identification_remedy,
  details.event_type,
  details.event_type_reason,
  details.event_type_supplied_by,
  details.event_type_remedy,
  details.event_time,
  details.event_time_reason,
  details.event_time_supplied_by,
  details.event_time_remedy,
  details.outcome,
  details.outcome_reason,
  details.outcome_supplied_by,
  details.outcome_remedy,
  details.origination,
  details.origination_reason,
  details.origination_supplied_by,
  details.origination_remedy,
  details.affected_resource,
  details.affected_resource_reason,
  details.affected_resource_supplied_by,
  details.affected_resource_remedy,
  flow.flow_date
from
  flow
  inner join flow_verdict on flow.flow_date = flow_verdict.flow_date
  and flow.object_id = flow_verdict.object_id
  and flow.line_number = flow_verdict.line_number
  -- Each verdict has its class. A left join keeps its place: among inner ones the day alone, which all share, may be
  -- taken for what flows and classes are joined by, and that is every flow with every class.
  left join flow_class on flow_verdict.flow_date = flow_class.flow_date
  and flow_verdict.class_id = flow_class.class_id
  -- Where companion events say more of a flow than of the others of its class.
  left join flow_event_detail on flow.flow_date = flow_event_detail.flow_date
  and flow.object_id = flow_event_detail.object_id
  and flow.line_number = flow_event_detail.line_number
  left join details on flow.flow_date = details.flow_date
  and coalesce(flow_event_detail.detail_id, flow_class.detail_id) = details.detail_id
  left join interface_context as resources on flow_class.state_id = resources.state_id
