-- title: greatest(items): the greatest of those that are not null, as in DuckDB; null only if all are.
create or replace macro greatest(items...) as array_max(filter(array[items], item -> item is not null));
