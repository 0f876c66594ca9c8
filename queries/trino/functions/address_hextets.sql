-- title: address_hextets(part): the groups of one side of "::" in an IPv6 address, four digits each.
create or replace macro address_hextets(part) as if(
  part = '',
  '',
  array_join(transform(split(part, ':'), hextet -> lpad(hextet, 4, '0')), '')
);
