-- title: A record as it was read, and the object that held it
-- grain: one row, or none if the lake has no such record
-- parameters: object_id, line_number
select
  flow.*,
  source_object.uri,
  source_object.source,
  source_object.format,
  source_object.fields,
  source_object.flow_log_id,
  source_object.version_id,
  source_object.sha256,
  source_object.status as object_status,
  source_object.ingested_at
from
  flow
  left join source_object on flow.object_id = source_object.object_id
where
  flow.object_id = $object_id
  and flow.line_number = $line_number
