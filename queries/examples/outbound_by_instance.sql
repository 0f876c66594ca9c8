-- question: Where did each instance in scope send the most?
-- answer: Bytes that left interfaces in scope to public addresses, by instance and address.
-- limits: The bytes of a record are those of its direction only.
-- parameters: none
select
  instance_name,
  network_interface_id,
  remote_address,
  service_port,
  cast(sum(bytes) as bigint) as byte_count
from
  flow_enriched
where
  scope_name is not null
  and row_direction = 'egress'
  and action = 'ACCEPT'
  and is_remote_public
group by
  instance_name,
  network_interface_id,
  remote_address,
  service_port
order by
  byte_count desc,
  network_interface_id,
  remote_address,
  service_port
limit
  10
