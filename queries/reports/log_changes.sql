-- title: Starts, stops and changes of logs
-- question: Who started, stopped or changed a log in the period, and for which flow logs that came or went was no call recorded?
-- requirements: 10.2.1.6
-- parameters: period_start, period_end
-- rows: summary
-- needs: none
-- grain: one row a call that CloudTrail recorded, and one row a flow log that was created or went without one; one row if there is
--   no call
-- limits: Status: partial for a call, as nothing here shows that all such calls are recorded; not_evidenced for a flow log that came or
--   went without a call, and if there is none at all. No row becomes supports. Calls are those of CloudTrail, AWS Config, CloudWatch Logs
--   (deletions, retention, subscriptions; new log groups are not listed), flow logs, S3 server access logs, Resolver query
--   logs, GuardDuty, Network Firewall, WAF and Firehose; logs that systems and applications keep themselves are not among them. Trails that
--   were not given to flowproof may have recorded what is missing here.
-- source: PCI DSS v4.0.1 requirement 10.2.1.6; API references of the services named
with
  log_calls (event_source, event_name, effect, kind) as (
    values
      (
        'cloudtrail.amazonaws.com',
        'CreateTrail',
        'changed',
        'trail'
      ),
      (
        'cloudtrail.amazonaws.com',
        'UpdateTrail',
        'changed',
        'trail'
      ),
      (
        'cloudtrail.amazonaws.com',
        'DeleteTrail',
        'stopped',
        'trail'
      ),
      (
        'cloudtrail.amazonaws.com',
        'StartLogging',
        'started',
        'trail'
      ),
      (
        'cloudtrail.amazonaws.com',
        'StopLogging',
        'stopped',
        'trail'
      ),
      (
        'cloudtrail.amazonaws.com',
        'PutEventSelectors',
        'changed',
        'trail'
      ),
      (
        'cloudtrail.amazonaws.com',
        'StartEventDataStoreIngestion',
        'started',
        'event data store'
      ),
      (
        'cloudtrail.amazonaws.com',
        'StopEventDataStoreIngestion',
        'stopped',
        'event data store'
      ),
      (
        'cloudtrail.amazonaws.com',
        'DeleteEventDataStore',
        'stopped',
        'event data store'
      ),
      (
        'ec2.amazonaws.com',
        'CreateFlowLogs',
        'started',
        'flow log'
      ),
      (
        'ec2.amazonaws.com',
        'DeleteFlowLogs',
        'stopped',
        'flow log'
      ),
      (
        'logs.amazonaws.com',
        'DeleteLogGroup',
        'stopped',
        'log group'
      ),
      (
        'logs.amazonaws.com',
        'DeleteLogStream',
        'stopped',
        'log stream'
      ),
      (
        'logs.amazonaws.com',
        'PutRetentionPolicy',
        'changed',
        'retention of a log group'
      ),
      (
        'logs.amazonaws.com',
        'DeleteRetentionPolicy',
        'changed',
        'retention of a log group'
      ),
      (
        'logs.amazonaws.com',
        'PutSubscriptionFilter',
        'changed',
        'subscription of a log group'
      ),
      (
        'logs.amazonaws.com',
        'DeleteSubscriptionFilter',
        'stopped',
        'subscription of a log group'
      ),
      (
        'config.amazonaws.com',
        'PutConfigurationRecorder',
        'changed',
        'AWS Config recorder'
      ),
      (
        'config.amazonaws.com',
        'StartConfigurationRecorder',
        'started',
        'AWS Config recorder'
      ),
      (
        'config.amazonaws.com',
        'StopConfigurationRecorder',
        'stopped',
        'AWS Config recorder'
      ),
      (
        'config.amazonaws.com',
        'DeleteConfigurationRecorder',
        'stopped',
        'AWS Config recorder'
      ),
      (
        'config.amazonaws.com',
        'DeleteDeliveryChannel',
        'stopped',
        'AWS Config delivery'
      ),
      (
        's3.amazonaws.com',
        'PutBucketLogging',
        'changed',
        'S3 server access log'
      ),
      (
        'route53resolver.amazonaws.com',
        'AssociateResolverQueryLogConfig',
        'started',
        'Resolver query log'
      ),
      (
        'route53resolver.amazonaws.com',
        'DisassociateResolverQueryLogConfig',
        'stopped',
        'Resolver query log'
      ),
      (
        'route53resolver.amazonaws.com',
        'DeleteResolverQueryLogConfig',
        'stopped',
        'Resolver query log'
      ),
      (
        'guardduty.amazonaws.com',
        'CreateDetector',
        'started',
        'GuardDuty detector'
      ),
      (
        'guardduty.amazonaws.com',
        'UpdateDetector',
        'changed',
        'GuardDuty detector'
      ),
      (
        'guardduty.amazonaws.com',
        'DeleteDetector',
        'stopped',
        'GuardDuty detector'
      ),
      (
        'network-firewall.amazonaws.com',
        'UpdateLoggingConfiguration',
        'changed',
        'Network Firewall log'
      ),
      (
        'wafv2.amazonaws.com',
        'PutLoggingConfiguration',
        'started',
        'WAF log'
      ),
      (
        'wafv2.amazonaws.com',
        'DeleteLoggingConfiguration',
        'stopped',
        'WAF log'
      ),
      (
        'firehose.amazonaws.com',
        'DeleteDeliveryStream',
        'stopped',
        'Firehose stream'
      )
  ),
  -- Several trails may deliver one event.
  calls as (
    select
      cloudtrail_event.event_id,
      min(cloudtrail_event.event_at) as event_at,
      min(cloudtrail_event.event_name) as event_name,
      min(log_calls.effect) as effect,
      min(log_calls.kind) as kind,
      min(cloudtrail_event.account_id) as account_id,
      min(cloudtrail_event.region) as region,
      min(cloudtrail_event.actor) as actor,
      min(cloudtrail_event.source_address) as source_address,
      min(cloudtrail_event.error_code) as error_code,
      min(
        array_join (
          list_concat(
            if (
              cloudtrail_event.resource_names is null,
              [],
              [cloudtrail_event.resource_names]
            ),
            cloudtrail_event.resource_ids
          ),
          ', '
        )
      ) as resources
    from
      cloudtrail_event
      inner join log_calls on cloudtrail_event.event_source = log_calls.event_source
      and cloudtrail_event.event_name = log_calls.event_name
    where
      cloudtrail_event.event_at >= cast($period_start as timestamp)
      and cloudtrail_event.event_at < cast($period_end as timestamp)
    group by
      cloudtrail_event.event_id
  ),
  flow_log_calls as (
    select distinct
      cloudtrail_event.event_name,
      resource.flow_log_id
    from
      cloudtrail_event
      cross join unnest(cloudtrail_event.resource_ids) as resource (flow_log_id)
    where
      cloudtrail_event.event_name in ('CreateFlowLogs', 'DeleteFlowLogs')
      and cloudtrail_event.error_code is null
  ),
  flow_logs as (
    select
      flow_log_id,
      min(account_id) as account_id,
      min(region) as region,
      min(created_at) as created_at,
      -- Null while the newest state shows it.
      last_end (valid_to) as gone_at
    from
      flow_log
    group by
      flow_log_id
  ),
  flow_log_changes as (
    select
      flow_log_id,
      account_id,
      region,
      created_at as changed_at,
      'started' as effect,
      'CreateFlowLogs' as event_name
    from
      flow_logs
    union all
    select
      flow_log_id,
      account_id,
      region,
      gone_at as changed_at,
      'stopped' as effect,
      'DeleteFlowLogs' as event_name
    from
      flow_logs
  ),
  trails as (
    select
      count(*) as object_count
    from
      source_object
    where
      kind = 'cloudtrail'
      and status in ('loaded', 'damaged')
  ),
  findings as (
    select
      1 as position,
      date_trunc('second', event_at) as called_at,
      event_id as row_id,
      effect as log_effect,
      kind as log_kind,
      nullif(resources, '') as log_name,
      event_name,
      actor,
      source_address,
      if (
        error_code is null,
        'success',
        'failed: ' || error_code
      ) as outcome,
      account_id,
      region,
      'partial' as status,
      case
        when error_code is not null then 'LOG_CHANGE_ATTEMPTED'
        when effect = 'stopped' then 'LOG_STOPPED'
        when effect = 'changed' then 'LOG_CHANGED'
        else 'LOG_STARTED'
      end as gap_code,
      case
        when error_code is not null then 'CloudTrail recorded that it was tried, by whom and from where, and that it failed.'
        else 'CloudTrail recorded the call, by whom and from where; that all such calls are recorded is not shown.'
      end as why,
      case
        when error_code is not null then 'Find out why it was tried, and show what came of it.'
        when effect = 'stopped' then 'Show the change or the incident that it belongs to, and that logging went on elsewhere or was started again.'
        when effect = 'changed' then 'Show the change that it belongs to, and that what must be logged still is.'
        else 'Show that every account and region in scope has a trail that records these calls.'
      end as remedy
    from
      calls
    union all
    select
      2 as position,
      date_trunc('second', flow_log_changes.changed_at) as called_at,
      flow_log_changes.flow_log_id as row_id,
      flow_log_changes.effect as log_effect,
      'flow log' as log_kind,
      flow_log_changes.flow_log_id as log_name,
      cast(null as varchar) as event_name,
      cast(null as varchar) as actor,
      cast(null as varchar) as source_address,
      cast(null as varchar) as outcome,
      flow_log_changes.account_id,
      flow_log_changes.region,
      'not_evidenced' as status,
      'LOG_CHANGE_WITHOUT_CALL' as gap_code,
      if (
        flow_log_changes.effect = 'started',
        'The inventory says that the flow log was created then; no record of CloudTrail that was read names the call.',
        'The inventory no longer shows the flow log; no record of CloudTrail that was read names the call.'
      ) as why,
      'Give flowproof the trail of that account and region for that time (sources.cloudtrail), or show the call there.' as remedy
    from
      flow_log_changes
      cross join trails
      left join flow_log_calls on flow_log_changes.flow_log_id = flow_log_calls.flow_log_id
      and flow_log_changes.event_name = flow_log_calls.event_name
    where
      trails.object_count > 0
      and flow_log_calls.flow_log_id is null
      and flow_log_changes.changed_at >= cast($period_start as timestamp)
      and flow_log_changes.changed_at < cast($period_end as timestamp)
    union all
    select
      3 as position,
      cast(null as timestamp) as called_at,
      '' as row_id,
      cast(null as varchar) as log_effect,
      cast(null as varchar) as log_kind,
      cast(null as varchar) as log_name,
      cast(null as varchar) as event_name,
      cast(null as varchar) as actor,
      cast(null as varchar) as source_address,
      cast(null as varchar) as outcome,
      cast(null as varchar) as account_id,
      cast(null as varchar) as region,
      'not_evidenced' as status,
      if (
        trails.object_count = 0,
        'CLOUDTRAIL_NOT_READ',
        'LOG_CHANGES_NOT_SEEN'
      ) as gap_code,
      if (
        trails.object_count = 0,
        'No record of CloudTrail was read; flow logs and IPS events do not show who starts or stops a log.',
        'Records of CloudTrail were read, and none is of such a call in the period; that it would have been recorded is not shown.'
      ) as why,
      if (
        trails.object_count = 0,
        'Name the folder of the trail under sources.cloudtrail.',
        'Show that every account and region in scope has a trail that records these calls, such as by one of an earlier period.'
      ) as remedy
    from
      trails
    where
      not exists (
        select
          1
        from
          calls
      )
  )
select
  called_at,
  log_effect,
  log_kind,
  log_name,
  event_name,
  actor,
  source_address,
  outcome,
  account_id,
  region,
  status,
  gap_code,
  why,
  remedy
from
  findings
order by
  position,
  called_at,
  row_id,
  log_effect
