-- title: The six details of PCI DSS v4.0.1 requirement 10.2.2, of one record
-- grain: one row, or none if the record is not enriched
-- parameters: object_id, line_number, flow_date
select
  *
from
  flow_detail
where
  object_id = $object_id
  and line_number = $line_number
  and flow_date = cast($flow_date as date)
