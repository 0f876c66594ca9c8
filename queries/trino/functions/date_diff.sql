-- title: date_diff(unit, first, last): how many beginnings of a unit lie between, as in DuckDB; Trino counts whole units.
create or replace macro date_diff(unit, first, last) as date_diff(unit, date_trunc(unit, first), date_trunc(unit, last));
