-- title: What the six details depend on, for the best record that the format of each flow log can hold
-- grain: one row a flow log that is there now
-- parameters: none
-- source: the columns are those that queries/marts/detail.sql reads: a record with a value for each field of the format, that
--   opens a connection, without inventory and without an event
with
  flow_logs as (
    select
      flow_log_id,
      account_id,
      region,
      log_format,
      traffic_type,
      ' ' || replace(log_format, '_', '-') || ' ' as format
    from
      flow_log
    where
      valid_to is null
      and log_format <> ''
  )
select
  row_number() over (
    order by
      flow_log_id,
      account_id,
      region,
      log_format
  ) as detail_id,
  flow_log_id,
  account_id,
  region,
  log_format,
  traffic_type,
  strpos(format, ' tgw-') > 0 as is_transit_gateway,
  strpos(format, ' start ') > 0 as has_start,
  strpos(format, ' end ') > 0 as has_end,
  strpos(format, ' action ') > 0 as has_action,
  strpos(format, ' srcaddr ') > 0 as has_source,
  strpos(format, ' dstaddr ') > 0 as has_destination,
  strpos(format, ' srcport ') > 0 as has_source_port,
  strpos(format, ' dstport ') > 0 as has_destination_port,
  strpos(format, ' protocol ') > 0 as has_protocol,
  strpos(format, ' vpc-id ') > 0 as has_vpc_id,
  strpos(format, ' instance-id ') > 0 as has_instance_id,
  false as is_logon_service,
  false as is_client_relay,
  false as is_response,
  'tcp_flags' as initiator_basis,
  0 as event_user_count,
  0 as event_signature_count,
  0 as event_disposition_count,
  0 as event_client_count,
  cast(null as varchar) as event_confidence,
  'no_metadata' as as_of_verdict,
  cast(null as varchar) as as_of_precision,
  'the format alone does not say which resource it is; an inventory of the time can' as as_of_reason
from
  flow_logs
order by
  detail_id
