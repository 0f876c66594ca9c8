-- title: The rules of every group that the interface may have had, and when each is known to have held
-- grain: one row a rule and an unbroken stretch of time in which it said the same
-- parameters: metadata_max_age_seconds
with
  groups as (
    select distinct
      member.group_id
    from
      subject
      cross join unnest(subject.group_ids) as member (group_id)
    where
      subject.action in ('ACCEPT', 'REJECT')
  ),
  states as (
    select
      security_group_rule.*,
      -- A change of the description alone is no change of what the rule permits.
      hash(
        row(
          rule_id,
          group_id,
          is_egress,
          protocol,
          from_port,
          to_port,
          cidr,
          prefix_list_id,
          referenced_group_id
        )
      ) as content
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
  compared as (
    select
      *,
      lag (valid_to) over (
        partition by
          content
        order by
          valid_from
      ) is distinct from valid_from as is_first
    from
      states
  ),
  numbered as (
    select
      *,
      count(*) filter(is_first) over (
        partition by
          content
        order by
          valid_from
      ) as stretch_number
    from
      compared
  ),
  stretches as (
    select
      min(rule_id) as rule_id,
      min(group_id) as group_id,
      bool_or(is_egress) as is_egress,
      min(protocol) as protocol,
      min(from_port) as from_port,
      min(to_port) as to_port,
      min(cidr) as cidr,
      min(prefix_list_id) as prefix_list_id,
      min(referenced_group_id) as referenced_group_id,
      max_by(description, valid_from) as description,
      max_by(known_by, valid_from) as known_by,
      min(coalesce(absent_at, held_from)) as possible_from,
      min(held_from) as certain_from,
      case
        when bool_or(valid_to is null) then seconds_after (max(known_until), $metadata_max_age_seconds)
        else max(known_until)
      end as certain_until,
      max(
        coalesce(
          valid_to,
          seconds_after (known_until, $metadata_max_age_seconds)
        )
      ) as possible_until,
      not bool_or(valid_to is null) as is_removed
    from
      numbered
    group by
      content,
      stretch_number
  )
select
  row_number() over (
    order by
      group_id,
      is_egress,
      rule_id,
      possible_from,
      certain_from,
      protocol,
      from_port,
      to_port,
      cidr,
      prefix_list_id,
      referenced_group_id
  ) as rule_number,
  *
from
  stretches
order by
  rule_number
