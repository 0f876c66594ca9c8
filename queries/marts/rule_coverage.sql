-- title: From when until when the rules of each security group are known
-- grain: one row a security group
-- parameters: metadata_max_age_seconds
-- source: what was not looked at cannot have been found missing: outside this time no verdict can be
--   that no rule permits a flow
with
  known as (
    select
      group_id,
      valid_from,
      coalesce(
        valid_to,
        seconds_after (known_until, $metadata_max_age_seconds)
      ) as valid_until
    from
      security_group
    union all
    select
      group_id,
      valid_from,
      coalesce(
        valid_to,
        seconds_after (known_until, $metadata_max_age_seconds)
      ) as valid_until
    from
      security_group_rule
  )
select
  group_id,
  min(valid_from) as covered_from,
  max(valid_until) as covered_until
from
  known
where
  group_id is not null
group by
  group_id
order by
  group_id
