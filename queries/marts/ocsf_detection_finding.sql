-- title: IPS events in the shape of OCSF 1.5.0 Detection Finding
-- grain: one row an event of ips_event that detected something
-- parameters: none
-- source: Open Cybersecurity Schema Framework 1.5.0, class detection_finding (2004) with the profile security_control, and
--   cloud where the event names its account. Whether a state of a GuardDuty finding is its first is not known: activity 0.
--   Members of row() stand in the order of src/ocsf-tables.ts
with
  detections as (
    select
      *,
      if (product = 'guardduty', 0, 1) as activity_id,
      date_diff(
        'millisecond',
        timestamp '1970-01-01 00:00:00',
        event_at
      ) as event_time
    from
      ips_event
    where
      module not in (
        'protocol',
        'system',
        'flow',
        'heartbeat',
        'other'
      )
  )
select
  activity_id,
  if (activity_id = 0, 'Unknown', 'Create') as activity_name,
  2 as category_uid,
  'Findings' as category_name,
  2004 as class_uid,
  'Detection Finding' as class_name,
  200400 + activity_id as type_uid,
  'Detection Finding: ' || if (activity_id = 0, 'Unknown', 'Create') as type_name,
  case severity
    when 'low' then 2
    when 'medium' then 3
    when 'high' then 4
    when 'critical' then 5
    else 0
  end as severity_id,
  case severity
    when 'low' then 'Low'
    when 'medium' then 'Medium'
    when 'high' then 'High'
    when 'critical' then 'Critical'
    else 'Unknown'
  end as severity,
  case disposition
    when 'allowed' then 1
    when 'blocked' then 2
    when 'detected' then 3
    when 'logged' then 3
    else 0
  end as action_id,
  case disposition
    when 'allowed' then 'Allowed'
    when 'blocked' then 'Denied'
    when 'detected' then 'Observed'
    when 'logged' then 'Observed'
    else 'Unknown'
  end as action,
  case disposition
    when 'allowed' then 1
    when 'blocked' then 2
    when 'detected' then 15
    when 'logged' then 17
    else 0
  end as disposition_id,
  case disposition
    when 'allowed' then 'Allowed'
    when 'blocked' then 'Blocked'
    when 'detected' then 'Detected'
    when 'logged' then 'Logged'
    else 'Unknown'
  end as disposition,
  event_time as time,
  signature_name as message,
  event_count as count,
  row(
    event_id,
    coalesce(signature_name, signature_id, module),
    if (category is null, null, [category]),
    event_time,
    if (
      signature_id is null
      and signature_name is null,
      null,
      row(signature_id, signature_name, 1)
    )
  ) as finding_info,
  if (
    coalesce(source_address, destination_address, user_name) is null,
    null,
    [
      row(
        if (
          source_address is null,
          null,
          row(source_address, source_port)
        ),
        if (
          destination_address is null,
          null,
          row(destination_address, destination_port)
        ),
        row(
          protocol,
          case direction
            when 'inbound' then 1
            when 'outbound' then 2
            else 0
          end
        ),
        if (user_name is null, null, row(row(user_name)))
      )
    ]
  ) as evidences,
  if (
    coalesce(instance_id, host_id, host_name, host_address) is null,
    null,
    [
      row(
        coalesce(instance_id, host_id),
        if (instance_id is null, null, 'AWS::EC2::Instance'),
        host_name,
        host_address
      )
    ]
  ) as resources,
  if (
    account_id is null,
    null,
    row(
      'AWS',
      row(account_id, 10),
      cast(null as varchar),
      cast(null as varchar)
    )
  ) as cloud,
  row(
    '1.5.0',
    event_id,
    row(
      product,
      case product
        when 'deep_security' then 'Trend Micro'
        when 'suricata' then 'OISF'
        when 'snort' then 'Cisco'
        when 'wazuh' then 'Wazuh'
        else 'AWS'
      end,
      row(module)
    ),
    if (
      account_id is null,
      ['security_control'],
      ['cloud', 'security_control']
    ),
    cast(null as varchar),
    cast(null as varchar),
    date_diff(
      'millisecond',
      timestamp '1970-01-01 00:00:00',
      received_at
    )
  ) as metadata,
  row(
    module,
    action_raw,
    severity_raw,
    client_address,
    original
  ) as unmapped,
  event_date
from
  detections
