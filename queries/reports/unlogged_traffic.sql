-- title: Traffic that AWS never logs
-- question: Which traffic is in no flow log, whatever its format, what of it did companion events show, and which source records it?
-- requirements: 10.2.1
-- parameters: period_start, period_end
-- rows: summary
-- needs: none
-- grain: one row a class of traffic
-- limits: Status: out_of_reach, always: no flow log can show it. Events count where an IPS event of the period names addresses of
--   the class; that there is none shows neither that such traffic was absent nor that an agent watched it. Flow logs of
--   transit gateways leave out more (multicast, Connect attachments under their own name).
-- source: Amazon VPC User Guide, "Flow log limitations"
with
  classes (
    class_number,
    traffic,
    event_class,
    recognised_by,
    supplied_by
  ) as (
    values
      (
        1,
        'DNS queries to the Amazon DNS server',
        'Amazon DNS server',
        'Second address of the VPC range, 169.254.169.253, fd00:ec2::253',
        'Route 53 Resolver query logs of the VPC. Queries to DNS servers of your own are in the flow log.'
      ),
      (
        2,
        'Windows licence activation',
        'Windows licence activation',
        '169.254.169.250, 169.254.169.251',
        'Windows event log of the instance (software protection service).'
      ),
      (
        3,
        'Instance metadata, instance credentials among it',
        'instance metadata service',
        '169.254.169.254, fd00:ec2::254',
        'Host agent or operating system audit logs; CloudTrail shows what the credentials were used for. Require IMDSv2.'
      ),
      (
        4,
        'Amazon Time Sync Service',
        'Amazon Time Sync Service',
        '169.254.169.123, fd00:ec2::123',
        'Logs of chrony or the Windows time service on the instance (10.6.1).'
      ),
      (
        5,
        'DHCP',
        'DHCP',
        'UDP ports 67, 68, 546 and 547',
        'Operating system logs; the addresses that were given stand in the EC2 inventory.'
      ),
      (
        6,
        'Mirrored traffic, at its source',
        cast(null as varchar),
        'Sessions of VPC Traffic Mirroring',
        'The monitoring appliance at the mirror target; the target interface is in the flow log.'
      ),
      (
        7,
        'Traffic to the reserved address of the VPC router',
        'VPC router',
        'First address of the subnet range',
        'Host agent logs; packets through the router are in the flow log under their own addresses.'
      ),
      (
        8,
        'Traffic between an endpoint interface and a Network Load Balancer interface',
        cast(null as varchar),
        'PrivateLink services behind a Network Load Balancer',
        'Flow logs of the targets of the load balancer, and its access logs (TLS listeners only).'
      ),
      (
        9,
        'ARP',
        cast(null as varchar),
        'No IP packet',
        'A host agent or sensor on the instance.'
      ),
      (
        10,
        'Regional NAT gateways that live for minutes only',
        cast(null as varchar),
        'Deleted before the flow log begins to record',
        'CloudTrail events CreateNatGateway and DeleteNatGateway, and the flow logs of the instances behind it.'
      )
  ),
  events as (
    select
      unlogged_class,
      count(*) as event_count,
      min(event_at) as first_event_at,
      max(event_at) as last_event_at
    from
      event_match
    where
      unlogged_class is not null
      and event_date >= cast(
        cast($period_start as timestamp) - interval '1' day as date
      )
      and event_date <= cast(
        cast($period_end as timestamp) + interval '1' day as date
      )
      and event_at >= cast($period_start as timestamp)
      and event_at < cast($period_end as timestamp)
    group by
      unlogged_class
  )
select
  classes.traffic,
  classes.recognised_by,
  coalesce(events.event_count, 0) as event_count,
  events.first_event_at,
  events.last_event_at,
  'out_of_reach' as status,
  'FL_UNLOGGED_CLASS' as gap_code,
  case
    when events.event_count > 0 then 'AWS never logs it; IPS events show that there was some.'
    else 'AWS never logs it.'
  end as why,
  classes.supplied_by as remedy
from
  classes
  left join events on classes.event_class = events.unlogged_class
order by
  classes.class_number
