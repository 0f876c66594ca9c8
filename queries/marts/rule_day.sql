-- title: What each security group rule let through, by day
-- grain: one row a rule that permitted an accepted flow
-- parameters: flow_date
-- source: a flow that several rules permit counts for each of them; a rule without a row was not observed in use, which does
--   not show that it is unused
with
  networks as (
    select
      rule_id,
      sum(peer_count) as peer_count,
      count(*) as network_count,
      sum(flow_count) as flow_count,
      sum(byte_count) as byte_count,
      min(first_at) as first_at,
      max(last_at) as last_at
    from
      rule_network_day
    where
      flow_date = cast($flow_date as date)
    group by
      rule_id
  ),
  ports as (
    select
      rule_id,
      count(port) as port_count
    from
      rule_port_day
    where
      flow_date = cast($flow_date as date)
    group by
      rule_id
  )
select
  networks.rule_id,
  cast(networks.flow_count as bigint) as flow_count,
  cast(networks.byte_count as bigint) as byte_count,
  cast(networks.peer_count as bigint) as peer_count,
  cast(networks.network_count as bigint) as network_count,
  cast(ports.port_count as bigint) as port_count,
  networks.first_at,
  networks.last_at,
  cast($flow_date as date) as flow_date
from
  networks
  left join ports on networks.rule_id = ports.rule_id
order by
  networks.rule_id
