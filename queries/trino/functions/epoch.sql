-- title: epoch(moment): seconds since 1970.
create or replace macro epoch(moment) as to_unixtime(moment);
