-- title: moment_text(moment): a time as 2026-11-02T13:59:30Z, with milliseconds only where it has some.
create or replace macro moment_text(moment) as regexp_replace(
  date_format(moment, '%Y-%m-%dT%H:%i:%s') || '.' || lpad(cast(millisecond(moment) as varchar), 3, '0') || 'Z',
  '\.000Z$',
  'Z'
);
