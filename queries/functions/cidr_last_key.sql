-- title: cidr_last_key(cidr): the address_key of the last address of a range such as 10.0.0.0/16.
create or replace macro cidr_last_key (cidr) as list_transform(
  [address_key (split_part(cidr, '/', 1))],
  lambda whole_key: substr(whole_key, 1, cidr_bits (cidr) // 4) || case
    when cidr_bits (cidr) % 4 = 0 then ''
    else printf(
      '%x',
      hex_digit (whole_key, cidr_bits (cidr) // 4 + 1) | (15 >> (cidr_bits (cidr) % 4))
    )
  end || repeat('f', (128 - cidr_bits (cidr)) // 4)
) [1];
