-- title: cardinality(items): Trino's name for the number of items in a list; null for null.
create or replace macro cardinality(items) as len(items);
