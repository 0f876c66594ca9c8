-- title: json_extract_scalar(document, path): Trino's name for the text, number or truth at a JSON path, as a text.
create or replace macro json_extract_scalar (document, path) as json_extract_string(document, path);
