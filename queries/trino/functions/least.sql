-- title: least(items): the least of those that are not null, as in DuckDB; null only if all are.
create or replace macro least(items...) as array_min(filter(array[items], item -> item is not null));
