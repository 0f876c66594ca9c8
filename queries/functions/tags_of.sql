-- title: tags_of(configuration, path): the list of {Key, Value} at a JSON path as a map. Of a key that stands twice the
--   first counts, and a tag without a key is left out: AWS writes neither, and a map can hold neither.
create or replace macro tags_of (configuration, path) as map_from_entries(
  list_transform(
    list_filter(
      coalesce(
        try_cast(json_extract(configuration, path) as struct ("Key" varchar, "Value" varchar) []),
        []
      ),
      lambda tag, position: tag."Key" is not null
      and position = list_position(
        json_extract_string(configuration, path || '[*].Key'),
        tag."Key"
      )
    ),
    lambda tag: struct_pack(key := tag."Key", value := tag."Value")
  )
);
