-- title: Flow logs that are there now, and what their formats lack of the six details
-- grain: one row a flow log and one of the six details; one row without a detail where the format is not known
-- parameters: none
-- source: PCI DSS v4.0.1 requirement 10.2.2; what each detail needs, and the words, are those of queries/marts/detail.sql
with
  current_flow_logs as (
    select
      *
    from
      flow_log
    where
      valid_to is null
  )
select
  current_flow_logs.flow_log_id,
  current_flow_logs.account_id,
  current_flow_logs.region,
  current_flow_logs.resource_id,
  current_flow_logs.traffic_type,
  current_flow_logs.log_format,
  current_flow_logs.max_aggregation_interval_seconds as aggregation_seconds,
  current_flow_logs.log_destination_type,
  coalesce(
    nullif(current_flow_logs.log_destination, ''),
    nullif(current_flow_logs.log_group_name, '')
  ) as destination,
  current_flow_logs.deliver_logs_status,
  current_flow_logs.deliver_logs_error,
  current_flow_logs.known_by,
  current_flow_logs.known_until,
  detail.element,
  detail.status,
  detail.code,
  detail.reason,
  detail.remedy,
  coalesce(
    detail.needs_flow_log
    and detail.code not like 'FL_TGW_%',
    false
  ) as needs_flow_log,
  nullif(
    regexp_extract(
      detail.remedy,
      '^The format lacks ([a-z0-9, -]+)[.]',
      1
    ),
    ''
  ) as lacking_fields,
  create_flow_log_command (
    current_flow_logs.resource_id,
    current_flow_logs.log_destination_type,
    current_flow_logs.log_destination,
    current_flow_logs.log_group_name
  ) as create_command
from
  current_flow_logs
  left join detail_subject on current_flow_logs.flow_log_id = detail_subject.flow_log_id
  and current_flow_logs.account_id is not distinct from detail_subject.account_id
  and current_flow_logs.region is not distinct from detail_subject.region
  left join detail on detail_subject.detail_id = detail.detail_id
order by
  current_flow_logs.account_id,
  current_flow_logs.region,
  current_flow_logs.flow_log_id,
  detail.element_position
