-- title: Source objects that a pack rests on
-- grain: one row an object
-- parameters: period_start, period_end
select
  uri,
  case
    when starts_with(uri, 's3://') then version
  end as etag,
  version_id,
  sha256,
  size_bytes,
  format,
  status,
  reason,
  line_count,
  row_count,
  rejected_count
from
  source_object
where
  object_id not in (
    select
      supersedes_object_id
    from
      source_object
    where
      supersedes_object_id is not null
  )
  and (
    kind = 'inventory'
    or first_at is null
    or (
      last_at >= cast($period_start as timestamp)
      and first_at < cast($period_end as timestamp)
    )
  )
order by
  uri,
  sha256
