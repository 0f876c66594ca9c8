-- title: sequence(first, last, step): Trino's name for the list of moments from first to last, both included.
create or replace macro sequence (first, last, step) as generate_series(first, last, step);
