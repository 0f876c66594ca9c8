-- title: Attacks that were detected and let through
-- question: Which attacks did intrusion detection see and not stop, on flows that the network filters accepted?
-- requirements: 11.5.1
-- parameters: period_start, period_end
-- rows: findings
-- needs: interfaces_in_scope, ips_events
-- grain: one row an interface in scope, its instance, a rule that fired, and whether the attack came or went
-- limits: A detection says that traffic looked like an attack, not that it was one or that it succeeded; an accepted flow says
--   that the network filters passed it. Confidence tells how surely event and flow are of one connection: low stands for the
--   same addresses at the same time without ports. What nothing detected is not listed. Whether someone was alerted, and
--   when, is for a person to show.
-- source: PCI DSS v4.0.1 requirement 11.5.1
with
  events as (
    select
      event_id,
      min(signature_name) as signature_name,
      max(
        case severity
          when 'critical' then 4
          when 'high' then 3
          when 'medium' then 2
          when 'low' then 1
        end
      ) as severity_rank,
      min(source_address) as source_address,
      min(destination_address) as destination_address
    from
      ips_event
    where
      event_date >= cast(
        cast($period_start as timestamp) - interval '2' day as date
      )
      and event_date <= cast(
        cast($period_end as timestamp) + interval '2' day as date
      )
    group by
      event_id
  ),
  passed as (
    select
      flow_event.flow_id,
      flow_event.event_id,
      flow_event.interface_id,
      flow_event.product,
      flow_event.signature_id,
      flow_event.event_at,
      flow_event.effect,
      case flow_event.confidence
        when 'high' then 3
        when 'medium' then 2
        else 1
      end as confidence_rank
    from
      flow_event
    where
      flow_event.effect in ('attack_reached_host', 'attack_left_host')
      and flow_event.flow_date >= cast(
        cast($period_start as timestamp) - interval '1' day as date
      )
      and flow_event.flow_date <= cast(
        cast($period_end as timestamp) + interval '1' day as date
      )
      and flow_event.event_at >= cast($period_start as timestamp)
      and flow_event.event_at < cast($period_end as timestamp)
  ),
  -- Which interface it was then: of several states about that time, the newest.
  placed as (
    select
      passed.flow_id,
      passed.event_id,
      max_by(
        scope_interface.instance_id,
        scope_interface.valid_from
      ) as instance_id,
      max_by(
        coalesce(
          scope_interface.instance_name || ' (' || scope_interface.instance_id || ')',
          scope_interface.instance_id,
          scope_interface.owner_kind,
          'unknown'
        ),
        scope_interface.valid_from
      ) as resource
    from
      passed
      inner join scope_interface on passed.interface_id = scope_interface.network_interface_id
      and passed.event_at >= coalesce(
        scope_interface.absent_at,
        scope_interface.valid_from
      )
      and (
        scope_interface.valid_to is null
        or passed.event_at < scope_interface.valid_to
      )
    group by
      passed.flow_id,
      passed.event_id
  ),
  attacks as (
    select
      passed.interface_id as network_interface_id,
      placed.resource,
      passed.product,
      passed.signature_id,
      passed.effect,
      min(events.signature_name) as signature_name,
      max(events.severity_rank) as severity_rank,
      count(distinct passed.event_id) as event_count,
      count(distinct passed.flow_id) as flow_count,
      count(
        distinct case passed.effect
          when 'attack_reached_host' then events.source_address
          else events.destination_address
        end
      ) as peer_count,
      max(passed.confidence_rank) as confidence_rank,
      min(passed.event_at) as first_at,
      max(passed.event_at) as last_at,
      min(passed.flow_id) as example_flow_id,
      min(passed.event_id) as example_event_id
    from
      passed
      inner join placed on passed.flow_id = placed.flow_id
      and passed.event_id = placed.event_id
      left join events on passed.event_id = events.event_id
    group by
      passed.interface_id,
      placed.instance_id,
      placed.resource,
      passed.product,
      passed.signature_id,
      passed.effect
  )
select
  network_interface_id,
  resource,
  product,
  signature_id,
  signature_name,
  case severity_rank
    when 4 then 'critical'
    when 3 then 'high'
    when 2 then 'medium'
    when 1 then 'low'
  end as severity,
  event_count,
  flow_count,
  peer_count,
  case confidence_rank
    when 3 then 'high'
    when 2 then 'medium'
    else 'low'
  end as confidence,
  first_at,
  last_at,
  example_flow_id,
  example_event_id,
  'partial' as status,
  if (
    effect = 'attack_left_host',
    'IPS_DETECT_ONLY_OUTBOUND',
    'IPS_DETECT_ONLY'
  ) as gap_code,
  if (
    effect = 'attack_left_host',
    'It was detected and not stopped, and an accepted flow from this interface matches: the host is its sender.',
    'It was detected and not stopped, and an accepted flow to this interface matches.'
  ) as why,
  if (
    effect = 'attack_left_host',
    'Examine the host as one that may be compromised (12.10); show who was alerted and when (11.5.1.b).',
    'Show who was alerted and when (11.5.1.b), examine the host, and set the rule from detect to prevent.'
  ) as remedy
from
  attacks
order by
  network_interface_id,
  resource,
  product,
  signature_id,
  gap_code,
  example_event_id,
  example_flow_id
