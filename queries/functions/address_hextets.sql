-- title: address_hextets(part): the groups of one side of "::" in an IPv6 address, four digits each.
create or replace macro address_hextets (part) as case
  when part = '' then ''
  else array_to_string(
    list_transform(string_split(part, ':'), lambda hextet: lpad(hextet, 4, '0')),
    ''
  )
end;
