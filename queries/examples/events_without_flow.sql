-- question: Which IPS events has no flow log seen?
-- answer: Events without a matching flow, by the reason.
-- limits: Traffic that AWS never logs, or an interface without a flow log, leaves none.
-- parameters: none
select
  product,
  reason,
  unlogged_class,
  count(*) as event_count,
  min(event_at) as first_at
from
  event_match
where
  match_count = 0
group by
  product,
  reason,
  unlogged_class
order by
  event_count desc,
  product,
  reason
