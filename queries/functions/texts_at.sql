-- title: texts_at(configuration, path): the texts at a JSON path with [*], as a list without nulls.
create or replace macro texts_at (configuration, path) as list_filter(
  json_extract_string(configuration, path),
  lambda text: text is not null
);
