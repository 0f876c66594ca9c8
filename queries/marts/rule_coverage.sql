-- title: From when until when the rules of each security group, and the network ACL of each subnet, are known
-- grain: one row a security group or subnet
-- parameters: metadata_max_age_seconds
-- source: what was not looked at cannot have been found missing: outside this time no verdict can be
--   that no rule permits a flow, or that no entry denies it
with
  known as (
    select
      group_id as owner_id,
      held_from,
      valid_from,
      coalesce(
        valid_to,
        seconds_after (known_until, $metadata_max_age_seconds)
      ) as valid_until
    from
      security_group
    union all
    select
      group_id as owner_id,
      held_from,
      valid_from,
      coalesce(
        valid_to,
        seconds_after (known_until, $metadata_max_age_seconds)
      ) as valid_until
    from
      security_group_rule
    union all
    select
      subnet.subnet_id as owner_id,
      held_from,
      valid_from,
      coalesce(
        valid_to,
        seconds_after (known_until, $metadata_max_age_seconds)
      ) as valid_until
    from
      network_acl
      cross join unnest(subnet_ids) as subnet (subnet_id)
  )
select
  owner_id,
  min(held_from) as covered_from,
  min(valid_from) as seen_from,
  max(valid_until) as covered_until
from
  known
where
  owner_id is not null
group by
  owner_id
order by
  owner_id
