-- title: tags_of(configuration, path): as for DuckDB.
create or replace macro tags_of(configuration, path) as reduce(
  coalesce(try_cast(json_extract(configuration, path) as array(json)), array[]),
  cast(map() as map(varchar, varchar)),
  (tags, tag) -> if(
    json_extract_scalar(tag, '$.Key') is null or contains(map_keys(tags), json_extract_scalar(tag, '$.Key')),
    tags,
    map_concat(tags, map(array[json_extract_scalar(tag, '$.Key')], array[json_extract_scalar(tag, '$.Value')]))
  ),
  tags -> tags
);
