-- title: key_after(address_key): the address_key of the next address; null after the last one there is.
create or replace macro key_after (address_key) as case when rtrim(address_key, 'f') = '' then null else substr(
  address_key,
  1,
  length(rtrim(address_key, 'f')) - 1
) || printf(
  '%x',
  hex_digit (address_key, length(rtrim(address_key, 'f'))) + 1
) || repeat('0', 32 - length(rtrim(address_key, 'f'))) end;
