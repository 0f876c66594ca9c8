-- title: Ports, and the stretch between the bounds of all rules that each lies in
-- grain: one row a port; -1 stands for none
-- parameters: none
with
  cuts as (
    select
      from_port as cut_port
    from
      context_rule
    where
      protocol in (6, 17)
      and from_port is not null
    union
    select
      to_port + 1 as cut_port
    from
      context_rule
    where
      protocol in (6, 17)
      and to_port is not null
  ),
  ports as (
    select
      cast(high.byte * 256 + low.byte as integer) as port
    from
      unnest(sequence (0, 255, 1)) as high (byte)
      cross join unnest(sequence (0, 255, 1)) as low (byte)
    union all
    select
      -1 as port
  ),
  ordered as (
    select
      ports.port,
      cuts.cut_port is not null as is_cut
    from
      ports
      left join cuts on ports.port = cuts.cut_port
  )
select
  port,
  cast(
    if (
      port < 0,
      0,
      1 + sum(if (is_cut, 1, 0)) over (
        order by
          port rows between unbounded preceding
          and current row
      )
    ) as integer
  ) as port_stretch
from
  ordered
