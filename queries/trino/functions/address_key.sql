-- title: address_key(address): as for DuckDB; the numbers of an IPv4 address become digits one by one.
create or replace macro address_key(address) as case
  when address like '%.%' then if(
    address like '::%' and address not like '::ffff:%',
    '000000000000000000000000',
    '00000000000000000000ffff'
  ) || array_join(
    transform(
      split(element_at(split(address, ':'), -1), '.'),
      octet -> lpad(to_base(try_cast(octet as bigint), 16), 2, '0')
    ),
    ''
  )
  when address like '%:%' then element_at(
    transform(
      array[
        array[address_hextets(split_part(address, '::', 1)), address_hextets(split_part(address, '::', 2))]
      ],
      sides -> element_at(sides, 1) || rpad(
        '',
        greatest(32 - length(element_at(sides, 1)) - length(element_at(sides, 2)), 0),
        '0'
      ) || element_at(sides, 2)
    ),
    1
  )
end;
