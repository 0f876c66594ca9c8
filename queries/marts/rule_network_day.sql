-- title: Networks that used what a security group rule permits, by day
-- grain: one row a rule and network: of IPv4 the first 24 bits, of IPv6 the first 64
-- parameters: flow_date
-- source: a flow that several rules permit counts for each of them
with
  -- Numbers instead of names: what is added up below has many rows.
  networks as (
    select
      address_number,
      if (
        is_ipv6,
        array_join (
          [
            substr(address_key, 1, 4),
            substr(address_key, 5, 4),
            substr(address_key, 9, 4),
            substr(address_key, 13, 4)
          ],
          ':'
        ) || '::/64',
        regexp_replace(address, '[.][0-9]+$', '.0/24')
      ) as network
    from
      day_address
  ),
  numbered_networks as (
    select
      *,
      cast(
        dense_rank () over (
          order by
            network
        ) as integer
      ) as network_number
    from
      networks
  ),
  rules as (
    select
      match_answer.answer_id,
      rule.rule_id,
      cast(
        dense_rank () over (
          order by
            rule.rule_id
        ) as integer
      ) as rule_number
    from
      match_answer
      cross join unnest(match_answer.permitting_rule_ids) as rule (rule_id)
    where
      flow_date = cast($flow_date as date)
  ),
  peers as (
    select
      answer_id,
      remote_number,
      cast(sum(flow_count) as bigint) as flow_count,
      cast(sum(byte_count) as bigint) as byte_count,
      min(first_at) as first_at,
      max(last_at) as last_at
    from
      rule_edge
    group by
      answer_id,
      remote_number
  ),
  -- Several answers may name one rule.
  rule_peers as (
    select
      rules.rule_number,
      peers.remote_number,
      cast(sum(peers.flow_count) as bigint) as flow_count,
      cast(sum(peers.byte_count) as bigint) as byte_count,
      min(peers.first_at) as first_at,
      max(peers.last_at) as last_at
    from
      peers
      inner join rules on peers.answer_id = rules.answer_id
    group by
      rules.rule_number,
      peers.remote_number
  ),
  sums as (
    select
      rule_peers.rule_number,
      numbered_networks.network_number,
      count(*) as peer_count,
      cast(sum(rule_peers.flow_count) as bigint) as flow_count,
      cast(sum(rule_peers.byte_count) as bigint) as byte_count,
      min(rule_peers.first_at) as first_at,
      max(rule_peers.last_at) as last_at
    from
      rule_peers
      inner join numbered_networks on rule_peers.remote_number = numbered_networks.address_number
    group by
      rule_peers.rule_number,
      numbered_networks.network_number
  ),
  rule_names as (
    select distinct
      rule_number,
      rule_id
    from
      rules
  ),
  network_names as (
    select distinct
      network_number,
      network
    from
      numbered_networks
  )
select
  rule_names.rule_id,
  network_names.network,
  sums.peer_count,
  sums.flow_count,
  sums.byte_count,
  sums.first_at,
  sums.last_at,
  cast($flow_date as date) as flow_date
from
  sums
  inner join rule_names on sums.rule_number = rule_names.rule_number
  inner join network_names on sums.network_number = network_names.network_number
order by
  rule_names.rule_id,
  network_names.network
