-- title: What is decided of every flow of a class
-- grain: one row a class
-- parameters: none
with
  recorders as (
    select
      recorder_number,
      min(source) as source,
      min(flow_log_id) as flow_log_id,
      min(log_format) as log_format
    from
      day_object
    group by
      recorder_number
  ),
  asked as (
    select
      class_key.*,
      interface_period.network_interface_id,
      interface_period.state_id,
      interface_period.as_of_verdict,
      interface_period.as_of_precision,
      interface_period.as_of_id,
      case
        when interface_period.as_of_verdict = 'no_metadata'
        and interface_period.network_interface_id is not null
        and not class_key.has_start
        and not class_key.has_end then 'the record has neither start nor end'
        else interface_period.as_of_reason
      end as as_of_reason,
      interface_period.group_ids,
      interface_period.list_id,
      interface_period.context_id,
      match_key.match_id,
      -- Without a direction, or without the address, there is no class.
      class_key.address_class = 0 as is_remote_missing,
      coalesce(context_coverage.is_acl_known, false) as is_acl_known
    from
      class_key
      inner join interface_period on class_key.period_id = interface_period.period_id
      left join match_key on interface_period.context_id = match_key.context_id
      and (class_key.row_direction = 'egress') = match_key.is_egress
      and class_key.protocol is not distinct from match_key.protocol
      and class_key.port_class = match_key.port_class
      and class_key.address_class = match_key.address_class
      left join context_coverage on interface_period.context_id = context_coverage.context_id
  ),
  answered as (
    select
      asked.*,
      match_verdict.answer_id,
      coalesce(
        cardinality(match_verdict.permitting_rule_ids) > 0,
        false
      ) as is_permitted,
      coalesce(
        cardinality(match_verdict.changed_rule_ids) > 0,
        false
      ) as is_changed,
      -- A connection that is only being opened is not tracked yet.
      coalesce(
        cardinality(match_verdict.removed_rule_ids) > 0,
        false
      )
      and not asked.is_opening as is_removed,
      coalesce(
        match_verdict.doubt,
        if (asked.is_remote_missing, 'field_not_logged', null)
      ) as doubt,
      match_verdict.acl_verdict as match_acl_verdict,
      coalesce(match_verdict.is_rule_back_dated, false) as is_match_back_dated,
      coalesce(match_verdict.is_acl_back_dated, false) as is_match_acl_back_dated
    from
      asked
      left join match_verdict on asked.match_id = match_verdict.match_id
  ),
  -- What the groups say, whether the flow was accepted or not.
  grouped as (
    select
      *,
      case
        when as_of_verdict = 'no_metadata' then 'no_metadata'
        when cardinality(group_ids) = 0 then 'no_security_group'
        when is_response then 'response'
        when row_direction is null then 'undecidable'
        when is_permitted
        and as_of_verdict = 'exact' then 'permitted'
        when is_permitted
        or is_changed
        or is_removed then 'tracked_or_changed'
        when doubt is not null then 'undecidable'
        when initiator is null then 'undecidable'
        when as_of_verdict = 'ambiguous' then 'undecidable'
        else 'unexplained'
      end as said
    from
      answered
  ),
  marked as (
    select
      *,
      is_match_back_dated
      and said in (
        'permitted',
        'tracked_or_changed',
        'undecidable',
        'unexplained'
      )
      and action is not null as is_rule_back_dated,
      is_match_acl_back_dated
      and action is not distinct from 'REJECT'
      and as_of_verdict <> 'no_metadata' as is_acl_back_dated
    from
      grouped
  )
