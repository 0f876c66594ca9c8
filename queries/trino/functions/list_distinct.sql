-- title: list_distinct(items): DuckDB's name for a list without repetitions and nulls.
create or replace macro list_distinct(items) as array_distinct(filter(items, item -> item is not null));
