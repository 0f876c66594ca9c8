-- title: cidr_digit(cidr): the hexadecimal digit in which the prefix of the range ends, as a number.
create or replace macro cidr_digit (cidr) as strpos(
  '0123456789abcdef',
  substr(
    address_key (split_part(cidr, '/', 1)),
    cidr_bits (cidr) // 4 + 1,
    1
  )
) - 1;
