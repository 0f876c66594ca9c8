-- title: cidr_last_key(cidr): as for DuckDB; the bits that a digit does not fix are counted instead of shifted.
create or replace macro cidr_last_key(cidr) as element_at(
  transform(
    array[address_key(split_part(cidr, '/', 1))],
    whole_key -> substr(whole_key, 1, cidr_bits(cidr) / 4) || if(
      cidr_bits(cidr) % 4 = 0,
      '',
      to_base(
        bitwise_or(
          hex_digit(whole_key, cidr_bits(cidr) / 4 + 1),
          cast(power(2, 4 - cidr_bits(cidr) % 4) as bigint) - 1
        ),
        16
      )
    ) || rpad('', (128 - cidr_bits(cidr)) / 4, 'f')
  ),
  1
);
