-- title: What the security groups and the network ACL say to each question of a class of flows
-- grain: one row a question
-- parameters: none
-- source: Amazon VPC User Guide, "Network ACL basics": entries are looked at in order of their number, and the
--   first that matches decides
with
  groups as (
    select
      match_id,
      list_sort(
        array_agg(distinct entry_id) filter(
          where
            standing = 'in_force'
            and doubt is null
        )
      ) as permitting_rule_ids,
      list_sort(
        array_agg(distinct entry_id) filter(
          where
            standing = 'changed_about_then'
            and doubt is null
        )
      ) as changed_rule_ids,
      list_sort(
        array_agg(distinct entry_id) filter(
          where
            standing = 'removed_before'
            and doubt is null
        )
      ) as removed_rule_ids,
      min(doubt) filter(
        where
          standing in ('in_force', 'changed_about_then')
      ) as doubt,
      -- What a rule permits that was seen to be in force rests on no other.
      bool_or(is_back_dated)
      and not bool_or(
        standing = 'in_force'
        and doubt is null
        and not is_back_dated
      ) as is_back_dated
    from
      match_rule
    where
      owner_kind = 'group'
    group by
      match_id
  ),
  back_dated_entries as (
    select
      match_id
    from
      match_rule
    where
      owner_kind = 'subnet'
      and is_back_dated
    group by
      match_id
  ),
  sure_entries as (
    select
      match_id,
      min(rule_number) as rule_number
    from
      match_rule
    where
      owner_kind = 'subnet'
      and standing = 'in_force'
      and doubt is null
    group by
      match_id
  ),
  -- Those that come before the first that matches for sure.
  doubtful_entries as (
    select
      match_rule.match_id,
      min(match_rule.rule_number) as rule_number,
      list_sort(array_agg(distinct match_rule.entry_id)) as entry_ids
    from
      match_rule
      left join sure_entries on match_rule.match_id = sure_entries.match_id
    where
      match_rule.owner_kind = 'subnet'
      and (
        match_rule.standing = 'changed_about_then'
        or (
          match_rule.standing = 'in_force'
          and match_rule.doubt is not null
        )
      )
      and match_rule.rule_number <= coalesce(sure_entries.rule_number, 65536)
    group by
      match_rule.match_id
  ),
  deciding as (
    select
      sure_entries.match_id,
      sure_entries.rule_number,
      bool_and(match_rule.is_allow) as is_allow,
      bool_or(match_rule.is_allow) as is_any_allow,
      list_sort(array_agg(distinct match_rule.entry_id)) as entry_ids
    from
      sure_entries
      inner join match_rule on sure_entries.match_id = match_rule.match_id
      and sure_entries.rule_number = match_rule.rule_number
    where
      match_rule.owner_kind = 'subnet'
      and match_rule.standing = 'in_force'
      and match_rule.doubt is null
    group by
      sure_entries.match_id,
      sure_entries.rule_number
  ),
  answers as (
    select
      match_key.match_id,
      coalesce(groups.permitting_rule_ids, []) as permitting_rule_ids,
      coalesce(groups.changed_rule_ids, []) as changed_rule_ids,
      coalesce(groups.removed_rule_ids, []) as removed_rule_ids,
      case
        when groups.doubt is not null then groups.doubt
        when not context_coverage.are_groups_known then 'rules_unknown'
      end as doubt,
      coalesce(
        groups.is_back_dated,
        -- Nothing matches: that this is all there was may rest on back-dating.
        context_coverage.are_groups_known
        and context_coverage.are_groups_back_dated,
        false
      ) as is_rule_back_dated,
      case
      -- Within a subnet no network ACL is looked at.
        when deciding.rule_number = 0 then 'not_applicable'
        when not context_coverage.is_acl_known then 'no_metadata'
        -- Two network ACLs may have been the subnet's, or two subnets the interface's.
        when doubtful_entries.rule_number is not null
        or deciding.is_allow <> deciding.is_any_allow then 'undecidable'
        when deciding.is_allow then 'permitted'
        -- What no entry matches, the last one denies, which every network ACL has.
        else 'denied'
      end as acl_verdict,
      case
        when deciding.rule_number = 0
        or not context_coverage.is_acl_known then []
        when doubtful_entries.rule_number is not null then doubtful_entries.entry_ids
        else coalesce(deciding.entry_ids, [])
      end as acl_entry_ids,
      coalesce(
        context_coverage.is_acl_known
        and deciding.rule_number is distinct from 0
        and (
          context_coverage.is_acl_back_dated
          or back_dated_entries.match_id is not null
        ),
        false
      ) as is_acl_back_dated
    from
      match_key
      left join groups on match_key.match_id = groups.match_id
      left join deciding on match_key.match_id = deciding.match_id
      left join back_dated_entries on match_key.match_id = back_dated_entries.match_id
      left join doubtful_entries on match_key.match_id = doubtful_entries.match_id
      left join context_coverage on match_key.context_id = context_coverage.context_id
  )
select
  *,
  -- Many questions have the same answer.
  cast(
    dense_rank () over (
      order by
        permitting_rule_ids,
        changed_rule_ids,
        removed_rule_ids,
        doubt,
        acl_verdict,
        acl_entry_ids,
        is_rule_back_dated,
        is_acl_back_dated
    ) as integer
  ) as answer_id
from
  answers
