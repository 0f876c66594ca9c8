-- title: is_public_range(cidr, first_key, last_key): true if the range holds an address outside private and special space.
--   The keys are cidr_first_key and cidr_last_key of the range. Special ranges have a prefix length of 2 or
--   more, so a range with two special ends that is not inside one of them has a length of 0 or 1, or starts
--   at :: and ends where IPv4 does, as ::/80.
create or replace macro is_public_range (cidr, first_key, last_key) as (
  cidr like '%/0'
  or cidr like '%/1'
  or (
    first_key = '00000000000000000000000000000000'
    and last_key > '00000000000000000000000000000001'
  )
  or is_public_key (first_key)
  or is_public_key (last_key)
);
