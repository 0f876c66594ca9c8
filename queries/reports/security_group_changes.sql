-- title: Changes of security groups
-- question: Which rules of groups of interfaces in scope were added, changed or removed in the period, what did that newly let through, and did anyone use it?
-- requirements: 1.2.2
-- parameters: period_start, period_end
-- rows: findings
-- needs: interfaces_in_scope, rule_snapshot_pairs
-- grain: one row a rule and change of it; and one row an interface in scope and group that it got or lost
-- limits: A change is what two snapshots of the inventory, or two items of AWS Config, say differently; what came and went
--   between two of them is not seen, and the time is known as exactly as they lie apart. Who made the change is told
--   by the successful CloudTrail calls of that time that name the rule, else the group; the ticket is
--   the tag of the group that change_ticket_tag names, as of then. Flows count for every interface that the group is on. On the day
--   of a change of a rule that kept its id, flows from before the change may count. A flow that the new rule alone permits
--   may have been permitted before by a rule that went at the same time; the rule that covered all of it is named where one did;
--   what several rules cover only together counts as new.
-- source: PCI DSS v4.0.1 requirements 1.2.2 and 6.5.1; Amazon EC2 API Reference, SecurityGroupRule
with
  interfaces as (
    select
      scope_name,
      network_interface_id,
      state_id,
      group_ids,
      valid_from,
      valid_to,
      known_until,
      lag (group_ids) over interface_history as previous_group_ids,
      lag (known_until) over interface_history as previous_known_until
    from
      scope_interface
    where
      valid_from < cast($period_end as timestamp)
    window
      interface_history as (
        partition by
          network_interface_id
        order by
          valid_from,
          state_id
      )
  ),
  groups as (
    select
      membership.group_id,
      count(distinct interfaces.network_interface_id) as interface_count,
      array_join (
        list_sort(array_agg(distinct interfaces.scope_name)),
        ', '
      ) as scope_names
    from
      interfaces
      cross join unnest(interfaces.group_ids) as membership (group_id)
    where
      coalesce(
        interfaces.valid_to > cast($period_start as timestamp),
        true
      )
    group by
      membership.group_id
  ),
  states as (
    select
      security_group_rule.*,
      if (is_egress, 'outbound', 'inbound') as direction,
      if (
        protocol is null,
        'all protocols',
        service_text (
          protocol,
          coalesce(from_port, 0),
          coalesce(to_port, 65535),
          null
        )
      ) || if (is_egress, ' to ', ' from ') || coalesce(
        cidr,
        prefix_list_id,
        referenced_group_id,
        'unknown'
      ) as permits,
      cidr_first_key (cidr) as first_key,
      cidr_last_key (cidr) as last_key
    from
      security_group_rule
    where
      group_id in (
        select
          group_id
        from
          groups
      )
  ),
  histories as (
    select
      *,
      lag (valid_to) over rule_history as previous_valid_to,
      lag (known_until) over rule_history as previous_known_until,
      lag (permits) over rule_history as previous_permits,
      lag (coalesce(description, '')) over rule_history as previous_description,
      lead (valid_from) over rule_history as next_valid_from
    from
      states
    window
      rule_history as (
        partition by
          rule_id
        order by
          valid_from,
          state_id
      )
  ),
  rule_changes as (
    select
      if (
        coalesce(previous_valid_to = valid_from, false),
        if (
          permits = previous_permits,
          'rule described anew',
          'rule changed'
        ),
        'rule added'
      ) as change,
      state_id,
      group_id,
      rule_id,
      direction,
      is_egress,
      protocol,
      from_port,
      to_port,
      cidr,
      prefix_list_id,
      referenced_group_id,
      first_key,
      last_key,
      permits,
      if (
        coalesce(previous_valid_to = valid_from, false),
        previous_permits,
        null
      ) as permitted_before,
      description,
      if (
        coalesce(previous_valid_to = valid_from, false),
        previous_known_until,
        absent_at
      ) as after_at,
      valid_from as until_at,
      start_precision as time_precision,
      valid_from as used_from_at,
      coalesce(valid_to, cast($period_end as timestamp)) as used_until_at
    from
      histories
    where
      valid_from >= cast($period_start as timestamp)
      and valid_from < cast($period_end as timestamp)
      and (
        absent_at is not null
        or previous_valid_to = valid_from
      )
      and (
        coalesce(previous_valid_to = valid_from, false) is false
        or permits <> previous_permits
        or coalesce(description, '') <> previous_description
      )
    union all
    select
      'rule removed' as change,
      state_id,
      group_id,
      rule_id,
      direction,
      is_egress,
      protocol,
      from_port,
      to_port,
      cidr,
      prefix_list_id,
      referenced_group_id,
      first_key,
      last_key,
      null as permits,
      permits as permitted_before,
      description,
      known_until as after_at,
      valid_to as until_at,
      end_precision as time_precision,
      valid_from as used_from_at,
      valid_to as used_until_at
    from
      histories
    where
      valid_to >= cast($period_start as timestamp)
      and valid_to < cast($period_end as timestamp)
      and coalesce(next_valid_from > valid_to, true)
  ),
  -- What another rule of the group permitted before an addition, or permits after a removal.
  covers as (
    select
      rule_changes.state_id,
      rule_changes.change,
      array_join (
        list_sort(array_agg(distinct others.rule_id)),
        ', '
      ) as covered_by,
      bool_or(
        others.permits = coalesce(
          rule_changes.permits,
          rule_changes.permitted_before
        )
        and (others.rule_id like 'sgr-%') <> (rule_changes.rule_id like 'sgr-%')
      ) as is_same_by_other_id
    from
      rule_changes
      inner join states as others on rule_changes.group_id = others.group_id
      and rule_changes.is_egress = others.is_egress
      and rule_changes.state_id <> others.state_id
      and coalesce(
        others.protocol = rule_changes.protocol,
        others.protocol is null
      )
      and coalesce(others.from_port, 0) <= coalesce(rule_changes.from_port, 0)
      and coalesce(others.to_port, 65535) >= coalesce(rule_changes.to_port, 65535)
      and (
        (
          others.first_key <= rule_changes.first_key
          and others.last_key >= rule_changes.last_key
        )
        or others.prefix_list_id = rule_changes.prefix_list_id
        or others.referenced_group_id = rule_changes.referenced_group_id
      )
      and if (
        rule_changes.change = 'rule removed',
        others.valid_from <= rule_changes.until_at
        and coalesce(others.valid_to > rule_changes.until_at, true),
        others.valid_from < rule_changes.until_at
        and coalesce(others.valid_to >= rule_changes.until_at, true)
      )
    group by
      rule_changes.state_id,
      rule_changes.change
  ),
  rule_flows as (
    select
      permitting.rule_id,
      edge_day.network_interface_id,
      coalesce(edge_day.peer_interface_id, edge_day.peer_range) as peer,
      cardinality(edge_day.rule_ids) = 1 as is_sole,
      edge_day.flow_count,
      edge_day.first_at,
      edge_day.last_at
    from
      edge_day
      cross join unnest(edge_day.rule_ids) as permitting (rule_id)
    where
      edge_day.flow_date >= cast(cast($period_start as timestamp) as date)
      and edge_day.flow_date < cast(cast($period_end as timestamp) as date)
      and edge_day.rule_verdict = 'permitted'
  ),
  rule_uses as (
    select
      rule_changes.state_id,
      rule_changes.change,
      sum(rule_flows.flow_count) as flow_count,
      sum(if (rule_flows.is_sole, rule_flows.flow_count, 0)) as sole_flow_count,
      min(rule_flows.peer) as example_peer,
      min(rule_flows.first_at) as first_at,
      max(rule_flows.last_at) as last_at
    from
      rule_changes
      inner join rule_flows on rule_changes.rule_id = rule_flows.rule_id
      and rule_flows.last_at >= rule_changes.used_from_at
      and rule_flows.first_at < rule_changes.used_until_at
    group by
      rule_changes.state_id,
      rule_changes.change
  ),
  membership_changes as (
    select
      'group attached' as change,
      interfaces.network_interface_id,
      membership.group_id,
      interfaces.previous_known_until as after_at,
      interfaces.valid_from as until_at
    from
      interfaces
      cross join unnest(interfaces.group_ids) as membership (group_id)
    where
      interfaces.valid_from >= cast($period_start as timestamp)
      and interfaces.previous_group_ids is not null
      and not contains(
        interfaces.previous_group_ids,
        membership.group_id
      )
    union all
    select
      'group detached' as change,
      interfaces.network_interface_id,
      membership.group_id,
      interfaces.previous_known_until as after_at,
      interfaces.valid_from as until_at
    from
      interfaces
      cross join unnest(interfaces.previous_group_ids) as membership (group_id)
    where
      interfaces.valid_from >= cast($period_start as timestamp)
      and not contains(interfaces.group_ids, membership.group_id)
  ),
  rule_groups as (
    select distinct
      rule_id,
      group_id
    from
      security_group_rule
  ),
  membership_uses as (
    select
      membership_changes.network_interface_id,
      membership_changes.group_id,
      membership_changes.until_at,
      sum(rule_flows.flow_count) as flow_count,
      sum(if (rule_flows.is_sole, rule_flows.flow_count, 0)) as sole_flow_count,
      min(rule_flows.peer) as example_peer,
      min(rule_flows.first_at) as first_at,
      max(rule_flows.last_at) as last_at
    from
      membership_changes
      inner join rule_groups on membership_changes.group_id = rule_groups.group_id
      inner join rule_flows on rule_groups.rule_id = rule_flows.rule_id
      and membership_changes.network_interface_id = rule_flows.network_interface_id
      and (membership_changes.change = 'group attached') = (rule_flows.last_at >= membership_changes.until_at)
    group by
      membership_changes.network_interface_id,
      membership_changes.group_id,
      membership_changes.until_at
  ),
  listed as (
    select
      rule_changes.change,
      rule_changes.group_id,
      rule_changes.rule_id,
      null as network_interface_id,
      rule_changes.direction,
      rule_changes.permitted_before,
      rule_changes.permits,
      rule_changes.description,
      covers.covered_by,
      rule_changes.after_at,
      rule_changes.until_at,
      rule_changes.time_precision,
      rule_uses.flow_count,
      rule_uses.sole_flow_count,
      rule_uses.example_peer,
      rule_uses.first_at,
      rule_uses.last_at
    from
      rule_changes
      left join covers on rule_changes.state_id = covers.state_id
      and rule_changes.change = covers.change
      left join rule_uses on rule_changes.state_id = rule_uses.state_id
      and rule_changes.change = rule_uses.change
    where
      -- A rule that was known by its values and is now known by its id did not change.
      coalesce(covers.is_same_by_other_id, false) is false
    union all
    select
      membership_changes.change,
      membership_changes.group_id,
      null as rule_id,
      membership_changes.network_interface_id,
      null as direction,
      null as permitted_before,
      null as permits,
      null as description,
      null as covered_by,
      membership_changes.after_at,
      membership_changes.until_at,
      'observed' as time_precision,
      membership_uses.flow_count,
      membership_uses.sole_flow_count,
      membership_uses.example_peer,
      membership_uses.first_at,
      membership_uses.last_at
    from
      membership_changes
      left join membership_uses on membership_changes.network_interface_id = membership_uses.network_interface_id
      and membership_changes.group_id = membership_uses.group_id
      and membership_changes.until_at = membership_uses.until_at
  ),
  numbered as (
    select
      *,
      row_number() over (
        order by
          until_at,
          group_id,
          change,
          rule_id,
          network_interface_id,
          permits,
          permitted_before
      ) as change_number
    from
      listed
  ),
  -- Several trails deliver one event.
  calls as (
    select
      event_id,
      min(event_name) as event_name,
      min(event_at) as event_at,
      min(actor) as actor,
      min(group_ids) as group_ids,
      min(rule_ids) as rule_ids,
      min(resource_ids) as resource_ids
    from
      cloudtrail_event
    where
      error_code is null
      and event_at < cast($period_end as timestamp)
    group by
      event_id
  ),
  trail_extent as (
    select
      min(event_at) as first_at,
      max(event_at) as last_at
    from
      cloudtrail_event
  ),
  -- Of the group's states that begin by the change, the newest: its tag is what was true after it.
  tickets as (
    select
      numbered.change_number,
      max_by(
        element_at(security_group.tags, change_ticket_tag.tag_key),
        security_group.valid_from
      ) as ticket
    from
      numbered
      cross join change_ticket_tag
      inner join security_group on numbered.group_id = security_group.group_id
      and security_group.valid_from <= numbered.until_at
    group by
      numbered.change_number
  ),
  candidates as (
    select
      numbered.change_number,
      calls.event_id,
      calls.event_at,
      calls.actor,
      coalesce(
        contains(calls.rule_ids, numbered.rule_id),
        contains(calls.resource_ids, numbered.network_interface_id),
        false
      ) as is_named
    from
      numbered
      inner join calls on calls.event_at <= numbered.until_at
      and calls.event_at >= coalesce(numbered.after_at, numbered.until_at)
      and contains(calls.group_ids, numbered.group_id)
      and case
        when numbered.change like 'group %' then calls.event_name in (
          'ModifyNetworkInterfaceAttribute',
          'ModifyInstanceAttribute'
        )
        when numbered.change = 'rule removed' then calls.event_name like 'RevokeSecurityGroup%'
        or calls.event_name = 'DeleteSecurityGroup'
        when numbered.change = 'rule added' then calls.event_name like 'AuthorizeSecurityGroup%'
        or calls.event_name = 'CreateSecurityGroup'
        else calls.event_name = 'ModifySecurityGroupRules'
        or calls.event_name like 'UpdateSecurityGroupRuleDescriptions%'
      end
  ),
  best_candidates as (
    select
      change_number,
      bool_or(is_named) as has_named
    from
      candidates
    group by
      change_number
  ),
  makers as (
    select
      candidates.change_number,
      count(distinct candidates.event_id) as event_count,
      array_join (
        list_sort(
          array_agg(distinct coalesce(candidates.actor, 'unknown'))
        ),
        ', '
      ) as changed_by,
      array_join (
        list_sort(array_agg(distinct candidates.event_id)),
        ', '
      ) as change_event_ids,
      min(candidates.event_at) as called_at
    from
      candidates
      inner join best_candidates on candidates.change_number = best_candidates.change_number
      and candidates.is_named = best_candidates.has_named
    group by
      candidates.change_number
  )
