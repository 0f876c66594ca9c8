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
      match_verdict.acl_verdict as match_acl_verdict
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
  )
select
  grouped.class_id,
  grouped.subject_key,
  grouped.traffic_key,
  grouped.period_id,
  grouped.answer_id,
  grouped.recorder_number,
  grouped.detail_traits,
  grouped.as_of_id,
  recorders.source,
  recorders.flow_log_id,
  recorders.log_format,
  grouped.network_interface_id,
  grouped.state_id,
  grouped.as_of_verdict,
  grouped.as_of_precision,
  grouped.as_of_reason,
  grouped.action,
  grouped.protocol,
  grouped.row_direction,
  grouped.row_direction_basis,
  grouped.initiator,
  grouped.initiator_basis,
  if (
    grouped.initiator is null,
    null,
    grouped.is_response
  ) as is_response,
  grouped.is_remote_public,
  if (
    grouped.action = 'ACCEPT',
    grouped.said,
    'not_applicable'
  ) as rule_verdict,
  case
    when grouped.action = 'REJECT' then 'rejected: by a security group, a network ACL or another control; the record does not say which'
    when grouped.action is null then 'the record has no action'
    when grouped.as_of_verdict = 'no_metadata' then grouped.as_of_reason
    when cardinality(grouped.group_ids) = 0 then 'the interface has no security group'
    when grouped.is_response
    and grouped.initiator_basis = 'ports' then 'response, inferred from the ports'
    when grouped.is_response
    and grouped.initiator_basis = 'conversation' then 'response, by the TCP flags of other records of the connection'
    when grouped.is_response then 'response, by its TCP flags'
    when grouped.row_direction is null then 'neither address of the record is known to be of the interface'
    when grouped.is_permitted
    and grouped.as_of_verdict = 'exact'
    and grouped.initiator is null then 'a rule permits it in this direction; who opened it is not known'
    when grouped.is_permitted
    and grouped.as_of_verdict = 'exact' then 'permitted by rule'
    when grouped.is_permitted then 'a rule of a group that the interface may have had permits it'
    when grouped.is_changed then 'a rule that permits it was added or removed about then'
    when grouped.is_removed then 'a rule that permitted it was removed within the five days that a connection may stay tracked'
    when grouped.doubt = 'icmp_type_not_logged' then 'a rule permits some ICMP types; flow logs do not record the type'
    when grouped.doubt = 'reference_unreadable' then 'a rule refers to a group or prefix list that the inventory does not hold for this time'
    when grouped.doubt = 'field_not_logged' then 'the record lacks an address, protocol or port that the rules look at'
    when grouped.doubt = 'rules_unknown' then 'no inventory snapshot covers the rules of its groups at this time'
    when grouped.initiator is null then 'no rule permits it in this direction, and who opened it is not known'
    when grouped.as_of_verdict = 'ambiguous' then grouped.as_of_reason
    else 'no rule of its groups permits it'
  end as rule_reason,
  case
    when grouped.action is distinct from 'REJECT' then 'not_applicable'
    when grouped.said = 'tracked_or_changed' then 'undecidable'
    when grouped.said = 'unexplained' then 'not_permitted'
    else grouped.said
  end as group_verdict,
  case
    when grouped.action is distinct from 'REJECT' then 'not_applicable'
    when grouped.as_of_verdict = 'no_metadata' then 'no_metadata'
    when grouped.match_acl_verdict = 'not_applicable' then 'not_applicable'
    when not grouped.is_acl_known then 'no_metadata'
    when grouped.row_direction is null
    or grouped.is_remote_missing then 'undecidable'
    else coalesce(grouped.match_acl_verdict, 'no_metadata')
  end as acl_verdict,
  grouped.has_start,
  grouped.has_end,
  grouped.has_source,
  grouped.has_destination,
  grouped.has_source_port,
  grouped.has_destination_port,
  grouped.has_vpc_id,
  grouped.has_instance_id,
  grouped.is_client_relay,
  grouped.is_logon_service,
  cast(grouped.flow_count as bigint) as flow_count,
  cast(grouped.packet_count as bigint) as packet_count,
  cast(grouped.byte_count as bigint) as byte_count,
  grouped.first_at,
  grouped.last_at
from
  grouped
  left join recorders on grouped.recorder_number = recorders.recorder_number
