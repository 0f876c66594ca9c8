-- title: service_text(protocol, first_port, last_port, service): a service as tcp/443 HTTPS, udp/5000-5010, icmp or protocol 47;
--   of TCP and UDP without a port, tcp/port unknown. The name is null where none is known.
create or replace macro service_text (protocol, first_port, last_port, service) as case when protocol in (6, 17) then if (protocol = 6, 'tcp/', 'udp/') || case
  when first_port is null then 'port unknown'
  when last_port > first_port then cast(first_port as varchar) || '-' || cast(last_port as varchar)
  else cast(first_port as varchar)
end || coalesce(' ' || cast(service as varchar), '') when protocol = 1 then 'icmp' when protocol = 58 then 'icmpv6' else coalesce(
  'protocol ' || cast(protocol as varchar),
  'protocol unknown'
) end;