select
  numbered.change,
  numbered.group_id,
  numbered.rule_id,
  numbered.network_interface_id,
  groups.scope_names,
  numbered.direction,
  numbered.permitted_before,
  numbered.permits,
  numbered.description,
  numbered.covered_by,
  groups.interface_count,
  numbered.after_at as changed_after_at,
  numbered.until_at as changed_until_at,
  numbered.time_precision,
  makers.changed_by,
  makers.called_at,
  makers.change_event_ids,
  tickets.ticket,
  cast(coalesce(numbered.flow_count, 0) as bigint) as flow_count,
  cast(coalesce(numbered.sole_flow_count, 0) as bigint) as sole_flow_count,
  numbered.example_peer,
  numbered.first_at,
  numbered.last_at,
  'partial' as status,
  case
    when numbered.change = 'rule removed' then 'SG_RULE_REMOVED'
    when numbered.change = 'group detached' then 'SG_GROUP_DETACHED'
    when numbered.change = 'rule described anew' then 'SG_RULE_DESCRIBED'
    else case numbered.change
      when 'group attached' then 'SG_GROUP_ATTACHED'
      when 'rule changed' then 'SG_RULE_CHANGED'
      else 'SG_RULE_ADDED'
    end || case
      when numbered.covered_by is not null then '_NOTHING_NEW'
      when numbered.flow_count > 0 then '_USED'
      else ''
    end
  end as gap_code,
  case
    when numbered.change = 'rule removed' then if (
      numbered.covered_by is null,
      'What only this rule permitted no longer is',
      'Another rule still permits it: ' || numbered.covered_by
    ) || if (
      coalesce(numbered.flow_count, 0) = 0,
      '; it was not observed in use in the period before.',
      '; it was last observed in use on ' || cast(cast(numbered.last_at as date) as varchar) || '.'
    )
    when numbered.change = 'rule described anew' then 'Only its description changed.'
    when numbered.change = 'group detached' then 'The interface lost the group; by its rules ' || cast(
      cast(coalesce(numbered.flow_count, 0) as bigint) as varchar
    ) || ' flows had passed in the period before.'
    when numbered.covered_by is not null then 'It lets nothing new through: permitted before by ' || numbered.covered_by || '.'
    when coalesce(numbered.flow_count, 0) = 0 then 'It lets more through; no flow by it was observed since.'
    else 'It lets more through, and it was used: ' || cast(cast(numbered.flow_count as bigint) as varchar) || ' flows since, ' || cast(
      cast(numbered.sole_flow_count as bigint) as varchar
    ) || ' of which no other rule permits, such as with ' || coalesce(numbered.example_peer, 'addresses not told apart') || '.'
  end || case
    when makers.event_count = 1 then ' ' || makers.changed_by || ' made it.'
    when makers.event_count > 1 then ' It is one of ' || cast(makers.event_count as varchar) || ' calls of that time.'
    when numbered.until_at <= trail_extent.last_at
    and coalesce(numbered.after_at, numbered.until_at) >= trail_extent.first_at then ' No record of CloudTrail explains it, though there are records of that time.'
    else ''
  end as why,
  'Show the approved change record of that time (1.2.2, 6.5.1): CloudTrail names who called ' || case
    when numbered.change like 'group %' then 'ModifyNetworkInterfaceAttribute'
    when numbered.change = 'rule removed' then if (
      numbered.direction = 'outbound',
      'RevokeSecurityGroupEgress',
      'RevokeSecurityGroupIngress'
    )
    when numbered.change = 'rule added' then if (
      numbered.direction = 'outbound',
      'AuthorizeSecurityGroupEgress',
      'AuthorizeSecurityGroupIngress'
    )
    else 'ModifySecurityGroupRules'
  end || ' for ' || numbered.group_id || '.' as remedy
from
  numbered
  cross join trail_extent
  left join makers on numbered.change_number = makers.change_number
  left join tickets on numbered.change_number = tickets.change_number
  left join groups on numbered.group_id = groups.group_id
order by
  numbered.until_at,
  numbered.group_id,
  numbered.change,
  numbered.rule_id,
  numbered.network_interface_id,
  numbered.permits,
  numbered.permitted_before
