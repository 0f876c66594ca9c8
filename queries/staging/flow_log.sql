-- title: Flow log configurations
-- grain: one row a state of a flow log
select
  resource_id as flow_log_id,
  json_extract_scalar (configuration, '$.ResourceId') as resource_id,
  json_extract_scalar (configuration, '$.TrafficType') as traffic_type,
  json_extract_scalar (configuration, '$.LogDestinationType') as log_destination_type,
  json_extract_scalar (configuration, '$.LogDestination') as log_destination,
  json_extract_scalar (configuration, '$.LogGroupName') as log_group_name,
  array_join (
    regexp_extract_all(
      json_extract_scalar (configuration, '$.LogFormat'),
      '\$\{([a-z0-9-]+)\}',
      1
    ),
    ' '
  ) as log_format,
  try_cast (
    json_extract_scalar (configuration, '$.MaxAggregationInterval') as integer
  ) as max_aggregation_interval_seconds,
  json_extract_scalar (configuration, '$.DeliverLogsStatus') as deliver_logs_status,
  json_extract_scalar (configuration, '$.DeliverLogsErrorMessage') as deliver_logs_error,
  tags_of (configuration, '$.Tags') as tags,
  moment_of (
    json_extract_scalar (configuration, '$.CreationTime')
  ) as created_at,
  account_id,
  region,
  state_id,
  valid_from,
  known_until,
  valid_to,
  absent_at,
  held_from,
  known_by,
  start_precision,
  end_precision
from
  inventory_state
where
  resource_type = 'flow_log'
order by
  flow_log_id,
  valid_from,
  state_id
