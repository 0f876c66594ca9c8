-- title: list_concat(first, last): DuckDB's name for two lists as one; null is a list without items.
create or replace macro list_concat(first, last) as concat(coalesce(first, array[]), coalesce(last, array[]));
