-- title: What was ingested, by source and format
-- grain: one row a source and format
-- parameters: none
select
  source,
  coalesce(format, 'not recognised') as format,
  count(*) as objects,
  sum(row_count) as rows,
  sum(rejected_count) as rejected,
  count(*) filter(
    where
      status in ('damaged', 'refused')
  ) as damaged,
  count(*) filter(
    where
      status = 'duplicate'
  ) as duplicates,
  min(first_at) as first_at,
  max(last_at) as last_at,
  max(ingested_at) as last_read_at
from
  source_object
group by
  source,
  coalesce(format, 'not recognised')
order by
  source,
  format
