-- title: key_after(address_key): as for DuckDB.
create or replace macro key_after(address_key) as if(
  regexp_like(address_key, '^f*$'),
  null,
  element_at(
    transform(
      array[regexp_extract(address_key, '^(.*[^f])f*$', 1)],
      kept -> substr(kept, 1, length(kept) - 1) || to_base(hex_digit(kept, length(kept)) + 1, 16) || rpad('', 32 - length(kept), '0')
    ),
    1
  )
);
