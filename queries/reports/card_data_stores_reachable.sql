-- title: Stores of card data reachable from untrusted networks
-- question: Can untrusted networks reach the systems in scope that store card data, by address and rule, and did they?
-- requirements: 1.4.4
-- parameters: period_start, period_end
-- rows: summary
-- needs: interfaces_in_scope, rules
-- grain: one row an interface in scope of a system that stores card data; one row if there is none
-- limits: Which interfaces are of such systems is what card_data_stores of the configuration says: by kind of owner or tag; a
--   database on an instance without the tag is missed. Public address space stands for untrusted networks; partner networks
--   with private addresses, and a wireless network, are not seen as such. Routes and internet gateways are not in the inventory; by which way a
--   public address reaches the store is not shown. A load balancer or proxy in front that untrusted networks reach is no
--   direct access. A store without public flows was not observed to be reached.
-- source: PCI DSS v4.0.1 requirement 1.4.4
with
  states as (
    select
      scope_interface.scope_name,
      scope_interface.network_interface_id,
      scope_interface.owner_kind,
      coalesce(
        scope_interface.instance_name,
        scope_interface.owner_id,
        scope_interface.instance_id
      ) as owner_name,
      scope_interface.private_address,
      scope_interface.group_ids,
      scope_interface.valid_from,
      coalesce(
        scope_interface.valid_to,
        cast($period_end as timestamp)
      ) as valid_until,
      case card_data_match.match_kind
        when 'tag' then 'tag ' || card_data_match.match_key || '=' || card_data_match.match_value
        else 'owner kind ' || card_data_match.match_value
      end as known_as
    from
      scope_interface
      inner join card_data_match on case card_data_match.match_kind
        when 'owner_kind' then scope_interface.owner_kind
        when 'tag' then element_at(scope_interface.tags, card_data_match.match_key)
      end = card_data_match.match_value
    where
      scope_interface.valid_from < cast($period_end as timestamp)
      and coalesce(
        scope_interface.valid_to > cast($period_start as timestamp),
        true
      )
  ),
  stores as (
    select
      network_interface_id,
      max_by(scope_name, valid_from) as scope_name,
      max_by(owner_kind, valid_from) as owner_kind,
      max_by(owner_name, valid_from) as owner_name,
      max_by(private_address, valid_from) as private_address,
      min(known_as) as known_as
    from
      states
    group by
      network_interface_id
  ),
  public_addresses as (
    select
      network_interface_id,
      max_by(public_address, valid_from) as public_address
    from
      network_interface
    where
      public_address is not null
      and valid_from < cast($period_end as timestamp)
      and coalesce(valid_to > cast($period_start as timestamp), true)
    group by
      network_interface_id
  ),
  rule_ranges as (
    select
      rule_id,
      group_id,
      cidr,
      valid_from,
      valid_to
    from
      security_group_rule
    where
      not is_egress
      and cidr is not null
    union all
    select
      security_group_rule.rule_id,
      security_group_rule.group_id,
      prefix_list_entry.cidr,
      greatest(
        security_group_rule.valid_from,
        prefix_list_entry.valid_from
      ) as valid_from,
      least(
        coalesce(
          security_group_rule.valid_to,
          prefix_list_entry.valid_to
        ),
        coalesce(
          prefix_list_entry.valid_to,
          security_group_rule.valid_to
        )
      ) as valid_to
    from
      security_group_rule
      inner join prefix_list_entry on security_group_rule.prefix_list_id = prefix_list_entry.prefix_list_id
    where
      not security_group_rule.is_egress
  ),
  public_rules as (
    select
      rule_id,
      group_id,
      cidr,
      valid_from,
      coalesce(valid_to, cast($period_end as timestamp)) as valid_until
    from
      rule_ranges
    where
      is_public_range (cidr, cidr_first_key (cidr), cidr_last_key (cidr)) is true
      and valid_from < cast($period_end as timestamp)
      and coalesce(valid_to > cast($period_start as timestamp), true)
  ),
  open_rules as (
    select
      states.network_interface_id,
      array_join (
        list_sort(
          array_agg(
            distinct public_rules.rule_id || ' (' || public_rules.cidr || ')'
          )
        ),
        ', '
      ) as public_rules
    from
      states
      cross join unnest(states.group_ids) as membership (group_id)
      inner join public_rules on membership.group_id = public_rules.group_id
      and public_rules.valid_from < states.valid_until
      and public_rules.valid_until > states.valid_from
    group by
      states.network_interface_id
  ),
  reached as (
    select
      network_interface_id,
      sum(if (opened_by = 'remote', flow_count, 0)) as flow_count,
      sum(if (opened_by is null, flow_count, 0)) as unclear_flow_count,
      min(if (opened_by = 'remote', first_at, null)) as first_at,
      max(if (opened_by = 'remote', last_at, null)) as last_at,
      min(if (opened_by = 'remote', peer_range, null)) as example_peer
    from
      edge_day
    where
      flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date < cast(cast($period_end as timestamp) as date)
      and action = 'ACCEPT'
      and peer_kind = 'public'
    group by
      network_interface_id
  ),
  judged as (
    select
      stores.*,
      public_addresses.public_address,
      open_rules.public_rules,
      coalesce(reached.flow_count, 0) as flow_count,
      coalesce(reached.unclear_flow_count, 0) as unclear_flow_count,
      reached.first_at,
      reached.last_at,
      reached.example_peer,
      case
        when reached.flow_count > 0 then 'CHD_STORE_REACHED'
        when public_addresses.public_address is not null
        and open_rules.public_rules is not null then 'CHD_STORE_REACHABLE'
        when reached.unclear_flow_count > 0 then 'CHD_STORE_PUBLIC_FLOWS'
        when open_rules.public_rules is not null then 'CHD_STORE_OPEN_RULE'
        when public_addresses.public_address is not null then 'CHD_STORE_PUBLIC_ADDRESS'
        else 'CHD_STORE_NOT_REACHABLE'
      end as gap_code
    from
      stores
      left join public_addresses on stores.network_interface_id = public_addresses.network_interface_id
      left join open_rules on stores.network_interface_id = open_rules.network_interface_id
      left join reached on stores.network_interface_id = reached.network_interface_id
    union all
    select
      null as network_interface_id,
      null as scope_name,
      null as owner_kind,
      null as owner_name,
      null as private_address,
      null as known_as,
      null as public_address,
      null as public_rules,
      0 as flow_count,
      0 as unclear_flow_count,
      cast(null as timestamp) as first_at,
      cast(null as timestamp) as last_at,
      null as example_peer,
      'CHD_STORE_NONE_KNOWN' as gap_code
    where
      not exists (
        select
          1
        from
          stores
      )
  )
