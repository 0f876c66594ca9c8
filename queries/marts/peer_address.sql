-- title: The addresses of a day as the daily rollup of traffic names them
-- grain: one row an address
-- parameters: none
-- source: kinds of addresses: 3 public, 4 private, 5 link-local, 6 multicast
with
  addresses as (
    select
      address_number,
      case
        when bitwise_and (address_traits, 2) > 0 then 3
        when address_key between '00000000000000000000ffffa9fe0000' and '00000000000000000000ffffa9feffff'
        or address_key between 'fe800000000000000000000000000000' and 'febfffffffffffffffffffffffffffff' then 5
        when address_key between '00000000000000000000ffffe0000000' and '00000000000000000000ffffffffffff'
        or address_key >= 'ff000000000000000000000000000000' then 6
        else 4
      end as kind_code,
      address || if (is_ipv6, '/128', '/32') as address_range,
      if (
        is_ipv6,
        array_join (
          [
            substr(address_key, 1, 4),
            substr(address_key, 5, 4),
            substr(address_key, 9, 4)
          ],
          ':'
        ) || '::/48',
        regexp_replace(address, '[.][0-9]+$', '.0/24')
      ) as network
    from
      day_address
  )
select
  *,
  cast(
    dense_rank () over (
      order by
        network
    ) as integer
  ) as network_number
from
  addresses
