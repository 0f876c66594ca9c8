-- question: Who sent the most, to whom?
-- answer: Bytes by the two addresses and the service, both directions together; the client is whoever opened the connection, where the records say so.
-- limits: Copies of a flow in several flow logs count once. What the format does not say (who opened it) is empty.
-- parameters: none
select
  client_address,
  server_address,
  protocol,
  service_port,
  count(*) as flow_count,
  cast(sum(bytes) as bigint) as byte_count
from
  flow_enriched
where
  action = 'ACCEPT'
group by
  client_address,
  server_address,
  protocol,
  service_port
order by
  byte_count desc,
  client_address,
  server_address,
  service_port
limit
  10
