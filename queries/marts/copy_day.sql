-- title: How many records of each day are copies of what another flow log recorded
-- grain: one row a recorder of copies, recorder of the flows that stand for them, and network interface and scope of those
-- parameters: none
-- source: flow_copy.sql says which; a copy that several flows stand for counts once, with the first of them
with
  ranked as (
    select
      *,
      row_number() over (
        partition by
          flow_id
        order by
          kept_flow_id
      ) as kept_number
    from
      flow_copy
    where
      copied_as <> 'record'
  ),
  -- Only sums and their parts may stand in several rows.
  copies as (
    select
      source,
      flow_log_id,
      log_format,
      kept_source,
      kept_flow_log_id,
      kept_flow_id,
      flow_date
    from
      flow_copy
    where
      copied_as = 'record'
    union all
    select
      source,
      flow_log_id,
      log_format,
      kept_source,
      kept_flow_log_id,
      kept_flow_id,
      flow_date
    from
      ranked
    where
      kept_number = 1
  )
select
  copies.source,
  copies.flow_log_id,
  copies.log_format,
  copies.kept_source,
  copies.kept_flow_log_id,
  flow_class.network_interface_id,
  interface_context.scope_name,
  count(*) as copy_count,
  copies.flow_date
from
  copies
  inner join flow_verdict on split_part(copies.kept_flow_id, ':', 1) = flow_verdict.object_id
  and cast(split_part(copies.kept_flow_id, ':', 2) as bigint) = flow_verdict.line_number
  inner join flow_class on flow_verdict.class_id = flow_class.class_id
  left join interface_context on flow_class.state_id = interface_context.state_id
group by
  copies.source,
  copies.flow_log_id,
  copies.log_format,
  copies.kept_source,
  copies.kept_flow_log_id,
  flow_class.network_interface_id,
  interface_context.scope_name,
  copies.flow_date
order by
  copies.source,
  copies.flow_log_id,
  copies.log_format,
  copies.kept_source,
  copies.kept_flow_log_id,
  flow_class.network_interface_id,
  interface_context.scope_name
