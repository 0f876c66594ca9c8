-- title: What the six details of a flow depend on, each combination once
-- grain: one row a combination
-- parameters: none
-- source: traffic_key.sql says what the bits of detail_traits mean, and class_key.sql bit 4
with
  combinations as (
    select
      recorder_number,
      detail_traits,
      as_of_id,
      cast(0 as bigint) as event_user_count,
      cast(0 as bigint) as event_signature_count,
      cast(0 as bigint) as event_disposition_count,
      cast(0 as bigint) as event_client_count,
      null as event_confidence
    from
      class_verdict
    union
    select
      class_verdict.recorder_number,
      class_verdict.detail_traits,
      class_verdict.as_of_id,
      event_flow.event_user_count,
      event_flow.event_signature_count,
      event_flow.event_disposition_count,
      event_flow.event_client_count,
      event_flow.event_confidence
    from
      event_flow
      inner join class_verdict on event_flow.class_id = class_verdict.class_id
  ),
  recorders as (
    select
      recorder_number,
      min(flow_log_id) as flow_log_id,
      min(log_format) as log_format
    from
      day_object
    group by
      recorder_number
  ),
  traffic_types as (
    select
      flow_log_id,
      max_by(traffic_type, known_until) as traffic_type
    from
      flow_log
    group by
      flow_log_id
  ),
  as_of as (
    select distinct
      as_of_id,
      as_of_verdict,
      as_of_precision,
      as_of_reason
    from
      interface_period
  )
select
  row_number() over (
    order by
      combinations.recorder_number,
      combinations.detail_traits,
      combinations.as_of_id,
      combinations.event_user_count,
      combinations.event_signature_count,
      combinations.event_disposition_count,
      combinations.event_client_count,
      combinations.event_confidence
  ) as detail_id,
  combinations.*,
  recorders.log_format,
  traffic_types.traffic_type,
  -- Parquet writes the names with underscores; only records of transit gateways have such fields.
  strpos(
    ' ' || replace(coalesce(recorders.log_format, ''), '_', '-'),
    ' tgw-'
  ) > 0 as is_transit_gateway,
  bitwise_and (detail_traits, 2048) > 0 as has_start,
  bitwise_and (detail_traits, 4096) > 0 as has_end,
  bitwise_and (detail_traits, 3) > 0 as has_action,
  bitwise_and (detail_traits, 8192) > 0 as has_source,
  bitwise_and (detail_traits, 16384) > 0 as has_destination,
  bitwise_and (detail_traits, 32768) > 0 as has_source_port,
  bitwise_and (detail_traits, 65536) > 0 as has_destination_port,
  bitwise_and (detail_traits, 4) > 0 as has_protocol,
  bitwise_and (detail_traits, 131072) > 0 as has_vpc_id,
  bitwise_and (detail_traits, 262144) > 0 as has_instance_id,
  bitwise_and (detail_traits, 524288) > 0 as is_logon_service,
  bitwise_and (detail_traits, 1024) > 0 as is_client_relay,
  bitwise_and (detail_traits, 48) = 32 as is_response,
  case
    when bitwise_and (detail_traits, 48) = 0 then null
    when bitwise_and (detail_traits, 192) = 0 then 'tcp_flags'
    when bitwise_and (detail_traits, 192) = 64 then 'conversation'
    else 'ports'
  end as initiator_basis,
  as_of.as_of_verdict,
  as_of.as_of_precision,
  if (
    as_of.as_of_verdict = 'no_metadata'
    and bitwise_and (detail_traits, 6144) = 0,
    'the record has neither start nor end',
    as_of.as_of_reason
  ) as as_of_reason
from
  combinations
  inner join as_of on combinations.as_of_id = as_of.as_of_id
  left join recorders on combinations.recorder_number = recorders.recorder_number
  left join traffic_types on recorders.flow_log_id = traffic_types.flow_log_id
