-- title: command_word(text): as for DuckDB.
create or replace macro command_word(text) as if(
  regexp_like(text, '^[A-Za-z0-9_@%+=:,./#-]+$') and not starts_with(text, '#'),
  text,
  '''' || replace(text, '''', '''\''''') || ''''
);
