-- title: How much of each source was read
-- grain: one row a source of the configuration
-- parameters: none
select
  source,
  count(*) as object_count,
  cast(sum(size_bytes) as double) as size_bytes,
  min(first_at) as first_at,
  max(last_at) as last_at
from
  source_object
where
  status in ('loaded', 'damaged', 'duplicate')
group by
  source
order by
  source
