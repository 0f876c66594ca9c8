-- title: without_nulls(items): as for DuckDB.
create or replace macro without_nulls(items) as filter(items, item -> item is not null);
