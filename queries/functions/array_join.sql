-- title: array_join(items, separator): Trino's name for the items of a list as one text.
create or replace macro array_join (items, separator) as array_to_string(items, separator);
