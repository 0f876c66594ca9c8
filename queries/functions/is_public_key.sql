-- title: is_public_key(address_key): true outside private, shared, loopback, link-local, multicast and reserved space.
--   Of IPv6, everything from fc00:: up is private, link-local, multicast, or reserved by the IETF.
-- source: IANA IPv4 and IPv6 special-purpose address registries; IANA Internet Protocol Version 6 Address
--   Space; documentation ranges count as public.
create or replace macro is_public_key (address_key) as not (
  address_key between '00000000000000000000ffff00000000' and '00000000000000000000ffff00ffffff'
  or address_key between '00000000000000000000ffff0a000000' and '00000000000000000000ffff0affffff'
  or address_key between '00000000000000000000ffff64400000' and '00000000000000000000ffff647fffff'
  or address_key between '00000000000000000000ffff7f000000' and '00000000000000000000ffff7fffffff'
  or address_key between '00000000000000000000ffffa9fe0000' and '00000000000000000000ffffa9feffff'
  or address_key between '00000000000000000000ffffac100000' and '00000000000000000000ffffac1fffff'
  or address_key between '00000000000000000000ffffc0a80000' and '00000000000000000000ffffc0a8ffff'
  or address_key between '00000000000000000000ffffe0000000' and '00000000000000000000ffffffffffff'
  or address_key between '00000000000000000000000000000000' and '00000000000000000000000000000001'
  or address_key between 'fc000000000000000000000000000000' and 'ffffffffffffffffffffffffffffffff'
);
