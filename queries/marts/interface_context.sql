-- title: Network interfaces with what they belong to, and their scope
-- grain: one row a state of a network interface
-- parameters: none
-- source: scope_match holds the scopes of the configuration, one row a value that may match
with
  interfaces as (
    select *
    from network_interface
  ),
  -- Of the instance, subnet and VPC, the newest state that began before the interface's state was
  -- last seen.
  instances_then as (
    select
      interfaces.state_id,
      max_by(instance.instance_name, instance.valid_from) as instance_name,
      max_by(instance.tags, instance.valid_from) as tags
    from interfaces
    inner join instance
      on interfaces.instance_id = instance.instance_id
      and instance.valid_from <= interfaces.known_until
    group by interfaces.state_id
  ),
  subnets_then as (
    select
      interfaces.state_id,
      max_by(subnet.tags, subnet.valid_from) as tags
    from interfaces
    inner join subnet
      on interfaces.subnet_id = subnet.subnet_id
      and subnet.valid_from <= interfaces.known_until
    group by interfaces.state_id
  ),
  vpcs_then as (
    select
      interfaces.state_id,
      max_by(vpc.tags, vpc.valid_from) as tags
    from interfaces
    inner join vpc
      on interfaces.vpc_id = vpc.vpc_id
      and vpc.valid_from <= interfaces.known_until
    group by interfaces.state_id
  ),
  contexts as (
    select
      interfaces.network_interface_id,
      interfaces.instance_id,
      instances_then.instance_name,
      interfaces.owner_kind,
      interfaces.owner_kind_basis,
      interfaces.subnet_id,
      interfaces.vpc_id,
      interfaces.private_address,
      interfaces.addresses,
      interfaces.group_ids,
      map_concat(
        coalesce(vpcs_then.tags, map()),
        coalesce(subnets_then.tags, map()),
        coalesce(instances_then.tags, map()),
        coalesce(interfaces.tags, map())
      ) as tags,
      interfaces.account_id,
      interfaces.region,
      interfaces.state_id,
      interfaces.valid_from,
      interfaces.known_until,
      interfaces.valid_to,
      interfaces.absent_at
    from interfaces
    left join instances_then on interfaces.state_id = instances_then.state_id
    left join subnets_then on interfaces.state_id = subnets_then.state_id
    left join vpcs_then on interfaces.state_id = vpcs_then.state_id
  ),
  -- A scope holds if each of its keys has at least one value that matches.
  matches as (
    select
      contexts.state_id,
      scope_match.scope_name,
      scope_match.scope_order,
      count(distinct scope_match.match_kind || ':' || scope_match.match_key) as matched_keys
    from contexts
    inner join scope_match
      on case scope_match.match_kind
        when 'account' then contexts.account_id
        when 'vpc' then contexts.vpc_id
        when 'subnet' then contexts.subnet_id
        when 'instance' then contexts.instance_id
        when 'interface' then contexts.network_interface_id
        when 'tag' then element_at(contexts.tags, scope_match.match_key)
      end = scope_match.match_value
    group by contexts.state_id, scope_match.scope_name, scope_match.scope_order
  ),
  scope_sizes as (
    select
      scope_name,
      count(distinct match_kind || ':' || match_key) as key_count
    from scope_match
    group by scope_name
  ),
  scopes as (
    select
      matches.state_id,
      min_by(matches.scope_name, matches.scope_order) as scope_name
    from matches
    inner join scope_sizes
      on matches.scope_name = scope_sizes.scope_name
      and matches.matched_keys = scope_sizes.key_count
    group by matches.state_id
  )
select
  scopes.scope_name,
  contexts.*
from contexts
left join scopes on contexts.state_id = scopes.state_id
order by contexts.network_interface_id, contexts.valid_from, contexts.state_id
