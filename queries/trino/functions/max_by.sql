-- title: max_by(value, rank): of the values that are not null, as in DuckDB.
create or replace macro max_by(value, rank) as max_by(value, if(value is not null, rank));
