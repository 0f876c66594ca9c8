-- title: json_entries(document, path): the entries of the list at a JSON path, each as JSON; null if there is none.
create or replace macro json_entries (document, path) as try_cast (json_extract(document, path) as json[]);
