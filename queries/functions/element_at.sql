-- title: element_at(entries, key): Trino's name for the value of a key in a map; null if it is not there.
create or replace macro element_at(entries, key) as entries[key];
