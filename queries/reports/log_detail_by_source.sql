-- title: Details that each source records
-- question: Which of the six details of an audit record does each source of flow logs hold, and what would supply the rest?
-- requirements: 10.2.2
-- parameters: period_start, period_end
-- rows: summary
-- needs: flows
-- grain: one row a source, flow log and format, and one of the six details
-- limits: A flow record supports an audit trail; it is none of the events that 10.2.1.1 to 10.2.1.7 name. No flow log of
--   any version names a user. Periods are whole UTC days. Records without a time count by their date. A flow that two flow
--   logs recorded counts once, with the richer format; copy_count says how many records of the source count elsewhere. A
--   flow log of the inventory without records may have delivered to a place that was not read.
-- source: PCI DSS v4.0.1 requirement 10.2.2; Amazon VPC User Guide, "Flow log records"
with
  details as (
    select
      *
    from
      detail_day
    where
      flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date < cast(cast($period_end as timestamp) as date)
  ),
  -- Records that another flow log's record stands for: their flows count there.
  copies as (
    select
      source,
      flow_log_id,
      log_format,
      min(coalesce(kept_flow_log_id, kept_source)) as kept_flow_log,
      sum(copy_count) as copy_count
    from
      copy_day
    where
      flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date < cast(cast($period_end as timestamp) as date)
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
  elements (element_position, element) as (
    values
      (1, 'user_identification'),
      (2, 'event_type'),
      (3, 'event_time'),
      (4, 'outcome'),
      (5, 'origination'),
      (6, 'affected_resource')
  ),
  -- The reason that stands for the others: of the flows that are short of the detail, the most frequent.
  ranked_reasons as (
    select
      source,
      flow_log_id,
      log_format,
      element_position,
      element,
      code,
      reason,
      remedy,
      needs_flow_log,
      sum(sum(if (status = 'met', flow_count, 0))) over element_of_source as met_count,
      sum(sum(if (status = 'partial', flow_count, 0))) over element_of_source as partial_count,
      sum(sum(if (status = 'supplied', flow_count, 0))) over element_of_source as supplied_count,
      sum(sum(if (status = 'missing', flow_count, 0))) over element_of_source as missing_count,
      sum(flow_count) as reason_flow_count,
      row_number() over (
        partition by
          source,
          flow_log_id,
          log_format,
          element
        order by
          if (status in ('partial', 'missing'), 0, 1),
          sum(flow_count) desc,
          code,
          reason,
          remedy
      ) as reason_rank
    from
      details
    group by
      source,
      flow_log_id,
      log_format,
      element_position,
      element,
      status,
      code,
      reason,
      remedy,
      needs_flow_log
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
      element_position,
      element,
      met_count,
      partial_count,
      supplied_count,
      missing_count,
      code,
      reason,
      remedy,
      needs_flow_log,
      reason_flow_count
    from
      ranked_reasons
    where
      reason_rank = 1
  ),
  -- Flow logs of which no record counts: nothing was read of them, or all of it is a copy.
  uncounted as (
    select
      cast(null as varchar) as source,
      flow_log_id,
      log_format,
      'FL_SILENT_FLOW_LOG' as code,
      'no record that is known to be of this flow log was read' as reason,
      'Add its destination under flow_logs, or repair its delivery (see flow_log_configuration); if it is no longer wanted: aws ec2 delete-flow-logs --flow-log-ids ' || flow_log_id as remedy
    from
      configured_flow_logs
    where
      not exists (
        select
          1
        from
          details
        where
          details.flow_log_id = configured_flow_logs.flow_log_id
      )
      and not exists (
        select
          1
        from
          copies
        where
          copies.flow_log_id = configured_flow_logs.flow_log_id
      )
    union all
    select
      source,
      flow_log_id,
      log_format,
      'FL_ONLY_COPIES' as code,
      'each of its ' || cast(copy_count as varchar) || ' records is a copy of what ' || kept_flow_log || ' recorded with as many fields or more; the details of these flows are judged there' as reason,
      'Nothing is lost if it goes: aws ec2 delete-flow-logs, once no other interface or reader needs it. Or give it the fields that the other lacks.' as remedy
    from
      copies
    where
      not exists (
        select
          1
        from
          details
        where
          details.source is not distinct from copies.source
          and details.flow_log_id is not distinct from copies.flow_log_id
          and details.log_format is not distinct from copies.log_format
      )
  ),
  listed as (
    select
      *
    from
      recorded
    union all
    select
      uncounted.source,
      uncounted.flow_log_id,
      uncounted.log_format,
      elements.element_position,
      elements.element,
      0 as met_count,
      0 as partial_count,
      0 as supplied_count,
      0 as missing_count,
      if (
        elements.element = 'user_identification',
        'FL_NO_USER',
        uncounted.code
      ) as code,
      if (
        elements.element = 'user_identification',
        'no flow log of any version names a user',
        uncounted.reason
      ) as reason,
      if (
        elements.element = 'user_identification',
        'No flow log of any format can name a user. Take it from CloudTrail, Session Manager, operating system and database audit logs.',
        uncounted.remedy
      ) as remedy,
      false as needs_flow_log,
      0 as reason_flow_count
    from
      uncounted
      cross join elements
  ),
  judged as (
    select
      listed.*,
      met_count + partial_count + supplied_count + missing_count as flow_count,
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
      -- The command makes a flow log of a VPC, a subnet or an interface, which replaces none of a transit gateway.
      create_flow_log_command (
        configured_flow_logs.resource_id,
        configured_flow_logs.log_destination_type,
        configured_flow_logs.log_destination,
        configured_flow_logs.log_group_name
      ) || if (
        listed.code like 'FL_TGW_%',
        '',
        coalesce(
          ' and then: aws ec2 delete-flow-logs --flow-log-ids ' || listed.flow_log_id,
          ''
        )
      ) as create_command
    from
      listed
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
  if (status = 'supports', null, code) as gap_code,
  case
    when code = 'FL_ONLY_COPIES' then 'In the period, ' || reason || '.'
    when flow_count = 0 then reason || ' in the period.'
    when status = 'supports' then 'All ' || cast(flow_count as varchar) || ' flows have it' || if (
      reason_flow_count < flow_count,
      ', most often: ',
      ': '
    ) || reason || '.'
    else cast(partial_count + missing_count as varchar) || ' of ' || cast(flow_count as varchar) || ' flows are short of it, most often: ' || reason || '.'
  end as why,
  if (
    status = 'supports',
    null,
    remedy || if (
      needs_flow_log,
      ' The command: ' || create_command,
      ''
    )
  ) as remedy
from
  judged
order by
  source,
  flow_log_id,
  log_format,
  element_position