select
  scope_name,
  network_interface_id,
  owner_kind,
  owner_name,
  known_as,
  private_address,
  public_address,
  public_rules,
  cast(flow_count as bigint) as public_flow_count,
  example_peer,
  first_at,
  last_at,
  case
    when gap_code in ('CHD_STORE_REACHED', 'CHD_STORE_REACHABLE') then 'contradicts'
    when gap_code = 'CHD_STORE_NOT_REACHABLE' then 'supports'
    when gap_code = 'CHD_STORE_NONE_KNOWN' then 'not_evidenced'
    else 'partial'
  end as status,
  gap_code,
  case gap_code
    when 'CHD_STORE_REACHED' then 'Public addresses opened connections to it: ' || cast(cast(flow_count as bigint) as varchar) || ' flows.'
    when 'CHD_STORE_REACHABLE' then 'It has a public address, and a rule permits public ranges; no flow was observed.'
    when 'CHD_STORE_PUBLIC_FLOWS' then 'It exchanged ' || cast(cast(unclear_flow_count as bigint) as varchar) || ' flows with public addresses; who opened them is not known.'
    when 'CHD_STORE_OPEN_RULE' then 'A rule permits public ranges; no public address of it is known.'
    when 'CHD_STORE_PUBLIC_ADDRESS' then 'It has a public address; no rule that is known permits public ranges.'
    when 'CHD_STORE_NONE_KNOWN' then 'No interface in scope is known to be of a system that stores card data.'
    else 'No public address, no rule for public ranges, and no connection that a public address opened.'
  end as why,
  case gap_code
    when 'CHD_STORE_NOT_REACHABLE' then null
    when 'CHD_STORE_NONE_KNOWN' then 'Name them under card_data_stores: kinds of owners or a tag.'
    when 'CHD_STORE_PUBLIC_FLOWS' then 'Record tcp-flags and flow-direction; look the flows up in flow_enriched.'
    else 'Move it to a private subnet, remove its public address, and limit its rules to the systems that need it.'
  end as remedy
from
  judged
order by
  scope_name,
  network_interface_id
