-- title: The six details of PCI DSS v4.0.1 requirement 10.2.2, for each combination of what they depend on
-- grain: one row a combination (detail_id) and one of the six details
-- parameters: flow_date
-- source: PCI DSS v4.0.1 requirement 10.2.2; Amazon VPC User Guide, "Flow log records" and "Flow log limitations"; Amazon VPC
--   Transit Gateways, "Transit Gateway Flow Log records". No flow log of any version names a user or says what was done; its
--   action is the verdict of the network filters and of nothing else; a record of a transit gateway has no action. A flow log
--   of rejected or of accepted traffic alone cannot show success and failure. Records without traffic (NODATA, SKIPDATA) are
--   no flows. How it reads: `fields` says what each detail needs of the format, `verdicts` what each code means, and `judged`
--   gives each detail its code, the first that holds. Of the outcome, a filter's verdict is never more than partial. A user,
--   signature, disposition or client that an event names is supplied by it, never met by the flow log. A workload
--   (instance profile, tags, ECS task) is no user.
with
  subjects as (
    select
      *,
      -- Parquet writes the names with underscores.
      ' ' || replace(coalesce(log_format, ''), '_', '-') || ' ' as format,
      -- The side that opened it stands in the destination of a record that answers.
      if (is_response, has_destination, has_source) as has_client,
      if (
        is_response,
        has_destination_port,
        has_source_port
      ) as has_client_port
    from
      detail_subject
  ),
  -- What the format of a flow log must hold for each detail. Fields of version 3 and later make
  -- origination and the affected resource whole; those that are not needed add to the type of event.
  fields (
    element,
    field_number,
    field,
    is_needed,
    is_of_transit_gateway
  ) as (
    values
      ('event_type', 1, 'protocol', true, true),
      ('event_type', 2, 'dstport', true, true),
      ('event_type', 3, 'tcp-flags', false, true),
      ('event_type', 4, 'flow-direction', false, true),
      ('event_type', 5, 'traffic-path', false, false),
      ('event_time', 1, 'start', true, true),
      ('event_time', 2, 'end', true, true),
      ('outcome', 1, 'action', true, false),
      ('outcome', 2, 'log-status', true, false),
      ('outcome', 3, 'reject-reason', false, false),
      ('origination', 1, 'srcaddr', true, true),
      ('origination', 2, 'srcport', true, true),
      ('origination', 3, 'tcp-flags', true, true),
      ('origination', 4, 'pkt-srcaddr', true, false),
      ('origination', 5, 'flow-direction', true, true),
      (
        'affected_resource',
        1,
        'interface-id',
        true,
        false
      ),
      ('affected_resource', 2, 'dstaddr', true, true),
      ('affected_resource', 3, 'dstport', true, true),
      ('affected_resource', 4, 'protocol', true, true),
      ('affected_resource', 5, 'vpc-id', true, false),
      (
        'affected_resource',
        6,
        'instance-id',
        true,
        false
      ),
      (
        'affected_resource',
        7,
        'pkt-dstaddr',
        true,
        false
      ),
      (
        'affected_resource',
        8,
        'tgw-attachment-id',
        false,
        true
      )
  ),
  elements (element_position, element) as (
    values
      (1, 'user_identification'),
      (2, 'event_type'),
      (3, 'event_time'),
      (4, 'outcome'),
      (5, 'origination'),
      (6, 'affected_resource')
  ),
  -- The status, the words and the remedy of each code. {lacking} are needed fields that the format does
  -- not have, {empty} those that it has and the record leaves empty, {recorded} those that are there;
  -- {longer_format} is said where the format lacks some.
  verdicts (
    element,
    code,
    status,
    reason,
    supplied_by,
    remedy
  ) as (
    values
      (
        'user_identification',
        'SUPPLIED_BY_IPS_EVENT',
        'supplied',
        'an event of the host names the user',
        'IPS event: user name (match of {confidence} confidence)',
        null
      ),
      (
        'user_identification',
        'EVENT_USER_AMBIGUOUS',
        'missing',
        'events of several users match this flow',
        null,
        'Take the authentication log of the host, which gives address, port and time of each session.'
      ),
      (
        'user_identification',
        'FL_NO_USER',
        'missing',
        'no flow log of any version names a user',
        null,
        'No flow log of any format can name a user. Add host agent events that name one (log inspection) under ips_events; take the rest from CloudTrail, Session Manager, operating system and database audit logs.'
      ),
      (
        'event_type',
        'SUPPLIED_BY_IPS_EVENT',
        'supplied',
        'signature of the event',
        'IPS event: signature (match of {confidence} confidence)',
        null
      ),
      (
        'event_type',
        'FL_EVENT_TYPE_PARTIAL',
        'partial',
        'protocol and port say what kind of flow, not what was done',
        'flow log: {recorded}',
        'No flow log can say what was done. Add IPS events of the host under ips_events; take the rest from application, database and operating system logs.'
      ),
      (
        'event_type',
        'FL_FORMAT_MISSING_EVENT_TYPE',
        'missing',
        'the format lacks {lacking}',
        null,
        '{longer_format}'
      ),
      (
        'event_type',
        'FL_RECORD_MISSING_EVENT_TYPE',
        'missing',
        'the record leaves {empty} empty',
        null,
        'The format is complete; AWS gave no value. Take the logs of the host or application.'
      ),
      (
        'event_time',
        'FL_TIME_WITHIN_60_SECONDS',
        'met',
        'start and end, UTC, each within 60 seconds of the packets',
        'flow log: {recorded}',
        null
      ),
      (
        'event_time',
        'SUPPLIED_BY_IPS_EVENT',
        'supplied',
        'the time of the event, by the clock of its host; the record has only one of start and end',
        'IPS event: time (match of {confidence} confidence)',
        null
      ),
      (
        'event_time',
        'FL_ONE_TIME_ONLY',
        'partial',
        'only one of start and end is there',
        'flow log: {recorded}',
        '{longer_format} Where the record leaves it empty, take the logs of the host.'
      ),
      (
        'event_time',
        'FL_FORMAT_MISSING_EVENT_TIME',
        'missing',
        'the format lacks {lacking}',
        null,
        '{longer_format}'
      ),
      (
        'event_time',
        'FL_RECORD_MISSING_EVENT_TIME',
        'missing',
        'the record leaves start and end empty',
        null,
        '{longer_format} Where the record leaves them empty, take the logs of the host.'
      ),
      (
        'outcome',
        'SUPPLIED_BY_IPS_EVENT',
        'supplied',
        'what the agent did with it',
        'IPS event: disposition (match of {confidence} confidence)',
        null
      ),
      (
        'outcome',
        'FL_TGW_NO_OUTCOME',
        'missing',
        'a record of a transit gateway has no action; the packets that it lost come nearest',
        null,
        'No flow log of a transit gateway can say it. Turn on flow logs of the VPCs that it connects, which record the action.'
      ),
      (
        'outcome',
        'FL_FORMAT_MISSING_OUTCOME',
        'missing',
        'the format lacks action',
        null,
        '{longer_format}'
      ),
      (
        'outcome',
        'FL_RECORD_MISSING_OUTCOME',
        'missing',
        'the record leaves action empty',
        null,
        'The format is complete; AWS gave no value. Take the logs of the host or application.'
      ),
      (
        'outcome',
        'FL_TRAFFIC_TYPE_NOT_ALL',
        'partial',
        'the flow log records {traffic_type} traffic only, so one of success and failure',
        'flow log: {recorded}',
        '{longer_format} Its traffic type must be ALL.'
      ),
      (
        'outcome',
        'FL_TRAFFIC_TYPE_UNKNOWN',
        'partial',
        'no inventory says whether the flow log records accepted and rejected traffic or one of them',
        'flow log: {recorded}',
        '{longer_format} Add the flow logs to the inventory: aws ec2 describe-flow-logs. Its traffic type must be ALL.'
      ),
      (
        'outcome',
        'FL_NO_LOG_STATUS',
        'partial',
        'accepted or rejected by the network filters; without log-status, lost records leave no trace',
        'flow log: {recorded}',
        '{longer_format}'
      ),
      (
        'outcome',
        'FL_FILTER_VERDICT_ONLY',
        'partial',
        'accepted or rejected by the network filters; not the outcome of what was tried',
        'flow log: {recorded}',
        'No flow log can say whether what was tried succeeded. Add IPS events of the host under ips_events; take the rest from application, database and operating system logs.'
      ),
      (
        'origination',
        'SUPPLIED_BY_IPS_EVENT',
        'supplied',
        'client named by a forwarding header',
        'IPS event: client address (match of {confidence} confidence)',
        null
      ),
      (
        'origination',
        'FL_FORMAT_MISSING_ORIGINATION',
        'missing',
        'the format lacks {lacking}, and with it the address of the side that opened it',
        null,
        '{longer_format}'
      ),
      (
        'origination',
        'FL_RECORD_MISSING_ORIGINATION',
        'missing',
        'the record has no address of the side that opened it',
        null,
        'AWS gave no value. Take the logs of the host or application.'
      ),
      (
        'origination',
        'FL_CLIENT_BEHIND_RELAY',
        'partial',
        'the client is a load balancer or NAT gateway; who was behind it is not recorded',
        'flow log: {recorded}',
        'No flow log can name the client behind a load balancer or NAT gateway. Turn on its access logs, or use events that carry the forwarding header.'
      ),
      (
        'origination',
        'FL_NO_SOURCE_PORT',
        'partial',
        'the port of the side that opened it is not recorded',
        'flow log: {recorded}',
        '{longer_format} Where the record leaves it empty, take the logs of the host.'
      ),
      (
        'origination',
        'FL_TGW_NO_PKT_ADDR',
        'partial',
        'no record of a transit gateway has the address before translation',
        'flow log: {recorded}',
        'No flow log of a transit gateway can say it. Turn on flow logs of the VPCs that it connects.'
      ),
      (
        'origination',
        'FL_NO_DIRECTION_OR_FLAGS',
        'partial',
        'the format cannot say who opened the connection, and which way: it lacks {lacking}',
        'flow log: {recorded}',
        '{longer_format}'
      ),
      (
        'origination',
        'FL_NO_PKT_ADDR',
        'partial',
        'the format cannot say the address before translation: it lacks {lacking}',
        'flow log: {recorded}',
        '{longer_format}'
      ),
      (
        'origination',
        'FL_ORIGIN_BY_FLAGS',
        'met',
        'address, port, and who opened it by the flags of the record',
        'flow log: {recorded}',
        null
      ),
      (
        'origination',
        'FL_ORIGIN_BY_CONVERSATION',
        'met',
        'address, port, and who opened it by the flags of other records of the connection',
        'flow log: {recorded}, and tcp-flags of other records of the connection',
        null
      ),
      (
        'origination',
        'FL_INITIATOR_INFERRED',
        'partial',
        'no flags say who opened it; inferred from the ports',
        'flow log: {recorded}',
        'The format is complete. Records without a SYN flag, such as the middle of a connection or UDP, never say who opened it; take the record of its start, or the log of the service.'
      ),
      (
        'origination',
        'FL_INITIATOR_UNKNOWN',
        'partial',
        'neither flags nor ports say who opened it',
        'flow log: {recorded}',
        'The format is complete. Records without a SYN flag, such as the middle of a connection, UDP or ICMP, never say who opened it; take the record of its start, or the log of the service.'
      ),
      (
        'affected_resource',
        'FL_FORMAT_MISSING_AFFECTED_RESOURCE',
        'missing',
        'the format lacks {lacking}, and with it the destination address',
        null,
        '{longer_format}'
      ),
      (
        'affected_resource',
        'FL_RECORD_MISSING_AFFECTED_RESOURCE',
        'missing',
        'the record leaves the destination address empty',
        null,
        'AWS gave no value. Take the logs of the host or application.'
      ),
      (
        'affected_resource',
        'FL_NO_SERVICE',
        'partial',
        'protocol or destination port is not recorded, so the service is not named',
        'flow log: {recorded}',
        '{longer_format} Where the record leaves it empty, take the logs of the host.'
      ),
      (
        'affected_resource',
        'FL_TGW_NO_INTERFACE',
        'partial',
        'a record of a transit gateway is of an attachment, not of an interface',
        'flow log: {recorded}',
        'Turn on flow logs of the VPCs that it connects, which record the interface.'
      ),
      (
        'affected_resource',
        'META_AMBIGUOUS_AS_OF',
        'partial',
        '{as_of_reason}',
        'metadata: inventory, each state that may have held; flow log: {recorded}',
        'Take inventory snapshots more often, so that one covers the interface before and after the flow: aws ec2 describe-network-interfaces, or AWS Config.'
      ),
      (
        'affected_resource',
        'FL_COMPONENT_NOT_DATA',
        'met',
        'the component is named; which data was touched is not',
        'flow log: {recorded}',
        null
      ),
      (
        'affected_resource',
        'SUPPLIED_BY_INVENTORY',
        'supplied',
        'interface, instance and groups as of the time; which data was touched is not',
        'metadata: inventory ({as_of_precision})',
        null
      ),
      (
        'affected_resource',
        'META_UNRESOLVED_ENI',
        'partial',
        '{as_of_reason}',
        'flow log: {recorded}',
        '{longer_format} Take inventory snapshots more often, so that one covers the interface before and after the flow: aws ec2 describe-network-interfaces, or AWS Config.'
      )
  ),
  -- A field of the format that has no value in the record counts as empty, where that was looked at.
  placed_fields as (
    select
      subjects.detail_id,
      fields.element,
      fields.field_number,
      fields.field,
      fields.is_needed,
      if (
        fields.element = 'origination'
        and subjects.is_response,
        replace(fields.field, 'src', 'dst'),
        fields.field
      ) as recorded_field
    from
      subjects
      inner join fields on fields.is_of_transit_gateway
      or subjects.is_transit_gateway is not true
  ),
  found_fields as (
    select
      placed_fields.detail_id,
      placed_fields.element,
      placed_fields.field_number,
      placed_fields.field,
      placed_fields.recorded_field,
      placed_fields.is_needed,
      strpos(
        subjects.format,
        ' ' || placed_fields.field || ' '
      ) > 0 as is_in_format,
      strpos(
        subjects.format,
        ' ' || placed_fields.recorded_field || ' '
      ) > 0
      and case placed_fields.recorded_field
        when 'protocol' then subjects.has_protocol
        when 'srcport' then subjects.has_source_port
        when 'dstport' then subjects.has_destination_port
        when 'start' then subjects.has_start
        when 'end' then subjects.has_end
        when 'action' then subjects.has_action
        when 'srcaddr' then subjects.has_source
        when 'dstaddr' then subjects.has_destination
        when 'vpc-id' then subjects.has_vpc_id
        when 'instance-id' then subjects.has_instance_id
        else true
      end as is_recorded
    from
      placed_fields
      inner join subjects on placed_fields.detail_id = subjects.detail_id
  ),
  named_fields as (
    select
      detail_id,
      element,
      array_join (
        array_agg(
          field
          order by
            field_number
        ) filter(
          where
            is_needed
            and not is_in_format
        ),
        ', '
      ) as lacking,
      array_join (
        array_agg(
          field
          order by
            field_number
        ) filter(
          where
            is_needed
            and is_in_format
            and not is_recorded
        ),
        ', '
      ) as left_empty,
      array_join (
        array_agg(
          recorded_field
          order by
            field_number
        ) filter(
          where
            is_recorded
        ),
        ', '
      ) as recorded
    from
      found_fields
    group by
      detail_id,
      element
  ),
  judged as (
    select
      detail_id,
      'user_identification' as element,
      case
        when event_user_count = 1 then 'SUPPLIED_BY_IPS_EVENT'
        when event_user_count > 1 then 'EVENT_USER_AMBIGUOUS'
        else 'FL_NO_USER'
      end as code
    from
      subjects
    union all
    select
      detail_id,
      'event_type' as element,
      case
        when event_signature_count > 0 then 'SUPPLIED_BY_IPS_EVENT'
        when has_protocol
        and has_destination_port then 'FL_EVENT_TYPE_PARTIAL'
        when strpos(format, ' protocol ') = 0
        or strpos(format, ' dstport ') = 0 then 'FL_FORMAT_MISSING_EVENT_TYPE'
        else 'FL_RECORD_MISSING_EVENT_TYPE'
      end as code
    from
      subjects
    union all
    select
      detail_id,
      'event_time' as element,
      case
        when has_start
        and has_end then 'FL_TIME_WITHIN_60_SECONDS'
        when (
          has_start
          or has_end
        )
        and event_confidence is not null then 'SUPPLIED_BY_IPS_EVENT'
        when has_start
        or has_end then 'FL_ONE_TIME_ONLY'
        when strpos(format, ' start ') = 0
        and strpos(format, ' end ') = 0 then 'FL_FORMAT_MISSING_EVENT_TIME'
        else 'FL_RECORD_MISSING_EVENT_TIME'
      end as code
    from
      subjects
    union all
    select
      detail_id,
      'outcome' as element,
      case
        when event_disposition_count > 0 then 'SUPPLIED_BY_IPS_EVENT'
        when is_transit_gateway then 'FL_TGW_NO_OUTCOME'
        when not has_action
        and strpos(format, ' action ') = 0 then 'FL_FORMAT_MISSING_OUTCOME'
        when not has_action then 'FL_RECORD_MISSING_OUTCOME'
        when traffic_type is null then 'FL_TRAFFIC_TYPE_UNKNOWN'
        when traffic_type <> 'ALL' then 'FL_TRAFFIC_TYPE_NOT_ALL'
        when strpos(format, ' log-status ') = 0 then 'FL_NO_LOG_STATUS'
        else 'FL_FILTER_VERDICT_ONLY'
      end as code
    from
      subjects
    union all
    select
      detail_id,
      'origination' as element,
      case
        when event_client_count > 0 then 'SUPPLIED_BY_IPS_EVENT'
        when not has_client
        and strpos(format, ' srcaddr ') = 0 then 'FL_FORMAT_MISSING_ORIGINATION'
        when not has_client then 'FL_RECORD_MISSING_ORIGINATION'
        when is_client_relay then 'FL_CLIENT_BEHIND_RELAY'
        when not has_client_port then 'FL_NO_SOURCE_PORT'
        when is_transit_gateway then 'FL_TGW_NO_PKT_ADDR'
        when strpos(format, ' tcp-flags ') = 0 then 'FL_NO_DIRECTION_OR_FLAGS'
        when strpos(format, ' pkt-srcaddr ') = 0 then 'FL_NO_PKT_ADDR'
        when strpos(format, ' flow-direction ') = 0 then 'FL_NO_DIRECTION_OR_FLAGS'
        when initiator_basis = 'tcp_flags' then 'FL_ORIGIN_BY_FLAGS'
        when initiator_basis = 'conversation' then 'FL_ORIGIN_BY_CONVERSATION'
        when initiator_basis = 'ports' then 'FL_INITIATOR_INFERRED'
        else 'FL_INITIATOR_UNKNOWN'
      end as code
    from
      subjects
    union all
    select
      detail_id,
      'affected_resource' as element,
      case
        when not has_destination
        and strpos(format, ' dstaddr ') = 0 then 'FL_FORMAT_MISSING_AFFECTED_RESOURCE'
        when not has_destination then 'FL_RECORD_MISSING_AFFECTED_RESOURCE'
        when not has_protocol
        or not has_destination_port then 'FL_NO_SERVICE'
        when is_transit_gateway then 'FL_TGW_NO_INTERFACE'
        when as_of_verdict = 'ambiguous' then 'META_AMBIGUOUS_AS_OF'
        when strpos(format, ' pkt-dstaddr ') > 0
        and has_vpc_id
        and has_instance_id then 'FL_COMPONENT_NOT_DATA'
        when as_of_verdict = 'exact' then 'SUPPLIED_BY_INVENTORY'
        else 'META_UNRESOLVED_ENI'
      end as code
    from
      subjects
  ),
  worded as (
    select
      judged.detail_id,
      elements.element_position,
      judged.element,
      verdicts.status,
      judged.code,
      replace(
        replace(
          replace(
            replace(
              verdicts.reason,
              '{lacking}',
              coalesce(named_fields.lacking, '')
            ),
            '{empty}',
            coalesce(named_fields.left_empty, '')
          ),
          '{traffic_type}',
          coalesce(subjects.traffic_type, '')
        ),
        '{as_of_reason}',
        coalesce(
          subjects.as_of_reason,
          'the interface is not resolved'
        )
      ) as reason,
      replace(
        replace(
          replace(
            verdicts.supplied_by,
            '{recorded}',
            coalesce(named_fields.recorded, 'no field')
          ),
          '{confidence}',
          coalesce(subjects.event_confidence, 'unknown')
        ),
        '{as_of_precision}',
        coalesce(subjects.as_of_precision, 'as of the time')
      ) as supplied_by,
      nullif(
        trim(
          replace(
            verdicts.remedy,
            '{longer_format}',
            coalesce(
              'The format lacks ' || named_fields.lacking || '. A flow log cannot be edited: create one that records it, and then delete this one.',
              ''
            )
          )
        ),
        ''
      ) as remedy,
      -- A flow log of a VPC, subnet or interface; log_detail_by_source gives the command that creates it.
      judged.code in (
        'FL_TRAFFIC_TYPE_NOT_ALL',
        'FL_TGW_NO_OUTCOME',
        'FL_TGW_NO_PKT_ADDR',
        'FL_TGW_NO_INTERFACE'
      )
      or (
        strpos(verdicts.remedy, '{longer_format}') > 0
        and named_fields.lacking is not null
        and subjects.is_transit_gateway is not true
      ) as needs_flow_log
    from
      judged
      inner join subjects on judged.detail_id = subjects.detail_id
      inner join elements on judged.element = elements.element
      inner join verdicts on judged.element = verdicts.element
      and judged.code = verdicts.code
      left join named_fields on judged.detail_id = named_fields.detail_id
      and judged.element = named_fields.element
  )
select
  detail_id,
  element_position,
  element,
  status,
  code,
  reason,
  supplied_by,
  remedy,
  needs_flow_log is true as needs_flow_log,
  cast($flow_date as date) as flow_date
from
  worded
order by
  detail_id,
  element_position
