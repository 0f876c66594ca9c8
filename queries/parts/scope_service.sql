-- title: What entered and left each scope, against the list of allowed services
-- grain: one row a direction, scope, service, segment of the other side, answer of the list and entry of it; and one row an
--   entry without traffic
-- parameters: period_start, period_end
-- source: PCI DSS v4.0.1 requirements 1.2.5, 1.3.1, 1.3.2 and 1.4.2
with
  recorded as (
    select
      *,
      if (
        opened_by = 'remote'
        or (
          opened_by is null
          and coalesce(row_direction, 'ingress') = 'ingress'
        ),
        'inbound',
        'outbound'
      ) as direction
    from
      edge_day
    where
      flow_date >= cast(cast($period_start as timestamp) as date)
      and flow_date < cast(cast($period_end as timestamp) as date)
      and scope_name is not null
      and action = 'ACCEPT'
      and coalesce(peer_scope_name, '') <> scope_name
  ),
  traffic as (
    select
      direction,
      scope_name,
      opened_by,
      protocol,
      first_port,
      last_port,
      peer_kind,
      peer_interface_id,
      peer_scope_name,
      is_peer_scope_unclear,
      peer_range,
      max(peer_count) as peer_count,
      sum(flow_count) as flow_count,
      sum(inferred_count) as inferred_count,
      sum(if (row_direction = 'ingress', byte_count, 0)) as in_byte_count,
      sum(if (row_direction = 'egress', byte_count, 0)) as out_byte_count,
      min(first_at) as first_at,
      max(last_at) as last_at,
      min(flow_date) as first_date,
      max(flow_date) as last_date
    from
      recorded
    group by
      direction,
      scope_name,
      opened_by,
      protocol,
      first_port,
      last_port,
      peer_kind,
      peer_interface_id,
      peer_scope_name,
      is_peer_scope_unclear,
      peer_range
  ),
  ends as (
    select
      *,
      row_number() over (
        order by
          direction,
          scope_name,
          opened_by,
          protocol,
          first_port,
          last_port,
          peer_kind,
          peer_interface_id,
          peer_scope_name,
          is_peer_scope_unclear,
          peer_range
      ) as end_number,
      cidr_first_key (peer_range) as first_key,
      cidr_last_key (peer_range) as last_key
    from
      traffic
  ),
  entries as (
    select
      *,
      'allowed_services[' || cast(entry_number as varchar) || ']' as allowed_by
    from
      allowed_service
  ),
  entry_ranges as (
    select
      entry_number,
      peer_value as cidr,
      cast(null as date) as first_date,
      cast(null as date) as last_date
    from
      allowed_peer
    where
      peer_kind = 'cidr'
    union all
    select
      allowed_peer.entry_number,
      prefix_list_entry.cidr,
      cast(prefix_list_entry.valid_from as date) as first_date,
      cast(prefix_list_entry.valid_to as date) as last_date
    from
      allowed_peer
      inner join prefix_list_entry on allowed_peer.peer_value = prefix_list_entry.prefix_list_id
    where
      allowed_peer.peer_kind = 'prefix_list'
  ),
  keyed_ranges as (
    select
      entry_number,
      cidr,
      first_date,
      last_date,
      cidr_first_key (cidr) as first_key,
      cidr_last_key (cidr) as last_key
    from
      entry_ranges
  ),
  -- How well an entry fits: 2 for all of the row, 1 for some of it or perhaps.
  port_fits as (
    select
      ends.end_number,
      entries.entry_number,
      entries.has_peers,
      max(
        case
          when entries.first_port is null then 2
          when ends.first_port between entries.first_port and entries.last_port
          and ends.last_port between entries.first_port and entries.last_port then 2
          when ends.first_port is null
          and coalesce(ends.protocol in (6, 17), true) then 1
          when ends.first_port <= entries.last_port
          and ends.last_port >= entries.first_port then 1
          else 0
        end
      ) as port_fit
    from
      ends
      inner join entries on entries.direction = ends.direction
      and coalesce(entries.scope_name, ends.scope_name) = ends.scope_name
      and coalesce(entries.protocol, ends.protocol, -1) = coalesce(ends.protocol, -1)
    group by
      ends.end_number,
      entries.entry_number,
      entries.has_peers
  ),
  range_fits as (
    select
      ends.end_number,
      keyed_ranges.entry_number,
      max(
        case
          when ends.peer_kind = 'public'
          and keyed_ranges.cidr like '%/0' then 2
          when ends.peer_range is null then 1
          when keyed_ranges.first_key <= ends.first_key
          and keyed_ranges.last_key >= ends.last_key then 2
          else 1
        end
      ) as peer_fit
    from
      ends
      inner join keyed_ranges on coalesce(keyed_ranges.first_key <= ends.last_key, true)
      and coalesce(keyed_ranges.last_key >= ends.first_key, true)
      and coalesce(keyed_ranges.first_date <= ends.first_date, true)
      and coalesce(keyed_ranges.last_date >= ends.last_date, true)
    group by
      ends.end_number,
      keyed_ranges.entry_number
  ),
  scope_fits as (
    select
      ends.end_number,
      allowed_peer.entry_number,
      2 as peer_fit
    from
      ends
      inner join allowed_peer on allowed_peer.peer_kind = 'scope'
      and allowed_peer.peer_value = ends.peer_scope_name
  ),
  fits as (
    select
      port_fits.end_number,
      port_fits.entry_number,
      least(
        port_fits.port_fit,
        if (
          port_fits.has_peers,
          greatest(
            coalesce(range_fits.peer_fit, 0),
            coalesce(scope_fits.peer_fit, 0)
          ),
          2
        )
      ) as fit
    from
      port_fits
      left join range_fits on port_fits.end_number = range_fits.end_number
      and port_fits.entry_number = range_fits.entry_number
      left join scope_fits on port_fits.end_number = scope_fits.end_number
      and port_fits.entry_number = scope_fits.entry_number
  ),
  best_fits as (
    select
      end_number,
      max(fit) as fit,
      min(entry_number) filter(
        where
          fit = 2
      ) as entry_number
    from
      fits
    group by
      end_number
  ),
  -- A list that says nothing of a scope is none for it.
  listed_scopes as (
    select distinct
      ends.direction,
      ends.scope_name
    from
      ends
      inner join entries on entries.direction = ends.direction
      and coalesce(entries.scope_name, ends.scope_name) = ends.scope_name
  ),
  judged as (
    select
      ends.*,
      service_text (
        ends.protocol,
        ends.first_port,
        ends.last_port,
        named_service.service
      ) as service,
      segment_text (
        ends.peer_kind,
        ends.peer_scope_name,
        ends.is_peer_scope_unclear
      ) as peer_segment,
      coalesce(
        ends.peer_interface_id || ' (' || split_part(ends.peer_range, '/', 1) || ')',
        ends.peer_range,
        'others'
      ) as peer,
      best_fits.entry_number,
      case
        when listed_scopes.scope_name is null then 'no_list'
        when best_fits.fit = 2 then 'allowed'
        when best_fits.fit = 1 then 'unclear'
        when ends.opened_by is null then 'opener_unknown'
        else 'not_allowed'
      end as answer
    from
      ends
      left join named_service on ends.protocol = named_service.protocol
      and ends.first_port >= named_service.first_port
      and ends.last_port <= named_service.last_port
      left join best_fits on ends.end_number = best_fits.end_number
      left join listed_scopes on ends.direction = listed_scopes.direction
      and ends.scope_name = listed_scopes.scope_name
  ),
  placed as (
    select
      *,
      row_number() over (
        partition by
          direction,
          scope_name,
          service,
          peer_segment,
          answer,
          entry_number
        order by
          flow_count desc,
          end_number
      ) as peer_place
    from
      judged
  ),
  grouped as (
    select
      direction,
      scope_name,
      peer_segment,
      service,
      answer,
      entry_number,
      array_join (
        array_agg(
          peer
          order by
            peer_place
        ) filter(
          where
            peer_place <= 3
        ),
        ', '
      ) as example_peers,
      sum(peer_count) as peer_count,
      sum(flow_count) as flow_count,
      sum(inferred_count) as inferred_count,
      sum(in_byte_count) as in_byte_count,
      sum(out_byte_count) as out_byte_count,
      min(first_at) as first_at,
      max(last_at) as last_at
    from
      placed
    group by
      direction,
      scope_name,
      peer_segment,
      service,
      answer,
      entry_number
  ),
  entry_texts as (
    select
      entry_number,
      min(direction) as direction,
      min(allowed_by) as allowed_by,
      min(scope_name) as scope_name,
      min(protocol) as protocol,
      min(justification) as justification,
      min(approved_by) as approved_by,
      array_join (
        array_agg(
          service_text (protocol, first_port, last_port, null)
          order by
            first_port
        ) filter(
          where
            first_port is not null
        ),
        ', '
      ) as services
    from
      entries
    group by
      entry_number
  ),
  listed as (
    select
      grouped.direction,
      grouped.scope_name,
      grouped.peer_segment,
      grouped.service,
      grouped.answer,
      entry_texts.allowed_by,
      entry_texts.justification,
      entry_texts.approved_by,
      grouped.example_peers,
      grouped.peer_count,
      grouped.flow_count,
      grouped.inferred_count,
      grouped.in_byte_count,
      grouped.out_byte_count,
      grouped.first_at,
      grouped.last_at
    from
      grouped
      left join entry_texts on grouped.entry_number = entry_texts.entry_number
    union all
    select
      direction,
      scope_name,
      null as peer_segment,
      coalesce(
        services,
        if (
          protocol is null,
          'any service',
          service_text (protocol, null, null, null)
        )
      ) as service,
      'not_observed' as answer,
      allowed_by,
      justification,
      approved_by,
      null as example_peers,
      0 as peer_count,
      0 as flow_count,
      0 as inferred_count,
      0 as in_byte_count,
      0 as out_byte_count,
      cast(null as timestamp) as first_at,
      cast(null as timestamp) as last_at
    from
      entry_texts
    where
      entry_number not in (
        select
          entry_number
        from
          fits
        where
          fit = 2
      )
  ),
  worded as (
    select
      *,
      if (direction = 'inbound', 'It entered', 'It left') as passed
    from
      listed
  )
