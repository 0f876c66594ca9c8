-- title: regexp_extract(text, pattern, place): empty, and not null, where nothing matches, as in DuckDB.
create or replace macro regexp_extract(text, pattern, place) as if(
  text is not null and pattern is not null,
  coalesce(regexp_extract(text, pattern, place), '')
);
