-- title: Audit events that flow logs cannot record
-- question: Of each kind of event that audit logs must capture, what do flow logs and their companions show, and which source records it?
-- requirements: 10.2.1.1, 10.2.1.2, 10.2.1.4, 10.2.1.5, 10.2.1.7
-- parameters: period_start, period_end
-- rows: summary
-- needs: none
-- grain: one row a requirement of 10.2.1.1 to 10.2.1.7; which access to logs is recorded (10.2.1.3) is in
--   audit_log_access, and who started and stopped them (10.2.1.6) in log_changes
-- limits: No row says that an event was captured: a flow record is none of these events. Leads are counts of what was read
--   in the period and bears on it; a lead shows neither that all such events were captured nor what was done. Periods are
--   whole UTC days. Which of the six details of 10.2.2 the flows hold stands in log_detail_by_source and log_detail_by_resource.
-- source: PCI DSS v4.0.1 requirements 10.2.1.1 to 10.2.1.7; AWS Security Reference Architecture for PCI DSS: CloudTrail is the
--   source of these events, flow logs are correlated with it
with
  details as (
    select
      *
    from
      detail_day
    where
      scope_name is not null
      and element = 'user_identification'
      and flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date < cast(cast($period_end as timestamp) as date)
  ),
  -- The same event may be delivered twice: once is enough.
  events as (
    select
      event_id,
      min(module) as module,
      min(user_name) as user_name
    from
      ips_event
    where
      event_date >= cast(cast($period_start as timestamp) as date)
      and event_date < cast(cast($period_end as timestamp) as date)
    group by
      event_id
  ),
  flow_logs as (
    select
      flow_log_id,
      min(created_at) as created_at,
      -- Null while the newest state of it shows it.
      max_by(
        coalesce(valid_to, timestamp '9999-12-31 00:00:00'),
        valid_from
      ) as gone_at
    from
      flow_log
    group by
      flow_log_id
  ),
  requirements (requirement_id, event, shown, source_of_event) as (
    values
      (
        '10.2.1.1',
        'access of an individual user to cardholder data',
        'A flow shows that an address connected to a data store at a time; it names neither the user nor the data.',
        'Database audit logs, S3 data events in CloudTrail, and application logs.'
      ),
      (
        '10.2.1.2',
        'actions with administrative access',
        'A flow shows that a connection to an administration port was made, not who acted or what was done.',
        'CloudTrail, Session Manager session logs, sudo and Windows security logs.'
      ),
      (
        '10.2.1.3',
        'access to audit logs',
        'Reading a log through the AWS API leaves no trace in a flow log that tells it from other traffic.',
        'CloudTrail data events of the log buckets, and CloudTrail events that read CloudWatch Logs.'
      ),
      (
        '10.2.1.4',
        'invalid logical access attempts',
        'A rejected flow is a filtered packet, not a failed logon; an accepted one may carry a failed logon.',
        'Authentication logs of operating systems and applications, and CloudTrail console sign-in failures and denied calls.'
      ),
      (
        '10.2.1.5',
        'changes to credentials and privileges',
        'Neither a flow nor a packet rule records accounts or privileges.',
        'CloudTrail IAM events, directory and operating system account logs.'
      ),
      (
        '10.2.1.6',
        'start, stop and pause of audit logs',
        'Where records cease is seen (logging_failures), but not that someone stopped them. Calls of AWS that CloudTrail recorded are in log_changes.',
        'CloudTrail events CreateFlowLogs, DeleteFlowLogs, DeleteLogGroup, DeleteLogStream, PutRetentionPolicy, StopLogging and StopConfigurationRecorder, and AWS Config history of the flow logs.'
      ),
      (
        '10.2.1.7',
        'creation and deletion of system-level objects',
        'A flow records no objects; it shows neither that one was made nor that it was removed.',
        'CloudTrail, AWS Config history, and host integrity monitoring.'
      )
  ),
  leads as (
    select
      '10.2.1.1' as requirement_id,
      1 as lead_number,
      'flows in scope whose user an event names' as lead,
      coalesce(sum(flow_count), 0) as lead_count
    from
      details
    where
      status = 'supplied'
    union all
    select
      '10.2.1.2' as requirement_id,
      1 as lead_number,
      'log inspection events that name a user' as lead,
      count(*) as lead_count
    from
      events
    where
      module = 'log_inspection'
      and user_name is not null
    union all
    select
      '10.2.1.4' as requirement_id,
      1 as lead_number,
      'log inspection events' as lead,
      count(*) as lead_count
    from
      events
    where
      module = 'log_inspection'
    union all
    select
      '10.2.1.6' as requirement_id,
      1 as lead_number,
      'events of agents and managers about themselves' as lead,
      count(*) as lead_count
    from
      events
    where
      module = 'system'
    union all
    select
      '10.2.1.6' as requirement_id,
      2 as lead_number,
      'flow logs created or gone, by the inventory' as lead,
      count(*) as lead_count
    from
      flow_logs
    where
      (
        created_at >= cast($period_start as timestamp)
        and created_at < cast($period_end as timestamp)
      )
      or (
        gone_at >= cast($period_start as timestamp)
        and gone_at < cast($period_end as timestamp)
      )
    union all
    select
      '10.2.1.7' as requirement_id,
      1 as lead_number,
      'integrity monitoring events' as lead,
      count(*) as lead_count
    from
      events
    where
      module = 'integrity'
  ),
  listed_leads as (
    select
      requirement_id,
      array_join (
        array_agg(
          lead || ': ' || cast(lead_count as varchar)
          order by
            lead_number
        ),
        '; '
      ) as leads
    from
      leads
    where
      lead_count > 0
    group by
      requirement_id
  )
select
  requirements.requirement_id,
  requirements.event,
  listed_leads.leads,
  'out_of_reach' as status,
  'FL_NOT_THE_EVENT' as gap_code,
  requirements.shown as why,
  requirements.source_of_event as remedy
from
  requirements
  left join listed_leads on requirements.requirement_id = listed_leads.requirement_id
order by
  requirements.requirement_id
