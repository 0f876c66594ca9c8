-- title: cidr_first_key(cidr): the address_key of the first address of a range such as 10.0.0.0/16.
create or replace macro cidr_first_key (cidr) as list_transform(
  [address_key (split_part(cidr, '/', 1))],
  lambda whole_key: substr(whole_key, 1, cidr_bits (cidr) // 4) || case
    when cidr_bits (cidr) % 4 = 0 then ''
    else printf(
      '%x',
      hex_digit (whole_key, cidr_bits (cidr) // 4 + 1) & ((15 << (4 - cidr_bits (cidr) % 4)) & 15)
    )
  end || repeat('0', (128 - cidr_bits (cidr)) // 4)
) [1];
