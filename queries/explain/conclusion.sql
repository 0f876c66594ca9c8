-- title: What the rules and network ACL entries that were tried come to
-- grain: one row a record
-- parameters: metadata_max_age_seconds
-- source: the verdicts are those of flow_enriched, reached once more from the inventory, one record at a time
with
  known as (
    select
      group_id as owner_id,
      held_from,
      known_until,
      valid_to
    from
      security_group
    union all
    select
      group_id as owner_id,
      held_from,
      known_until,
      valid_to
    from
      security_group_rule
    union all
    select
      member.subnet_id as owner_id,
      network_acl.held_from,
      network_acl.known_until,
      network_acl.valid_to
    from
      network_acl
      cross join unnest(network_acl.subnet_ids) as member (subnet_id)
  ),
  coverages as (
    select
      owner_id,
      min(held_from) as covered_from,
      max(
        coalesce(
          valid_to,
          seconds_after (known_until, $metadata_max_age_seconds)
        )
      ) as covered_until
    from
      known
    group by
      owner_id
  ),
  owners as (
    select
      subject.object_id,
      subject.line_number,
      subject.window_from,
      subject.window_to,
      'group' as owner_kind,
      member.group_id as owner_id
    from
      subject
      cross join unnest(subject.group_ids) as member (group_id)
    union
    select
      subject.object_id,
      subject.line_number,
      subject.window_from,
      subject.window_to,
      'subnet' as owner_kind,
      network_interface.subnet_id as owner_id
    from
      subject
      cross join unnest(subject.state_ids) as member (state_id)
      inner join network_interface on split_part(member.state_id, '+', 1) = network_interface.state_id
  ),
  covered as (
    select
      owners.object_id,
      owners.line_number,
      owners.owner_kind,
      coalesce(
        bool_and(
          coverages.covered_from is not null
          and coverages.covered_from <= owners.window_from
          and owners.window_to <= coverages.covered_until
        ),
        false
      ) as is_known
    from
      owners
      left join coverages on owners.owner_id = coverages.owner_id
    group by
      owners.object_id,
      owners.line_number,
      owners.owner_kind
  ),
  rules as (
    select
      object_id,
      line_number,
      list_sort(
        array_agg(distinct rule_id) filter(
          where
            outcome = 'permits'
        )
      ) as permitting_rule_ids,
      list_sort(
        array_agg(distinct rule_id) filter(
          where
            outcome = 'may_permit'
        )
      ) as changed_rule_ids,
      list_sort(
        array_agg(distinct rule_id) filter(
          where
            outcome = 'permitted_before'
        )
      ) as removed_rule_ids,
      bool_or(outcome = 'undecidable') as is_doubtful
    from
      rule_trial
    group by
      object_id,
      line_number
  ),
  found as (
    select
      subject.object_id,
      subject.line_number,
      subject.action,
      subject.as_of_verdict,
      subject.row_direction,
      subject.remote_address,
      case
        when subject.as_of_verdict = 'no_metadata' then 'no_metadata'
        when cardinality(subject.group_ids) = 0 then 'no_security_group'
        when subject.is_response is true then 'response'
        when subject.row_direction is null then 'undecidable'
        when cardinality(rules.permitting_rule_ids) > 0
        and subject.as_of_verdict = 'exact' then 'permitted'
        when cardinality(rules.permitting_rule_ids) > 0
        or cardinality(rules.changed_rule_ids) > 0
        or cardinality(rules.removed_rule_ids) > 0 then 'tracked_or_changed'
        when rules.is_doubtful is true
        or subject.remote_address is null
        or covered.is_known is not true
        or subject.initiator is null
        or subject.as_of_verdict = 'ambiguous' then 'undecidable'
        else 'unexplained'
      end as rule_finding,
      case
        when cardinality(rules.permitting_rule_ids) > 0 then rules.permitting_rule_ids
        when cardinality(rules.changed_rule_ids) > 0 then rules.changed_rule_ids
        else rules.removed_rule_ids
      end as rule_ids
    from
      subject
      left join rules on subject.object_id = rules.object_id
      and subject.line_number = rules.line_number
      left join covered on subject.object_id = covered.object_id
      and subject.line_number = covered.line_number
      and covered.owner_kind = 'group'
  ),
  sure as (
    select
      object_id,
      line_number,
      min(rule_number) as sure_rule_number
    from
      acl_trial
    where
      entry_match = 'matches'
    group by
      object_id,
      line_number
  ),
  -- Entries with one number are of several network ACLs, each of which may have been the subnet's.
  deciding as (
    select
      acl_trial.object_id,
      acl_trial.line_number,
      bool_or(
        is_deciding
        and entry_match = 'may_match'
      ) as is_doubtful,
      bool_or(
        is_deciding
        and action = 'allow'
      ) as is_any_allow,
      bool_or(
        is_deciding
        and action = 'deny'
      ) as is_any_deny,
      list_sort(
        array_agg(distinct entry_id) filter(
          where
            is_deciding
        )
      ) as entry_ids,
      list_sort(
        array_agg(distinct entry_id) filter(
          where
            entry_match = 'may_match'
            and rule_number <= coalesce(sure_rule_number, rule_number)
        )
      ) as doubtful_entry_ids
    from
      acl_trial
      left join sure on acl_trial.object_id = sure.object_id
      and acl_trial.line_number = sure.line_number
    group by
      acl_trial.object_id,
      acl_trial.line_number
  ),
  -- A network ACL is looked at where traffic enters or leaves the subnet, not within it.
  neighbours as (
    select distinct
      subject.object_id,
      subject.line_number
    from
      subject
      cross join unnest(subject.state_ids) as member (state_id)
      inner join network_interface on split_part(member.state_id, '+', 1) = network_interface.state_id
      inner join subnet on network_interface.subnet_id = subnet.subnet_id
      cross join unnest(list_concat([subnet.cidr], subnet.ipv6_cidrs)) as own_cidr (cidr)
    where
      subject.remote_address like '%:%' = (own_cidr.cidr like '%:%')
      and address_key (subject.remote_address) between cidr_first_key (own_cidr.cidr) and cidr_last_key (own_cidr.cidr)
  ),
  asked as (
    select
      found.*,
      neighbours.object_id is not null as is_within_subnet,
      covered.is_known is true as is_acl_known
    from
      found
      left join covered on found.object_id = covered.object_id
      and found.line_number = covered.line_number
      and covered.owner_kind = 'subnet'
      left join neighbours on found.object_id = neighbours.object_id
      and found.line_number = neighbours.line_number
  )
