-- title: cidr_bits(cidr): how many leading bits of the 128 the range fixes; IPv4 counts from bit 96.
create or replace macro cidr_bits (cidr) as try_cast(split_part(cidr, '/', 2) as integer) + case
  when cidr like '%:%' then 0
  else 96
end;
