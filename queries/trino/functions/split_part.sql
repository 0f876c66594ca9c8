-- title: split_part(text, separator, place): empty, and not null, where there is no such part.
create or replace macro split_part(text, separator, place) as coalesce(split_part(text, separator, place), substr(text, 1, 0));
