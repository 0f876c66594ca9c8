-- title: Who recorded which interface on a day
-- grain: one row an interface and a flow log, or an entry of the configuration where its flow log is not known
-- parameters: flow_date
with
  -- Few objects and interfaces make many records: their names are looked up once.
  recorded as (
    select
      object_id,
      interface_id,
      count(*) as record_count
    from
      flow
    where
      flow_date = cast($flow_date as date)
      and interface_id is not null
    group by
      object_id,
      interface_id
  )
select
  recorded.interface_id,
  flow_object.source,
  flow_object.flow_log_id,
  sum(recorded.record_count) as record_count,
  cast($flow_date as date) as flow_date
from
  recorded
  left join flow_object on recorded.object_id = flow_object.object_id
group by
  recorded.interface_id,
  flow_object.source,
  flow_object.flow_log_id
order by
  recorded.interface_id,
  flow_object.source,
  flow_object.flow_log_id
