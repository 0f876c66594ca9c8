-- title: moment_text(moment): a time as 2026-11-02T13:59:30Z, with milliseconds only where it has some.
create or replace macro moment_text (moment) as regexp_replace(
  strftime(moment, '%Y-%m-%dT%H:%M:%S.%gZ'),
  '\.000Z$',
  'Z'
);
