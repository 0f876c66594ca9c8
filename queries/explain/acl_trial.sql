-- title: What each entry of the subnet's network ACL says of a rejected record, in the order in which they are looked at
-- grain: one row a rejected record and an entry that held, or may have held, at its time
-- parameters: none
-- source: Amazon VPC User Guide, "Network ACL rules": entries are looked at from the lowest number up, and the first that
--   matches decides
with
  subjects as (
    select distinct
      subject.object_id,
      subject.line_number,
      subject.row_direction,
      subject.protocol,
      subject.dstport,
      subject.remote_address,
      address_key (subject.remote_address) as remote_key,
      subject.remote_address like '%:%' as is_ipv6,
      subject.window_from,
      subject.window_to,
      network_interface.subnet_id
    from
      subject
      cross join unnest(subject.state_ids) as member (state_id)
      inner join network_interface on split_part(member.state_id, '+', 1) = network_interface.state_id
    where
      subject.action = 'REJECT'
  ),
  tried as (
    select
      subjects.object_id,
      subjects.line_number,
      acl_entry.*,
      case
        when subjects.row_direction is null then 'unknown'
        when (subjects.row_direction = 'egress') = acl_entry.is_egress then 'yes'
        else 'no'
      end as direction_match,
      case
        when acl_entry.protocol is null then 'yes'
        when subjects.protocol is null then 'unknown'
        when subjects.protocol = acl_entry.protocol then 'yes'
        else 'no'
      end as protocol_match,
      case
        when acl_entry.icmp_type is not null
        or acl_entry.icmp_code is not null then 'unknown'
        when acl_entry.from_port is null then 'yes'
        when subjects.dstport is null then 'unknown'
        when subjects.dstport between acl_entry.from_port and acl_entry.to_port then 'yes'
        else 'no'
      end as port_match,
      case
        when subjects.remote_address is null then 'unknown'
        when subjects.is_ipv6 = (acl_entry.cidr like '%:%')
        and subjects.remote_key between cidr_first_key (acl_entry.cidr) and cidr_last_key (acl_entry.cidr) then 'yes'
        else 'no'
      end as peer_match,
      case
        when acl_entry.certain_from <= subjects.window_from
        and subjects.window_to <= acl_entry.certain_until then 'in_force'
        else 'about_then'
      end as standing
    from
      subjects
      inner join acl_entry on subjects.subnet_id = acl_entry.subnet_id
      and acl_entry.possible_from < subjects.window_to
      and subjects.window_from < acl_entry.possible_until
  ),
  matched as (
    select
      *,
      case
        when 'no' in (
          direction_match,
          protocol_match,
          port_match,
          peer_match
        ) then 'does_not_match'
        when 'unknown' in (
          direction_match,
          protocol_match,
          port_match,
          peer_match
        )
        or standing = 'about_then' then 'may_match'
        else 'matches'
      end as entry_match
    from
      tried
  ),
  ordered as (
    select
      *,
      min(
        if (entry_match = 'does_not_match', null, rule_number)
      ) over (
        partition by
          object_id,
          line_number
      ) as deciding_rule_number
    from
      matched
  )
select
  object_id,
  line_number,
  network_acl_id,
  entry_id,
  rule_number,
  if (is_egress, 'egress', 'ingress') as direction,
  action,
  protocol,
  from_port,
  to_port,
  icmp_type,
  icmp_code,
  cidr,
  direction_match,
  protocol_match,
  port_match,
  peer_match,
  standing,
  entry_match,
  entry_match <> 'does_not_match'
  and rule_number = deciding_rule_number as is_deciding,
  case
    when direction_match = 'no' then 'it is for the other direction'
    when protocol_match = 'no' then 'it is for another protocol'
    when port_match = 'no' then 'it is for other ports'
    when peer_match = 'no' then 'the remote address is not in its range'
    when direction_match = 'unknown' then 'it is not known which side of the record is the interface'
    when icmp_type is not null
    or icmp_code is not null then 'it looks at an ICMP type, which flow logs do not record'
    when entry_match = 'may_match'
    and standing = 'in_force' then 'the record lacks a field that it looks at'
    when entry_match = 'may_match' then 'it matches, and was added, removed or associated about then'
    when rule_number > deciding_rule_number then 'it matches, and is not reached: an entry before it matches or may'
    else 'it matches, and is the first that does'
  end as reason,
  possible_from,
  certain_from,
  certain_until,
  possible_until
from
  ordered
order by
  object_id,
  line_number,
  rule_number,
  entry_id,
  possible_from