select
  marked.class_id,
  marked.subject_key,
  marked.traffic_key,
  marked.period_id,
  marked.answer_id,
  marked.recorder_number,
  marked.detail_traits,
  marked.as_of_id,
  recorders.source,
  recorders.flow_log_id,
  recorders.log_format,
  marked.network_interface_id,
  marked.state_id,
  marked.as_of_verdict,
  marked.as_of_precision,
  marked.as_of_reason,
  marked.action,
  marked.protocol,
  marked.row_direction,
  marked.row_direction_basis,
  marked.initiator,
  marked.initiator_basis,
  if (
    marked.initiator is null,
    null,
    marked.is_response
  ) as is_response,
  marked.is_remote_public,
  if (
    marked.action = 'ACCEPT',
    marked.said,
    'not_applicable'
  ) as rule_verdict,
  case
    when marked.action = 'REJECT' then 'rejected: by a security group, a network ACL or another control; the record does not say which'
    when marked.action is null then 'the record has no action'
    when marked.as_of_verdict = 'no_metadata' then marked.as_of_reason
    when cardinality(marked.group_ids) = 0 then 'the interface has no security group'
    when marked.is_response
    and marked.initiator_basis = 'ports' then 'response, inferred from the ports'
    when marked.is_response
    and marked.initiator_basis = 'conversation' then 'response, by the TCP flags of other records of the connection'
    when marked.is_response then 'response, by its TCP flags'
    when marked.row_direction is null then 'neither address of the record is known to be of the interface'
    when marked.is_permitted
    and marked.as_of_verdict = 'exact'
    and marked.initiator is null then 'a rule permits it in this direction; who opened it is not known'
    when marked.is_permitted
    and marked.as_of_verdict = 'exact' then 'permitted by rule'
    when marked.is_permitted then 'a rule of a group that the interface may have had permits it'
    when marked.is_changed then 'a rule that permits it was added or removed about then'
    when marked.is_removed then 'a rule that permitted it was removed within the five days that a connection may stay tracked'
    when marked.doubt = 'icmp_type_not_logged' then 'a rule permits some ICMP types; flow logs do not record the type'
    when marked.doubt = 'reference_unreadable' then 'a rule refers to a group or prefix list that the inventory does not hold for this time'
    when marked.doubt = 'field_not_logged' then 'the record lacks an address, protocol or port that the rules look at'
    when marked.doubt = 'rules_unknown' then 'no inventory snapshot covers the rules of its groups at this time'
    when marked.initiator is null then 'no rule permits it in this direction, and who opened it is not known'
    when marked.as_of_verdict = 'ambiguous' then marked.as_of_reason
    else 'no rule of its groups permits it'
  end || if (
    marked.is_rule_back_dated
    and marked.action = 'ACCEPT',
    '; back-dated: the rules were first seen later',
    ''
  ) as rule_reason,
  case
    when marked.action is distinct from 'REJECT' then 'not_applicable'
    when marked.said = 'tracked_or_changed' then 'undecidable'
    when marked.said = 'unexplained' then 'not_permitted'
    else marked.said
  end as group_verdict,
  case
    when marked.action is distinct from 'REJECT' then 'not_applicable'
    when marked.as_of_verdict = 'no_metadata' then 'no_metadata'
    when marked.match_acl_verdict = 'not_applicable' then 'not_applicable'
    when not marked.is_acl_known then 'no_metadata'
    when marked.row_direction is null
    or marked.is_remote_missing then 'undecidable'
    else coalesce(marked.match_acl_verdict, 'no_metadata')
  end as acl_verdict,
  marked.is_rule_back_dated,
  marked.is_acl_back_dated,
  marked.has_start,
  marked.has_end,
  marked.has_source,
  marked.has_destination,
  marked.has_source_port,
  marked.has_destination_port,
  marked.has_vpc_id,
  marked.has_instance_id,
  marked.is_client_relay,
  marked.is_logon_service,
  cast(marked.flow_count as bigint) as flow_count,
  cast(marked.packet_count as bigint) as packet_count,
  cast(marked.byte_count as bigint) as byte_count,
  marked.first_at,
  marked.last_at
from
  marked
  left join recorders on marked.recorder_number = recorders.recorder_number
