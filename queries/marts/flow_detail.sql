-- title: The six details of PCI DSS v4.0.1 requirement 10.2.2, for each flow
-- grain: one row a flow
-- parameters: none
-- source: PCI DSS v4.0.1 requirement 10.2.2; Amazon VPC User Guide, "Flow log records". No flow log of any
--   version names a user; its action is the verdict of the network filters and of nothing else.
with
  flows as (
    select
      *,
      split(coalesce(log_format, ''), ' ') as fields
    from
      flow_enriched
  ),
  -- An event without ports concerns a flow between the same hosts only where there are no ports, or where
  -- the flow is to a service that people log on to: SSH, Telnet, RDP, WinRM.
  usable_events as (
    select
      flow_event.flow_id,
      flow_event.event_id,
      flow_event.user_name,
      flow_event.disposition
    from
      flow_event
      inner join flows on flow_event.flow_id = flows.flow_id
    where
      flow_event.confidence <> 'low'
      or flows.protocol in (1, 58)
      or flows.service_port in (22, 23, 3389, 5985, 5986)
  ),
  events as (
    select
      usable_events.flow_id,
      count(distinct usable_events.user_name) as user_count,
      count(*) filter(
        where
          event_subject.signature_id is not null
      ) as signature_count,
      count(*) filter(
        where
          usable_events.disposition in ('blocked', 'detected', 'allowed')
      ) as disposition_count,
      count(event_subject.client_address) as client_count
    from
      usable_events
      inner join event_subject on usable_events.event_id = event_subject.event_id
    group by
      usable_events.flow_id
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
  -- Interfaces behind which the true client is lost.
  relays as (
    select distinct
      address.address
    from
      interface_context
      cross join unnest(addresses) as address (address)
    where
      owner_kind in (
        'application_load_balancer',
        'classic_load_balancer',
        'network_load_balancer',
        'nat_gateway'
      )
  ),
  judged as (
    select
      flows.*,
      case
        when events.user_count = 1 then 'supplied'
        else 'missing'
      end as user_identification,
      case
        when events.user_count = 1 then 'SUPPLIED_BY_IPS_EVENT: an event of the host names the user'
        when events.user_count > 1 then 'EVENT_USER_AMBIGUOUS: events of several users match this flow'
        else 'FL_NO_USER: no flow log of any version names a user'
      end as user_identification_reason,
      case
        when events.signature_count > 0 then 'supplied'
        when contains(fields, 'protocol')
        and contains(fields, 'dstport') then 'partial'
        else 'missing'
      end as event_type,
      case
        when events.signature_count > 0 then 'SUPPLIED_BY_IPS_EVENT: signature of the event'
        when contains(fields, 'protocol')
        and contains(fields, 'dstport') then 'FL_EVENT_TYPE_PARTIAL: protocol and port say what kind of flow, not what was done'
        else 'FL_FORMAT_MISSING_EVENT_TYPE: the format lacks protocol or dstport'
      end as event_type_reason,
      case
        when start_at is not null
        and end_at is not null then 'met'
        when start_at is not null
        or end_at is not null then 'partial'
        else 'missing'
      end as event_time,
      case
        when start_at is not null
        and end_at is not null then 'FL_TIME_WITHIN_60_SECONDS: start and end, UTC'
        when start_at is not null
        or end_at is not null then 'FL_FORMAT_MISSING_EVENT_TIME: only one of start and end is there'
        else 'FL_FORMAT_MISSING_EVENT_TIME: neither start nor end is there'
      end as event_time_reason,
      case
        when events.disposition_count > 0 then 'supplied'
        when action is null then 'missing'
        else 'partial'
      end as outcome,
      case
        when events.disposition_count > 0 then 'SUPPLIED_BY_IPS_EVENT: what the agent did with it'
        when action is null then 'FL_FORMAT_MISSING_OUTCOME: the record has no action'
        when traffic_types.traffic_type <> 'ALL' then 'FL_TRAFFIC_TYPE_NOT_ALL: the flow log records only one of success and failure'
        else 'FL_FILTER_VERDICT_ONLY: accepted or rejected by the network filters; not the outcome of what was tried'
      end as outcome_reason,
      case
        when events.client_count > 0 then 'supplied'
        when source_address is null then 'missing'
        when relays.address is not null then 'partial'
        when contains(fields, 'pkt-srcaddr')
        and contains(fields, 'srcport')
        and initiator_basis = 'tcp_flags' then 'met'
        else 'partial'
      end as origination,
      case
        when events.client_count > 0 then 'SUPPLIED_BY_IPS_EVENT: client named by a forwarding header'
        when source_address is null then 'FL_FORMAT_MISSING_ORIGINATION: the record has no source address'
        when relays.address is not null then 'FL_CLIENT_BEHIND_RELAY: the client is a load balancer or NAT gateway; who was behind it is not recorded'
        when not contains(fields, 'tcp-flags') then 'FL_NO_DIRECTION_OR_FLAGS: the format cannot say who opened the connection'
        when not contains(fields, 'pkt-srcaddr') then 'FL_NO_PKT_ADDR: the format cannot say the address before translation'
        when not contains(fields, 'srcport') then 'FL_FORMAT_MISSING_ORIGINATION: the format lacks srcport'
        when initiator_basis = 'tcp_flags' then 'FL_ORIGIN_BY_FLAGS: address, port and who opened it'
        else 'FL_INITIATOR_INFERRED: the record has no flags that say who opened it'
      end as origination_reason,
      case
        when destination_address is null then 'missing'
        when as_of_verdict = 'ambiguous' then 'partial'
        when contains(fields, 'pkt-dstaddr')
        and vpc_id is not null
        and instance_id is not null then 'met'
        when as_of_verdict = 'exact' then 'supplied'
        else 'partial'
      end as affected_resource,
      case
        when destination_address is null then 'FL_FORMAT_MISSING_AFFECTED_RESOURCE: the record has no destination address'
        when as_of_verdict = 'ambiguous' then 'META_AMBIGUOUS_AS_OF: ' || as_of_reason
        when contains(fields, 'pkt-dstaddr')
        and vpc_id is not null
        and instance_id is not null then 'FL_COMPONENT_NOT_DATA: the component is named; which data was touched is not'
        when as_of_verdict = 'exact' then 'SUPPLIED_BY_INVENTORY: interface, instance and groups as of the time; which data was touched is not'
        else 'META_UNRESOLVED_ENI: ' || coalesce(as_of_reason, 'the interface is not resolved')
      end as affected_resource_reason
    from
      flows
      left join events on flows.flow_id = events.flow_id
      left join traffic_types on flows.flow_log_id = traffic_types.flow_log_id
      left join relays on flows.client_address = relays.address
  )
select
  flow_id,
  source,
  flow_log_id,
  log_format,
  interface_id,
  network_interface_id,
  resource_instance_id,
  instance_name,
  owner_kind,
  resource_vpc_id,
  scope_name,
  start_at,
  end_at,
  user_identification,
  user_identification_reason,
  event_type,
  event_type_reason,
  event_time,
  event_time_reason,
  outcome,
  outcome_reason,
  origination,
  origination_reason,
  affected_resource,
  affected_resource_reason,
  flow_date
from
  judged
order by
  object_id,
  line_number
