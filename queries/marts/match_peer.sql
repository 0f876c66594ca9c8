-- title: The sets of peers that the addresses of a question belong to
-- grain: one row a question and a set of peers
-- parameters: none
with
  -- Any port of a class stands for all of them.
  ports as (
    select
      list_id,
      is_egress,
      port_class,
      min(port) as port
    from
      port_class
    group by
      list_id,
      is_egress,
      port_class
  )
select
  match_key.match_id,
  match_key.context_id,
  match_key.is_egress,
  match_key.protocol,
  -- The rest is in no range that a rule names; null is no port.
  if (match_key.port_class = 1, -1, ports.port) as port,
  class_peer.peer_id
from
  match_key
  inner join class_peer on match_key.list_id = class_peer.list_id
  and match_key.is_egress = class_peer.is_egress
  and match_key.address_class = class_peer.address_class
  left join ports on match_key.list_id = ports.list_id
  and match_key.is_egress = ports.is_egress
  and match_key.port_class = ports.port_class
