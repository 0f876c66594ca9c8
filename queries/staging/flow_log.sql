-- title: Flow log configurations
-- grain: one row a state of a flow log
select
  resource_id as flow_log_id,
  configuration ->> '$.ResourceId' as resource_id,
  configuration ->> '$.TrafficType' as traffic_type,
  configuration ->> '$.LogDestinationType' as log_destination_type,
  configuration ->> '$.LogDestination' as log_destination,
  configuration ->> '$.LogGroupName' as log_group_name,
  array_to_string(
    regexp_extract_all(
      configuration ->> '$.LogFormat',
      '\$\{([a-z0-9-]+)\}',
      1
    ),
    ' '
  ) as log_format,
  try_cast (
    configuration ->> '$.MaxAggregationInterval' as integer
  ) as max_aggregation_interval_seconds,
  configuration ->> '$.DeliverLogsStatus' as deliver_logs_status,
  configuration ->> '$.DeliverLogsErrorMessage' as deliver_logs_error,
  tags_of (configuration, '$.Tags') as tags,
  try_cast (configuration ->> '$.CreationTime' as timestamp) as created_at,
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
