-- title: What classes of flows ask of the rules: each question once, however many classes share it
-- grain: one row a context, direction, protocol, class of ports and class of addresses
-- parameters: none
with
  questions as (
    select distinct
      interface_period.context_id,
      interface_period.list_id,
      class_key.row_direction = 'egress' as is_egress,
      class_key.protocol,
      class_key.port_class,
      class_key.address_class
    from
      class_key
      inner join interface_period on class_key.period_id = interface_period.period_id
    where
      interface_period.context_id is not null
      and class_key.row_direction is not null
      and class_key.action is not null
      -- A response that was accepted needs no rule.
      and (
        class_key.action = 'REJECT'
        or not class_key.is_response
      )
  )
select
  row_number() over (
    order by
      context_id,
      list_id,
      is_egress,
      protocol,
      port_class,
      address_class
  ) as match_id,
  *
from
  questions
