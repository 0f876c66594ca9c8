-- question: Which public addresses tried many ports and were rejected?
-- answer: Sources of rejected flows with the number of ports and interfaces that they tried.
-- limits: A rejected flow was dropped by a group, a network ACL or a firewall; the record does not say which.
-- parameters: none
select
  srcaddr,
  count(distinct dstport) as port_count,
  count(distinct interface_id) as interface_count,
  count(*) as flow_count
from
  flow_enriched
where
  action = 'REJECT'
  and is_remote_public
group by
  srcaddr
having
  count(distinct dstport) > 3
order by
  port_count desc,
  flow_count desc,
  srcaddr
limit
  20
