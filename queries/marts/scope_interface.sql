-- title: Network interfaces in scope
-- grain: one row a state of a network interface that the configuration puts in a scope
-- parameters: none
select
  scope_name,
  network_interface_id,
  instance_id,
  instance_name,
  instance_profile_arn,
  owner_kind,
  owner_kind_basis,
  is_owner_inferred,
  owner_id,
  subnet_id,
  vpc_id,
  private_address,
  addresses,
  prefixes,
  group_ids,
  tags,
  account_id,
  region,
  state_id,
  valid_from,
  known_until,
  valid_to,
  absent_at,
  held_from
from
  interface_context
where
  scope_name is not null
order by
  scope_name,
  network_interface_id,
  valid_from,
  state_id
