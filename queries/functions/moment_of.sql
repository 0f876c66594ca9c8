-- title: moment_of(words): the UTC time that a text of AWS says, as 2026-11-02T13:59:30.000Z; null if it says none.
create or replace macro moment_of (words) as try_cast (words as timestamp);