select
  asked.object_id,
  asked.line_number,
  if (
    asked.action = 'ACCEPT',
    asked.rule_finding,
    'not_applicable'
  ) as rule_verdict,
  if (
    asked.action = 'ACCEPT'
    and asked.rule_finding in ('permitted', 'tracked_or_changed'),
    asked.rule_ids,
    []
  ) as rule_ids,
  case
    when asked.action is distinct from 'REJECT' then 'not_applicable'
    when asked.rule_finding = 'tracked_or_changed' then 'undecidable'
    when asked.rule_finding = 'unexplained' then 'not_permitted'
    else asked.rule_finding
  end as group_verdict,
  case
    when asked.action is distinct from 'REJECT' then 'not_applicable'
    when asked.as_of_verdict = 'no_metadata' then 'no_metadata'
    when asked.is_within_subnet then 'not_applicable'
    -- Between two network ACLs the inventory may hold none of the subnet.
    when not asked.is_acl_known
    or deciding.object_id is null then 'no_metadata'
    when asked.row_direction is null
    or asked.remote_address is null then 'undecidable'
    when deciding.is_doubtful is true
    or (
      deciding.is_any_allow
      and deciding.is_any_deny
    ) then 'undecidable'
    when deciding.is_any_allow is true then 'permitted'
    -- What no entry matches, the last one denies, which every network ACL has.
    else 'denied'
  end as acl_verdict,
  case
    when asked.action is distinct from 'REJECT'
    or asked.as_of_verdict = 'no_metadata'
    or asked.is_within_subnet
    or not asked.is_acl_known
    or asked.row_direction is null
    or asked.remote_address is null then []
    when deciding.is_doubtful is true then deciding.doubtful_entry_ids
    else coalesce(deciding.entry_ids, [])
  end as acl_entry_ids
from
  asked
  left join deciding on asked.object_id = deciding.object_id
  and asked.line_number = deciding.line_number
order by
  asked.object_id,
  asked.line_number
