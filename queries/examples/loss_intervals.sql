-- question: When did AWS skip records?
-- answer: Intervals of SKIPDATA by interface: capacity errors inside AWS, which nothing brings back.
-- limits: NODATA is no loss: it says that there was no traffic.
-- parameters: none
select
  interface_id,
  start_at,
  end_at,
  object_id
from
  flow_status
where
  log_status = 'SKIPDATA'
order by
  start_at,
  interface_id,
  object_id
