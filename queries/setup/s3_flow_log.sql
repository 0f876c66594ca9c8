-- title: Flow logs that are delivered to S3, and how their objects are laid out
-- grain: one row a flow log that is there now
-- parameters: none
-- source: DestinationOptionsResponse, Amazon EC2 API Reference; absent options are text, by day, without the names of Hive.
--   Saved output of describe-flow-logs does not say whose it is: the paths of objects that were read do.
with
  flow_logs as (
    select
      resource_id,
      account_id,
      region,
      configuration
    from
      inventory_state
    where
      resource_type = 'flow_log'
      and valid_to is null
      and json_extract_scalar (configuration, '$.LogDestinationType') = 's3'
  ),
  read_objects as (
    select
      flow_log_id,
      min(account_id) as account_id,
      min(region) as region
    from
      source_object
    where
      kind = 'flow_logs'
    group by
      flow_log_id
  )
select
  resource_id as flow_log_id,
  coalesce(flow_logs.account_id, read_objects.account_id) as account_id,
  coalesce(flow_logs.region, read_objects.region) as region,
  json_extract_scalar (configuration, '$.LogDestination') as log_destination,
  json_extract_scalar (configuration, '$.LogFormat') as log_format,
  substr(
    json_extract_scalar (configuration, '$.CreationTime'),
    1,
    10
  ) as created_on,
  coalesce(
    json_extract_scalar (configuration, '$.DestinationOptions.FileFormat'),
    'plain-text'
  ) as file_format,
  coalesce(
    json_extract_scalar (
      configuration,
      '$.DestinationOptions.HiveCompatiblePartitions'
    ),
    'false'
  ) = 'true' as is_hive_compatible,
  coalesce(
    json_extract_scalar (
      configuration,
      '$.DestinationOptions.PerHourPartition'
    ),
    'false'
  ) = 'true' as is_per_hour
from
  flow_logs
  left join read_objects on flow_logs.resource_id = read_objects.flow_log_id
order by
  resource_id,
  flow_logs.account_id,
  flow_logs.region
