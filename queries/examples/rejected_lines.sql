-- question: Which lines could not be read, and why?
-- answer: Rejected lines by object and reason; the bytes are kept in rejected_record.
-- limits: Card numbers in them are masked.
-- parameters: none
select
  object_id,
  reason,
  count(*) as line_count,
  min(line_number) as first_line
from
  rejected_record
group by
  object_id,
  reason
order by
  line_count desc,
  object_id,
  reason
