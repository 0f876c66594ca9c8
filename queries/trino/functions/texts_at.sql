-- title: texts_at(configuration, path): as for DuckDB; Trino's JSON paths have no [*].
create or replace macro texts_at(configuration, path) as if(
  configuration is null,
  null,
  filter(
    transform(
      coalesce(
        try_cast(json_extract(configuration, element_at(split(path, '[*]'), 1)) as array(json)),
        array[]
      ),
      entry -> json_extract_scalar(entry, '$' || element_at(split(path, '[*]'), 2))
    ),
    entry -> entry is not null
  )
);
