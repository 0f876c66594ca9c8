-- title: log_group_of(uri): the log group that a pull of CloudWatch Logs was taken from; null for other objects.
-- source: the URI that src/ingest/sources/cloudwatch-logs.ts gives a pull
create or replace macro log_group_of (uri) as nullif(
  regexp_extract(uri, '^cloudwatch-logs://(?:[0-9]+@)?[a-z0-9-]+:?(.*)[?]date=', 1),
  ''
);
