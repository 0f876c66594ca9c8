-- title: sequence(first, last, step): empty, and no error, where the last comes before the first.
create or replace macro sequence(first, last, step) as if(last < first, array[], sequence(first, last, step));
