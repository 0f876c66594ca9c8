-- title: Networks in scope, now, that no flow log records
-- grain: one row a scope and a VPC that has interfaces without a flow log, or that the scope names and no flow log covers
-- parameters: log_destination
-- source: known_place holds the accounts and Regions whose flow logs are known; Amazon VPC User Guide, "Flow log basics": a flow log is of a VPC, a subnet or an interface
with
  current_flow_logs as (
    select
      resource_id
    from
      flow_log
    where
      valid_to is null
      and resource_id is not null
  ),
  destinations as (
    select
      min(log_destination) as log_destination
    from
      flow_log
    where
      valid_to is null
      and log_destination_type = 's3'
  ),
  interfaces as (
    select
      scope_interface.*,
      exists (
        select
          1
        from
          current_flow_logs
        where
          current_flow_logs.resource_id in (
            scope_interface.network_interface_id,
            scope_interface.subnet_id,
            scope_interface.vpc_id
          )
      ) as is_covered
    from
      scope_interface
    where
      valid_to is null
      and exists (
        select
          1
        from
          known_place
        where
          known_place.account_id in (
            '',
            coalesce(
              scope_interface.account_id,
              known_place.account_id
            )
          )
          and known_place.region in (
            '',
            coalesce(scope_interface.region, known_place.region)
          )
      )
  ),
  uncovered as (
    select
      scope_name,
      vpc_id,
      account_id,
      region,
      count(distinct network_interface_id) as interface_count,
      count(distinct network_interface_id) filter(
        where
          not is_covered
      ) as uncovered_count,
      min(network_interface_id) filter(
        where
          not is_covered
      ) as example_interface_id
    from
      interfaces
    group by
      scope_name,
      vpc_id,
      account_id,
      region
  ),
  -- A VPC that the configuration names is in scope before its first interface is.
  named_vpcs as (
    select distinct
      scope_match.scope_name,
      scope_match.match_value as vpc_id
    from
      scope_match
    where
      scope_match.match_kind = 'vpc'
      and not exists (
        select
          1
        from
          interfaces
        where
          interfaces.vpc_id = scope_match.match_value
      )
      and not exists (
        select
          1
        from
          current_flow_logs
        where
          current_flow_logs.resource_id = scope_match.match_value
      )
  ),
  listed as (
    select
      scope_name,
      vpc_id,
      account_id,
      region,
      interface_count,
      uncovered_count,
      example_interface_id,
      true as is_known
    from
      uncovered
    where
      uncovered_count > 0
    union all
    select
      named_vpcs.scope_name,
      named_vpcs.vpc_id,
      current_vpcs.account_id,
      current_vpcs.region,
      0 as interface_count,
      0 as uncovered_count,
      cast(null as varchar) as example_interface_id,
      current_vpcs.vpc_id is not null as is_known
    from
      named_vpcs
      left join (
        select
          vpc_id,
          min(account_id) as account_id,
          min(region) as region
        from
          vpc
        where
          valid_to is null
        group by
          vpc_id
      ) as current_vpcs on named_vpcs.vpc_id = current_vpcs.vpc_id
  )
select
  listed.*,
  create_flow_log_command (
    coalesce(vpc_id, example_interface_id),
    's3',
    coalesce(
      cast($log_destination as varchar),
      destinations.log_destination
    ),
    null
  ) as create_command
from
  listed
  cross join destinations
order by
  scope_name,
  vpc_id,
  account_id,
  region
