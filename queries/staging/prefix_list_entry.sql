-- title: Entries of prefix lists
-- grain: one row a state of an entry
select
  json_extract_scalar (configuration, '$.PrefixListId') as prefix_list_id,
  json_extract_scalar (configuration, '$.Cidr') as cidr,
  account_id,
  region,
  state_id,
  valid_from,
  known_until,
  valid_to,
  absent_at,
  held_from,
  known_by,
  start_precision,
  end_precision
from
  inventory_state
where
  resource_type = 'prefix_list_entry'
order by
  prefix_list_id,
  cidr,
  valid_from,
  state_id
