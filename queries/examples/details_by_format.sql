-- question: Which of the six details of 10.2.2 does each log format lack?
-- answer: Flows by format, detail and whether the detail is met, supplied by something else, partial or missing.
-- limits: The remedy for each stands in the report log_detail_by_source.
-- parameters: none
select
  log_format,
  element,
  status,
  cast(sum(flow_count) as bigint) as flow_count
from
  detail_day
group by
  log_format,
  element,
  element_position,
  status
order by
  log_format,
  element_position,
  status