select
  direction,
  answer,
  scope_name,
  peer_segment,
  service,
  example_peers,
  allowed_by,
  approved_by,
  justification,
  cast(peer_count as bigint) as peer_count,
  cast(flow_count as bigint) as flow_count,
  cast(in_byte_count as bigint) as in_byte_count,
  cast(out_byte_count as bigint) as out_byte_count,
  first_at,
  last_at,
  case answer
    when 'allowed' then 'supports'
    when 'not_allowed' then 'contradicts'
    else 'partial'
  end as status,
  case answer
    when 'no_list' then 'NSC_NO_ALLOW_LIST'
    when 'allowed' then 'NSC_' || upper(direction) || '_ALLOWED'
    when 'unclear' then 'NSC_' || upper(direction) || '_UNCLEAR'
    when 'opener_unknown' then 'NSC_OPENER_UNKNOWN'
    when 'not_observed' then 'NSC_ALLOWED_NOT_OBSERVED'
    else 'NSC_' || upper(direction) || '_NOT_ALLOWED'
  end as gap_code,
  case answer
    when 'no_list' then passed || '; the configuration has no allowed_services for this scope and direction'
    when 'allowed' then passed || ', and ' || allowed_by || ' allows it'
    when 'unclear' then passed || '; an entry allows a part of the range that is known here, or the port is not known'
    when 'opener_unknown' then 'No entry allows it, but who opened it is not known: it may be an answer'
    when 'not_observed' then 'No flow that ' || allowed_by || ' allows was observed in the period'
    else passed || ', and no entry of allowed_services allows it'
  end || if (
    inferred_count > 0
    and answer in ('allowed', 'not_allowed', 'no_list'),
    '; of ' || cast(cast(flow_count as bigint) as varchar) || ' flows, who opened ' || cast(cast(inferred_count as bigint) as varchar) || ' is inferred from the ports.',
    '.'
  ) as why,
  case answer
    when 'no_list' then 'List what is allowed, with its need and approval, under allowed_services.'
    when 'unclear' then 'Widen the entry, or look the flows up: flow_enriched has every address and port.'
    when 'opener_unknown' then 'Record tcp-flags and flow-direction, so that it is known who opened a connection.'
    when 'not_observed' then 'Ask the owner whether it is still needed (1.2.7); that it was not observed does not show that it is not.'
    when 'not_allowed' then 'Close it at the network security control, or approve it and add it to allowed_services.'
  end as remedy
from
  worded
