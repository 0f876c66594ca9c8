-- title: What was ingested, by source and format
-- grain: one row a source and format
-- parameters: none
with
  object_copies as (
    select
      object_id,
      count(distinct flow_id) as copy_count
    from
      flow_copy
    group by
      object_id
  )
select
  source_object.source,
  coalesce(source_object.format, 'not recognised') as format,
  count(*) as objects,
  sum(source_object.row_count) as rows,
  cast(
    coalesce(sum(object_copies.copy_count), 0) as bigint
  ) as copies,
  sum(source_object.rejected_count) as rejected,
  count(*) filter(
    where
      source_object.status in ('damaged', 'refused')
  ) as damaged,
  count(*) filter(
    where
      source_object.status = 'duplicate'
  ) as duplicates,
  min(source_object.first_at) as first_at,
  max(source_object.last_at) as last_at,
  max(source_object.ingested_at) as last_read_at
from
  source_object
  left join object_copies on source_object.object_id = object_copies.object_id
group by
  source_object.source,
  coalesce(source_object.format, 'not recognised')
order by
  source_object.source,
  format
