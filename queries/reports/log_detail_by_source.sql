-- title: Details that each source records
-- question: Which of the six details of an audit record does each source of flow logs hold, and what would supply the rest?
-- requirements: 10.2.2
-- parameters: period_start, period_end
-- rows: summary
-- needs: flows
-- grain: one row a source, flow log and format, and one of the six details
-- limits: A flow record supports an audit trail; it is none of the events that 10.2.1.1 to 10.2.1.7 name. No flow log of
--   any version names a user. Records without a time count by their date. A flow that two flow logs recorded counts once,
--   with the richer format; copy_count says how many records of the source count elsewhere. A flow log of the inventory without records may have delivered to a place that was not read.
-- source: PCI DSS v4.0.1 requirement 10.2.2; Amazon VPC User Guide, "Flow log records"
with
  combinations as (
    select
      source,
      flow_log_id,
      log_format,
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
      count(*) as flow_count
    from
      flow_detail
    where
      flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date <= cast(cast($period_end as timestamp) as date)
      and coalesce(start_at, end_at, cast(flow_date as timestamp)) >= cast($period_start as timestamp)
      and coalesce(start_at, end_at, cast(flow_date as timestamp)) < cast($period_end as timestamp)
    group by
      source,
      flow_log_id,
      log_format,
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
      affected_resource_reason
  ),
  -- Records that another flow log's record stands for: their flows count there.
  copies as (
    select
      source,
      flow_log_id,
      log_format,
      min(coalesce(kept_flow_log_id, kept_source)) as kept_flow_log,
      count(distinct flow_id) as copy_count
    from
      flow_copy
    where
      flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date <= cast(cast($period_end as timestamp) as date)
      and coalesce(start_at, end_at, cast(flow_date as timestamp)) >= cast($period_start as timestamp)
      and coalesce(start_at, end_at, cast(flow_date as timestamp)) < cast($period_end as timestamp)
    group by
      source,
      flow_log_id,
      log_format
  ),
  -- A flow log cannot be edited, so it had its format since it was created.
  configured_flow_logs as (
    select
      flow_log_id,
      max_by(resource_id, valid_from) as resource_id,
      max_by(log_format, valid_from) as log_format,
      max_by(log_destination_type, valid_from) as log_destination_type,
      max_by(log_destination, valid_from) as log_destination,
      max_by(log_group_name, valid_from) as log_group_name
    from
      flow_log
    where
      coalesce(created_at, valid_from) < cast($period_end as timestamp)
      and (
        valid_to is null
        or valid_to > cast($period_start as timestamp)
      )
    group by
      flow_log_id
  ),
  elements (element_number, element) as (
    values
      (1, 'user_identification'),
      (2, 'event_type'),
      (3, 'event_time'),
      (4, 'outcome'),
      (5, 'origination'),
      (6, 'affected_resource')
  ),
  needed_fields (element, field_number, field) as (
    values
      ('event_type', 1, 'dstport'),
      ('event_type', 2, 'protocol'),
      ('event_time', 1, 'start'),
      ('event_time', 2, 'end'),
      ('outcome', 1, 'action'),
      ('outcome', 2, 'log-status'),
      ('origination', 1, 'srcaddr'),
      ('origination', 2, 'srcport'),
      ('origination', 3, 'tcp-flags'),
      ('origination', 4, 'pkt-srcaddr'),
      ('origination', 5, 'flow-direction'),
      ('affected_resource', 1, 'interface-id'),
      ('affected_resource', 2, 'dstaddr'),
      ('affected_resource', 3, 'dstport'),
      ('affected_resource', 4, 'protocol'),
      ('affected_resource', 5, 'vpc-id'),
      ('affected_resource', 6, 'instance-id'),
      ('affected_resource', 7, 'pkt-dstaddr')
  ),
  reasons as (
    select
      combinations.source,
      combinations.flow_log_id,
      combinations.log_format,
      elements.element_number,
      elements.element,
      case elements.element
        when 'user_identification' then user_identification
        when 'event_type' then event_type
        when 'event_time' then event_time
        when 'outcome' then outcome
        when 'origination' then origination
        else affected_resource
      end as verdict,
      case elements.element
        when 'user_identification' then user_identification_reason
        when 'event_type' then event_type_reason
        when 'event_time' then event_time_reason
        when 'outcome' then outcome_reason
        when 'origination' then origination_reason
        else affected_resource_reason
      end as reason,
      flow_count
    from
      combinations
      cross join elements
  ),
  -- The reason that stands for the others: of the flows that are short of the detail, the most frequent.
  ranked_reasons as (
    select
      source,
      flow_log_id,
      log_format,
      element_number,
      element,
      coalesce(reason, 'FL_FORMAT_MISSING_' || upper(element)) as reason,
      sum(sum(if (verdict = 'met', flow_count, 0))) over element_of_source as met_count,
      sum(sum(if (verdict = 'partial', flow_count, 0))) over element_of_source as partial_count,
      sum(sum(if (verdict = 'supplied', flow_count, 0))) over element_of_source as supplied_count,
      sum(sum(if (verdict = 'missing', flow_count, 0))) over element_of_source as missing_count,
      row_number() over (
        partition by
          source,
          flow_log_id,
          log_format,
          element
        order by
          if (verdict in ('partial', 'missing'), 0, 1),
          sum(flow_count) desc,
          reason
      ) as reason_rank
    from
      reasons
    group by
      source,
      flow_log_id,
      log_format,
      element_number,
      element,
      verdict,
      reason
    window
      element_of_source as (
        partition by
          source,
          flow_log_id,
          log_format,
          element
      )
  ),
  recorded as (
    select
      source,
      flow_log_id,
      log_format,
      element_number,
      element,
      met_count,
      partial_count,
      supplied_count,
      missing_count,
      reason
    from
      ranked_reasons
    where
      reason_rank = 1
  ),
  silent as (
    select
      cast(null as varchar) as source,
      configured_flow_logs.flow_log_id,
      configured_flow_logs.log_format,
      elements.element_number,
      elements.element,
      0 as met_count,
      0 as partial_count,
      0 as supplied_count,
      0 as missing_count,
      if (
        elements.element = 'user_identification',
        'FL_NO_USER: no flow log of any version names a user',
        'FL_SILENT_FLOW_LOG: no record that is known to be of this flow log was read'
      ) as reason
    from
      configured_flow_logs
      cross join elements
    where
      configured_flow_logs.flow_log_id not in (
        select
          flow_log_id
        from
          combinations
        where
          flow_log_id is not null
      )
      and configured_flow_logs.flow_log_id not in (
        select
          flow_log_id
        from
          copies
        where
          flow_log_id is not null
      )
  ),
  only_copies as (
    select
      copies.source,
      copies.flow_log_id,
      copies.log_format,
      elements.element_number,
      elements.element,
      0 as met_count,
      0 as partial_count,
      0 as supplied_count,
      0 as missing_count,
      if (
        elements.element = 'user_identification',
        'FL_NO_USER: no flow log of any version names a user',
        'FL_ONLY_COPIES: each of its ' || cast(copies.copy_count as varchar) || ' records is a copy of what ' || copies.kept_flow_log || ' recorded with as many fields or more; the details of these flows are judged there'
      ) as reason
    from
      copies
      cross join elements
    where
      not exists (
        select
          1
        from
          combinations
        where
          combinations.source is not distinct from copies.source
          and combinations.flow_log_id is not distinct from copies.flow_log_id
          and combinations.log_format is not distinct from copies.log_format
      )
  ),
  listed as (
    select
      *
    from
      recorded
    union all
    select
      *
    from
      silent
    union all
    select
      *
    from
      only_copies
  ),
  missing_fields as (
    select
      formats.log_format,
      needed_fields.element,
      array_join (
        array_agg(
          needed_fields.field
          order by
            needed_fields.field_number
        ),
        ', '
      ) as fields
    from
      (
        select distinct
          coalesce(log_format, '') as log_format
        from
          listed
      ) as formats
      cross join needed_fields
    where
      strpos(
        ' ' || replace(formats.log_format, '_', '-') || ' ',
        ' ' || needed_fields.field || ' '
      ) = 0
    group by
      formats.log_format,
      needed_fields.element
  ),
  judged as (
    select
      listed.*,
      met_count + partial_count + supplied_count + missing_count as flow_count,
      if (
        strpos(reason, ':') > 0,
        split_part(reason, ':', 1),
        reason
      ) as reason_code,
      trim(substr(reason, strpos(reason, ':') + 1)) as reason_text,
      missing_fields.fields as missing_fields,
      coalesce(copies.copy_count, 0) as copy_count,
      case
        when met_count + partial_count + supplied_count + missing_count = 0
        and listed.element = 'user_identification' then 'out_of_reach'
        when met_count + partial_count + supplied_count + missing_count = 0 then if (
          copies.copy_count is null,
          'not_evidenced',
          'partial'
        )
        when partial_count + missing_count = 0 then 'supports'
        when listed.element = 'user_identification'
        and supplied_count = 0
        and partial_count = 0
        and met_count = 0 then 'out_of_reach'
        when met_count + partial_count + supplied_count = 0 then 'not_evidenced'
        else 'partial'
      end as status,
      create_flow_log_command (
        configured_flow_logs.resource_id,
        configured_flow_logs.log_destination_type,
        configured_flow_logs.log_destination,
        configured_flow_logs.log_group_name
      ) as create_command
    from
      listed
      left join missing_fields on coalesce(listed.log_format, '') = missing_fields.log_format
      and listed.element = missing_fields.element
      left join configured_flow_logs on listed.flow_log_id = configured_flow_logs.flow_log_id
      left join copies on listed.source is not distinct from copies.source
      and listed.flow_log_id is not distinct from copies.flow_log_id
      and listed.log_format is not distinct from copies.log_format
  )
