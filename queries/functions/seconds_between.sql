-- title: seconds_between(first, last): how many seconds lie between two moments, to the microsecond; negative if the last is before the first.
create or replace macro seconds_between (first, last) as cast(date_diff('microsecond', first, last) as double) / 1000000;
