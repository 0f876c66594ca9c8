-- title: json_entries(document, path): as for DuckDB.
create or replace macro json_entries(document, path) as try_cast(json_extract(document, path) as array(json));
