-- title: command_word(text): the text as one word of a command for a POSIX shell: as it is where it is plain, else in quotes.
--   Names come from tags, logs and answers, and commands are copied from reports into a shell.
create or replace macro command_word (text) as if (
  regexp_matches(text, '^[A-Za-z0-9_@%+=:,./#-]+$')
  and not starts_with(text, '#'),
  text,
  '''' || replace(text, '''', '''\''''') || ''''
);
