-- title: address_key(address): 32 hexadecimal digits, so that the order of texts is the order of addresses.
--   IPv4 stands in its IPv4-mapped IPv6 place (RFC 4291, 2.5.5.2). Takes canonical addresses; else null.
--   The canonical spelling of an IPv6 address whose first six groups are zero ends in an IPv4 address.
--   Here and in the two below, a list of one is what names a value: a macro has no other way to use a long
--   expression twice without writing it out twice.
create or replace macro address_key (address) as case
  when address like '%.%' then case
    when address like '::%'
    and address not like '::ffff:%' then '000000000000000000000000'
    else '00000000000000000000ffff'
  end || printf(
    '%02x%02x%02x%02x',
    try_cast(split_part(split_part(address, ':', -1), '.', 1) as integer),
    try_cast(split_part(address, '.', 2) as integer),
    try_cast(split_part(address, '.', 3) as integer),
    try_cast(split_part(address, '.', 4) as integer)
  )
  when address like '%:%' then list_transform(
    [
      [
        address_hextets (split_part(address, '::', 1)),
        address_hextets (split_part(address, '::', 2))
      ]
    ],
    lambda sides: sides[1] || repeat('0', 32 - length(sides[1]) - length(sides[2])) || sides[2]
  ) [1]
end;
