-- title: Integrity of the log objects that were read
-- question: Did the content of a log object change after it was first read, what checks were made of it, and with which result?
-- requirements: 10.3.4
-- parameters: period_start, period_end
-- rows: summary
-- needs: source_objects
-- grain: one row a source of logs, one row an object whose content changed, and one row on checks that are not recorded
-- limits: Status: contradicts for an object that came again with other content that does not begin with what was read
--   before; partial for a source whose objects have hashes and of which none changed, since only objects that a later run
--   listed with another version are read again and compared, and nobody is alerted; not_evidenced for checks of which there is
--   no record. Objects that grew are log files that were appended to, which the requirement allows. Pulls of CloudWatch Logs
--   are read anew each time and not compared. What changed before the first reading is not seen. An object counts if it holds
--   records of the period, or was last modified in it where it has no record times.
-- source: PCI DSS v4.0.1 requirement 10.3.4
with
  objects as (
    select
      object_id,
      uri,
      source,
      kind,
      status,
      sha256,
      version_id,
      first_at,
      last_at,
      supersedes_object_id,
      uri like 'cloudwatch-logs://%' as is_pull
    from
      source_object
    where
      kind in ('flow_logs', 'ips_events')
      -- A list of agents is no log: a new one may replace it.
      and coalesce(format, '') <> 'deep_security_computers'
      and coalesce(
        last_at,
        modified_at,
        cast($period_start as timestamp)
      ) >= cast($period_start as timestamp)
      and coalesce(
        first_at,
        modified_at,
        cast($period_start as timestamp)
      ) < cast($period_end as timestamp)
  ),
  -- What grew leaves one row, as the longer content replaces the shorter. Two rows are two contents.
  changed_uris as (
    select
      uri
    from
      objects
    where
      not is_pull
      and status in ('loaded', 'damaged', 'duplicate')
    group by
      uri
    having
      min(sha256) <> max(sha256)
  ),
  changed as (
    select
      objects.uri,
      min(objects.source) as source,
      min(objects.kind) as kind,
      count(distinct objects.sha256) as content_count,
      count(distinct objects.version_id) as version_count,
      min(objects.first_at) as first_at,
      max(objects.last_at) as last_at,
      array_join (
        array_agg(
          distinct objects.sha256
          order by
            objects.sha256
        ),
        ', '
      ) as sha256_list
    from
      objects
      inner join changed_uris on objects.uri = changed_uris.uri
    where
      objects.status in ('loaded', 'damaged', 'duplicate')
    group by
      objects.uri
  ),
  source_counts as (
    select
      source,
      kind,
      count(*) as object_count,
      count(sha256) as hashed_count,
      count(*) filter(
        where
          is_pull
      ) as pull_count,
      count(supersedes_object_id) as grown_count,
      count(*) filter(
        where
          status = 'damaged'
      ) as damaged_count,
      count(*) filter(
        where
          status = 'refused'
      ) as refused_count,
      count(version_id) as versioned_count,
      min(first_at) as first_at,
      max(last_at) as last_at
    from
      objects
    group by
      source,
      kind
  ),
  changed_counts as (
    select
      source,
      kind,
      count(*) as changed_count
    from
      changed
    group by
      source,
      kind
  ),
  findings as (
    select
      1 as position,
      'source' as subject_kind,
      source_counts.source as subject_id,
      source_counts.kind,
      source_counts.object_count,
      source_counts.hashed_count,
      source_counts.grown_count,
      coalesce(changed_counts.changed_count, 0) as changed_count,
      source_counts.damaged_count + source_counts.refused_count as unreadable_count,
      source_counts.versioned_count,
      source_counts.first_at,
      source_counts.last_at,
      if (
        source_counts.object_count = source_counts.pull_count,
        'not_evidenced',
        'partial'
      ) as status,
      case
        when source_counts.object_count = source_counts.pull_count then 'INTEGRITY_NOT_COMPARED'
        when coalesce(changed_counts.changed_count, 0) = 0 then 'INTEGRITY_NO_ALERT'
        else 'INTEGRITY_CHANGED_OBJECTS'
      end as gap_code,
      'The SHA-256 of ' || cast(source_counts.hashed_count as varchar) || ' of ' || cast(source_counts.object_count as varchar) || ' objects was kept when they were read. ' || case
        when source_counts.object_count = source_counts.pull_count then 'All are pulls of CloudWatch Logs, which are not compared with each other.'
        when coalesce(changed_counts.changed_count, 0) = 0 then 'None of those that were listed again had changed in what was read before; nobody is alerted of a change.'
        else cast(changed_counts.changed_count as varchar) || ' came again with other content, and are listed below.'
      end as why,
      'Check the originals against the hashes of the manifest, and show the change detection of the log archive and an alert of it; S3 Object Lock and versioning make changes impossible or visible.' as remedy
    from
      source_counts
      left join changed_counts on source_counts.source = changed_counts.source
      and source_counts.kind = changed_counts.kind
    union all
    select
      2 as position,
      'source object' as subject_kind,
      uri as subject_id,
      kind,
      content_count as object_count,
      content_count as hashed_count,
      0 as grown_count,
      1 as changed_count,
      0 as unreadable_count,
      version_count as versioned_count,
      first_at,
      last_at,
      'contradicts' as status,
      'INTEGRITY_MISMATCH' as gap_code,
      'The same place held ' || cast(content_count as varchar) || ' contents, none the continuation of the other. SHA-256: ' || sha256_list || '.' as why,
      'Find out who wrote it again (CloudTrail data events PutObject, or S3 versions) and which content is the original; records of both are in the lake, so that some may count twice.' as remedy
    from
      changed
    union all
    select
      3 as position,
      'check' as subject_kind,
      'later checks of the originals' as subject_id,
      cast(null as varchar) as kind,
      cast(null as bigint) as object_count,
      cast(null as bigint) as hashed_count,
      cast(null as bigint) as grown_count,
      cast(null as bigint) as changed_count,
      cast(null as bigint) as unreadable_count,
      cast(null as bigint) as versioned_count,
      cast(null as timestamp) as first_at,
      cast(null as timestamp) as last_at,
      'not_evidenced' as status,
      'INTEGRITY_CHECK_NOT_RECORDED' as gap_code,
      'The lake keeps no record of checks that were made of the originals or of packs after they were read.' as why,
      'Check them on a schedule, for example with flowproof verify and sha256sum, and keep the output with its date and who answered for it.' as remedy
  )
select
  subject_kind,
  subject_id,
  kind,
  cast(object_count as bigint) as object_count,
  cast(hashed_count as bigint) as hashed_count,
  cast(grown_count as bigint) as grown_count,
  cast(changed_count as bigint) as changed_count,
  cast(unreadable_count as bigint) as unreadable_count,
  cast(versioned_count as bigint) as versioned_count,
  first_at,
  last_at,
  status,
  gap_code,
  why,
  remedy
from
  findings
order by
  position,
  subject_kind,
  subject_id,
  kind
