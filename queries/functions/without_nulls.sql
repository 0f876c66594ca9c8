-- title: without_nulls(items): the items of a list that are not null, in their order.
create or replace macro without_nulls (items) as list_filter(items, lambda item: item is not null);
