-- title: Networks that used what a security group rule permits, by day
-- grain: one row a rule and network: of IPv4 the first 24 bits, of IPv6 the first 64
-- parameters: flow_date
-- source: a flow that several rules permit counts for each of them
with
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
  rules as (
    select
      match_answer.answer_id,
      rule.rule_id
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
      sum(flow_count) as flow_count,
      sum(byte_count) as byte_count,
      min(first_at) as first_at,
      max(last_at) as last_at
    from
      rule_edge
    group by
      answer_id,
      remote_number
  )
select
  rules.rule_id,
  networks.network,
  cast(count(distinct peers.remote_number) as bigint) as peer_count,
  cast(sum(peers.flow_count) as bigint) as flow_count,
  cast(sum(peers.byte_count) as bigint) as byte_count,
  min(peers.first_at) as first_at,
  max(peers.last_at) as last_at,
  cast($flow_date as date) as flow_date
from
  peers
  inner join rules on peers.answer_id = rules.answer_id
  inner join networks on peers.remote_number = networks.address_number
group by
  rules.rule_id,
  networks.network
order by
  rules.rule_id,
  networks.network
