-- title: moment_of(words): as for DuckDB; Trino reads ISO 8601 by a function of its own.
create or replace macro moment_of(words) as coalesce(
  try(cast(from_iso8601_timestamp(words) at time zone 'UTC' as timestamp(6))),
  try_cast(words as timestamp(6))
);
