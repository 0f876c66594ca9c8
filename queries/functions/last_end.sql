-- title: last_end(valid_to): an aggregate, the moment at which the last of some states ended; null while one of them has not.
create or replace macro last_end (valid_to) as nullif(
  max(
    coalesce(valid_to, timestamp '9999-12-31 00:00:00')
  ),
  timestamp '9999-12-31 00:00:00'
);
