-- title: The states of the interface that may have held at the time of the record
-- grain: one row a record and a state
-- parameters: none
-- source: names of subnet and VPC are those of the newest state that began by then
with
  states as (
    select
      subject.object_id,
      subject.line_number,
      interface_context.*,
      network_interface.description,
      network_interface.known_by,
      network_interface.start_precision,
      network_interface.end_precision
    from
      subject
      cross join unnest(subject.state_ids) as member (state_id)
      inner join interface_context on member.state_id = interface_context.state_id
      -- A state of an instance, subnet or VPC that began later stands behind a plus.
      left join network_interface on split_part(member.state_id, '+', 1) = network_interface.state_id
  ),
  subnets as (
    select
      states.state_id,
      max_by(subnet.subnet_name, subnet.valid_from) as subnet_name
    from
      states
      inner join subnet on states.subnet_id = subnet.subnet_id
      and subnet.valid_from <= states.valid_from
    group by
      states.state_id
  ),
  vpcs as (
    select
      states.state_id,
      max_by(vpc.vpc_name, vpc.valid_from) as vpc_name
    from
      states
      inner join vpc on states.vpc_id = vpc.vpc_id
      and vpc.valid_from <= states.valid_from
    group by
      states.state_id
  )
select
  states.*,
  subnets.subnet_name,
  vpcs.vpc_name
from
  states
  left join subnets on states.state_id = subnets.state_id
  left join vpcs on states.state_id = vpcs.state_id
order by
  states.object_id,
  states.line_number,
  states.valid_from,
  states.state_id
