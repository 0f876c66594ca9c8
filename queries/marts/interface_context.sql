-- title: Network interfaces with what they belong to, and their scope
-- grain: one row a state of a network interface, of its instance, its subnet and its VPC together
-- parameters: none
-- source: scope_match holds the scopes of the configuration, one row a value that may match
with
  interfaces as (
    select
      *
    from
      network_interface
  ),
  -- Tags and names are of the instance, the subnet and the VPC: where one of them changes, so does the
  -- context. Snapshots of the same moment may state times some minutes apart; hence the hour.
  neighbours as (
    select
      interfaces.state_id,
      'instance' as kind,
      instance.valid_from,
      instance.known_until,
      instance.instance_name as name,
      instance.instance_profile_arn,
      instance.tags
    from
      interfaces
      inner join instance on interfaces.instance_id = instance.instance_id
      and instance.valid_from < coalesce(interfaces.valid_to, timestamp 'infinity')
      and instance.valid_from <= seconds_after (interfaces.known_until, 3600)
    union all
    select
      interfaces.state_id,
      'subnet' as kind,
      subnet.valid_from,
      subnet.known_until,
      null as name,
      null as instance_profile_arn,
      subnet.tags
    from
      interfaces
      inner join subnet on interfaces.subnet_id = subnet.subnet_id
      and subnet.valid_from < coalesce(interfaces.valid_to, timestamp 'infinity')
      and subnet.valid_from <= seconds_after (interfaces.known_until, 3600)
    union all
    select
      interfaces.state_id,
      'vpc' as kind,
      vpc.valid_from,
      vpc.known_until,
      null as name,
      null as instance_profile_arn,
      vpc.tags
    from
      interfaces
      inner join vpc on interfaces.vpc_id = vpc.vpc_id
      and vpc.valid_from < coalesce(interfaces.valid_to, timestamp 'infinity')
      and vpc.valid_from <= seconds_after (interfaces.known_until, 3600)
  ),
  moments as (
    select
      state_id,
      valid_from
    from
      interfaces
    union
    select
      interfaces.state_id,
      neighbours.valid_from
    from
      interfaces
      inner join neighbours on interfaces.state_id = neighbours.state_id
      and neighbours.valid_from > interfaces.valid_from
  ),
  pieces as (
    select
      state_id,
      valid_from,
      lag (valid_from) over state_history as previous_valid_from,
      lead (valid_from) over state_history as next_valid_from
    from
      moments
    window
      state_history as (
        partition by
          state_id
        order by
          valid_from
      )
  ),
  -- The newest state that began by then, and when the one before it was last seen.
  neighbours_then as (
    select
      pieces.state_id,
      pieces.valid_from,
      max_by(neighbours.name, neighbours.valid_from) filter(
        where
          neighbours.kind = 'instance'
      ) as instance_name,
      max_by(
        neighbours.instance_profile_arn,
        neighbours.valid_from
      ) filter(
        where
          neighbours.kind = 'instance'
      ) as instance_profile_arn,
      max_by(neighbours.tags, neighbours.valid_from) filter(
        where
          neighbours.kind = 'instance'
      ) as instance_tags,
      max_by(neighbours.tags, neighbours.valid_from) filter(
        where
          neighbours.kind = 'subnet'
      ) as subnet_tags,
      max_by(neighbours.tags, neighbours.valid_from) filter(
        where
          neighbours.kind = 'vpc'
      ) as vpc_tags
    from
      pieces
      inner join neighbours on pieces.state_id = neighbours.state_id
      and neighbours.valid_from <= pieces.valid_from
    group by
      pieces.state_id,
      pieces.valid_from
  ),
  -- A piece that a change ended was last seen when what changed was last seen as it had been; null where
  -- what appeared at its end had never been seen.
  pieces_seen as (
    select
      pieces.state_id,
      pieces.valid_from,
      min(coalesce(before.known_until, pieces.valid_from)) as last_seen_at
    from
      pieces
      inner join neighbours as after on pieces.state_id = after.state_id
      and pieces.next_valid_from = after.valid_from
      left join (
        select
          state_id,
          kind,
          known_until,
          lead (valid_from) over (
            partition by
              state_id,
              kind
            order by
              valid_from
          ) as next_valid_from
        from
          neighbours
      ) as before on after.state_id = before.state_id
      and after.kind = before.kind
      and after.valid_from = before.next_valid_from
    group by
      pieces.state_id,
      pieces.valid_from
  ),
  pieces_ended as (
    select
      pieces.state_id,
      pieces.valid_from,
      pieces.previous_valid_from,
      pieces.next_valid_from,
      case
        when pieces.next_valid_from is null then greatest(pieces.valid_from, interfaces.known_until)
        else greatest(
          pieces.valid_from,
          least(
            pieces_seen.last_seen_at,
            interfaces.known_until,
            pieces.next_valid_from
          )
        )
      end as known_until
    from
      pieces
      inner join interfaces on pieces.state_id = interfaces.state_id
      left join pieces_seen on pieces.state_id = pieces_seen.state_id
      and pieces.valid_from = pieces_seen.valid_from
  ),
  contexts as (
    select
      interfaces.network_interface_id,
      interfaces.instance_id,
      neighbours_then.instance_name,
      neighbours_then.instance_profile_arn,
      interfaces.owner_kind,
      interfaces.owner_kind_basis,
      interfaces.is_owner_inferred,
      interfaces.owner_id,
      interfaces.subnet_id,
      interfaces.vpc_id,
      interfaces.private_address,
      interfaces.addresses,
      interfaces.prefixes,
      interfaces.group_ids,
      map_concat(
        coalesce(neighbours_then.vpc_tags, map()),
        coalesce(neighbours_then.subnet_tags, map()),
        coalesce(neighbours_then.instance_tags, map()),
        coalesce(interfaces.tags, map())
      ) as tags,
      interfaces.account_id,
      interfaces.region,
      case
        when pieces_ended.previous_valid_from is null then interfaces.state_id
        else interfaces.state_id || '+' || moment_text (pieces_ended.valid_from)
      end as state_id,
      pieces_ended.valid_from,
      pieces_ended.known_until,
      coalesce(pieces_ended.next_valid_from, interfaces.valid_to) as valid_to,
      case
        when pieces_ended.previous_valid_from is null then interfaces.absent_at
        else lag (pieces_ended.known_until) over (
          partition by
            interfaces.state_id
          order by
            pieces_ended.valid_from
        )
      end as absent_at,
      case
        when pieces_ended.previous_valid_from is null then interfaces.held_from
        else pieces_ended.valid_from
      end as held_from
    from
      interfaces
      inner join pieces_ended on interfaces.state_id = pieces_ended.state_id
      left join neighbours_then on pieces_ended.state_id = neighbours_then.state_id
      and pieces_ended.valid_from = neighbours_then.valid_from
  ),
  -- A scope holds if each of its keys has at least one value that matches.
  matches as (
    select
      contexts.state_id,
      scope_match.scope_name,
      scope_match.scope_order,
      count(
        distinct scope_match.match_kind || ':' || scope_match.match_key
      ) as matched_keys
    from
      contexts
      inner join scope_match on case scope_match.match_kind
        when 'account' then contexts.account_id
        when 'vpc' then contexts.vpc_id
        when 'subnet' then contexts.subnet_id
        when 'instance' then contexts.instance_id
        when 'interface' then contexts.network_interface_id
        when 'tag' then element_at(contexts.tags, scope_match.match_key)
      end = scope_match.match_value
    group by
      contexts.state_id,
      scope_match.scope_name,
      scope_match.scope_order
  ),
  scope_sizes as (
    select
      scope_name,
      count(distinct match_kind || ':' || match_key) as key_count
    from
      scope_match
    group by
      scope_name
  ),
  scopes as (
    select
      matches.state_id,
      min_by(matches.scope_name, matches.scope_order) as scope_name
    from
      matches
      inner join scope_sizes on matches.scope_name = scope_sizes.scope_name
      and matches.matched_keys = scope_sizes.key_count
    group by
      matches.state_id
  )
select
  scopes.scope_name,
  contexts.*
from
  contexts
  left join scopes on contexts.state_id = scopes.state_id
order by
  contexts.network_interface_id,
  contexts.valid_from,
  contexts.state_id
