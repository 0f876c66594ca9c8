-- title: list_sort(items): DuckDB's name for a list in its order.
create or replace macro list_sort(items) as array_sort(items);