select
  source,
  flow_log_id,
  log_format,
  element,
  cast(met_count as bigint) as met_count,
  cast(partial_count as bigint) as partial_count,
  cast(supplied_count as bigint) as supplied_count,
  cast(missing_count as bigint) as missing_count,
  cast(copy_count as bigint) as copy_count,
  status,
  if (status = 'supports', null, reason_code) as gap_code,
  case
    when reason_code = 'FL_ONLY_COPIES' then 'In the period, ' || reason_text || '.'
    when flow_count = 0 then reason_text || ' in the period.'
    when status = 'supports' then 'All ' || cast(flow_count as varchar) || ' flows have it: ' || reason_text || '.'
    else cast(partial_count + missing_count as varchar) || ' of ' || cast(flow_count as varchar) || ' flows are short of it, most often: ' || reason_text || '.'
  end as why,
  case
    when status = 'supports' then null
    when element = 'user_identification' then 'No flow log of any format can name a user. Add host agent events that name one (log inspection) under ips_events; take the rest from CloudTrail, Session Manager, operating system and database audit logs.'
    when reason_code = 'FL_ONLY_COPIES' then 'Nothing is lost if it goes: aws ec2 delete-flow-logs, once no other interface or reader needs it. Or give it the fields that the other lacks.'
    when reason_code = 'FL_SILENT_FLOW_LOG' then 'Add its destination under flow_logs, or repair its delivery (see coverage_gaps); if it is no longer wanted: aws ec2 delete-flow-logs --flow-log-ids ' || flow_log_id
    when missing_fields is not null
    or reason_code = 'FL_TRAFFIC_TYPE_NOT_ALL' then coalesce('The format lacks ' || missing_fields || '. ', '') || 'A flow log cannot be edited; create one that records it: ' || create_command || coalesce(
      ' and then: aws ec2 delete-flow-logs --flow-log-ids ' || flow_log_id,
      ''
    )
    when reason_code like 'META_%' then 'Take inventory snapshots more often, so that one covers the interface before and after the flow: aws ec2 describe-network-interfaces, or AWS Config.'
    when reason_code = 'FL_CLIENT_BEHIND_RELAY' then 'No flow log can name the client behind a load balancer or NAT gateway. Turn on its access logs, or use events that carry the forwarding header.'
    when element = 'origination' then 'The format is complete. Records without a SYN flag, such as the middle of a connection, UDP or ICMP, never say who opened it; take the record of its start, or the log of the service.'
    when element = 'event_type' then 'No flow log can say what was done. Add IPS events of the host under ips_events; take the rest from application, database and operating system logs.'
    when element = 'outcome' then 'No flow log can say whether what was tried succeeded. Add IPS events of the host under ips_events; take the rest from application, database and operating system logs.'
    else 'No flow log can name the data that was touched. Take database audit logs, S3 data events or application logs.'
  end as remedy
from
  judged
order by
  source,
  flow_log_id,
  log_format,
  element_number
