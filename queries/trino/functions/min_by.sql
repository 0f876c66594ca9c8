-- title: min_by(value, rank): of the values that are not null, as in DuckDB.
create or replace macro min_by(value, rank) as min_by(value, if(value is not null, rank));
