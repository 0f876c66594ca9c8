-- question: Who reached SSH from public addresses?
-- answer: Accepted flows to port 22 of an interface, by its name and the client's address.
-- limits: A port shows which service is likely. An accepted flow is no logon.
-- parameters: none
select
  network_interface_id,
  instance_name,
  client_address,
  count(*) as flow_count,
  min(start_at) as first_at,
  max(end_at) as last_at
from
  flow_enriched
where
  action = 'ACCEPT'
  and protocol = 6
  and service_port = 22
  and row_direction = 'ingress'
  and is_remote_public
  and initiator is not null
  and not is_response
group by
  network_interface_id,
  instance_name,
  client_address
order by
  flow_count desc,
  network_interface_id,
  client_address
