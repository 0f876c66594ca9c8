-- title: tags_of(configuration, path): the list of {Key, Value} at a JSON path as a map.
create or replace macro tags_of (configuration, path) as map_from_entries(
  list_distinct(
    list_transform(
      coalesce(
        try_cast(json_extract(configuration, path) as struct ("Key" varchar, "Value" varchar) []),
        []
      ),
      lambda tag: struct_pack(key := tag."Key", value := tag."Value")
    )
  )
);
