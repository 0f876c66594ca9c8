-- title: Which interface and instance an agent, or an event of one, may be of: by instance, address or host name, and time
-- grain: one row a key of a host, an address of an interface and a stretch of time in which the one may be of the other
-- parameters: metadata_max_age_seconds
-- source: an address goes from one instance to another, and several instances may have one name; so a name counts for
--   the time in which one instance alone has it. Times are those within which a state may have held: from the last
--   snapshot without it to the first that no longer shows it, else as long as the newest snapshot is taken to hold.
with
  states as (
    select distinct
      interface_context.instance_id,
      interface_context.network_interface_id,
      interface_context.subnet_id,
      interface_context.vpc_id,
      interface_context.scope_name,
      address.address,
      lower(interface_context.instance_name) as host_name,
      coalesce(absent_at, valid_from) as possible_from,
      coalesce(
        valid_to,
        seconds_after (known_until, $metadata_max_age_seconds)
      ) as possible_until
    from
      interface_context
      left join unnest(addresses) as address (address) on true
  ),
  names as (
    select distinct
      host_name,
      instance_id,
      possible_from,
      possible_until
    from
      states
    where
      instance_id is not null
      and host_name is not null
  ),
  moments as (
    select
      host_name,
      possible_from as moment
    from
      names
    union
    select
      host_name,
      possible_until as moment
    from
      names
    where
      possible_until is not null
  ),
  pieces as (
    select
      host_name,
      moment as piece_from,
      lead (moment) over (
        partition by
          host_name
        order by
          moment
      ) as piece_until
    from
      moments
  ),
  unique_names as (
    select
      pieces.host_name,
      min(names.instance_id) as instance_id,
      pieces.piece_from,
      pieces.piece_until
    from
      pieces
      inner join names on pieces.host_name = names.host_name
      and names.possible_from <= pieces.piece_from
      and (
        names.possible_until is null
        or names.possible_until > pieces.piece_from
      )
    group by
      pieces.host_name,
      pieces.piece_from,
      pieces.piece_until
    having
      count(distinct names.instance_id) = 1
  ),
  keyed as (
    select
      'address' as key_kind,
      address as host_key,
      instance_id,
      network_interface_id,
      subnet_id,
      vpc_id,
      scope_name,
      address,
      possible_from,
      possible_until
    from
      states
    where
      address is not null
    union all
    select
      'instance_id' as key_kind,
      instance_id as host_key,
      instance_id,
      network_interface_id,
      subnet_id,
      vpc_id,
      scope_name,
      address,
      possible_from,
      possible_until
    from
      states
    where
      instance_id is not null
    union all
    select
      'host_name' as key_kind,
      unique_names.host_name as host_key,
      unique_names.instance_id,
      states.network_interface_id,
      states.subnet_id,
      states.vpc_id,
      states.scope_name,
      states.address,
      greatest(states.possible_from, unique_names.piece_from) as possible_from,
      least(
        coalesce(states.possible_until, unique_names.piece_until),
        coalesce(unique_names.piece_until, states.possible_until)
      ) as possible_until
    from
      unique_names
      inner join states on unique_names.instance_id = states.instance_id
      and (
        states.possible_until is null
        or states.possible_until > unique_names.piece_from
      )
      and (
        unique_names.piece_until is null
        or states.possible_from < unique_names.piece_until
      )
  )
select distinct
  key_kind,
  host_key,
  instance_id,
  network_interface_id,
  subnet_id,
  vpc_id,
  scope_name,
  address,
  possible_from,
  possible_until
from
  keyed
order by
  key_kind,
  host_key,
  network_interface_id,
  address,
  possible_from,
  possible_until,
  instance_id,
  subnet_id,
  vpc_id,
  scope_name
