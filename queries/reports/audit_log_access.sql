-- title: Recorded access to the logs in the lake
-- question: Which access to the logs, the lake and the packs made of it is recorded, and which is not?
-- requirements: 10.2.1.3
-- parameters: period_start, period_end
-- rows: summary
-- needs: none
-- grain: one row a run of flowproof that began in the period, one row a query, explanation or status that was asked of the
--   lake by flowproof in it, and one row a kind of access that nothing here records
-- limits: Status: partial for a run, which names what was read and when, not who ran it; partial for a question, which names the
--   user of the operating system, the host, the time, what was asked and how it ended, in a record that lies in the lake
--   itself; not_evidenced for access of which there is no record here. No row becomes supports. The newest run is left out, as
--   it may still go on. A run that only makes a pack reads the lake and exports from it. Of a statement its first 500
--   characters are shown; the table query_access has more, and the hash of the whole. Values of parameters are not recorded.
-- source: PCI DSS v4.0.1 requirement 10.2.1.3; Amazon S3 User Guide, "Logging Amazon S3 API calls using AWS CloudTrail"
with
  ordered_runs as (
    select
      *,
      row_number() over (
        order by
          started_at desc,
          run_id desc
      ) as place
    from
      run
  ),
  unrecorded (position, access, gap_code, why, remedy) as (
    values
      (
        3,
        'reads of the lake by other programs',
        'ACCESS_QUERIES_NOT_RECORDED',
        'What flowproof itself is asked is recorded; the files of the lake can be read by any program that may open them.',
        'Keep the lake where reading is logged (S3 with CloudTrail data events, or operating system audit rules on its folder), and show these logs.'
      ),
      (
        4,
        'copies and exports of packs',
        'ACCESS_EXPORTS_NOT_RECORDED',
        'A pack is a folder of files; who opened, copied or sent it is not recorded.',
        'Keep packs in a place where reading is logged, and show these logs.'
      ),
      (
        5,
        'access to the original logs by others',
        'ACCESS_ORIGINALS_NOT_RECORDED',
        'Flow logs and IPS events do not show who read the bucket, log group or server that keeps them.',
        'Show CloudTrail data events of the log buckets (GetObject), and CloudTrail events that read CloudWatch Logs (GetLogEvents, FilterLogEvents, StartQuery).'
      )
  ),
  findings as (
    select
      1 as position,
      'flowproof ' || command as access,
      date_trunc('second', started_at) as started_at,
      run_id as row_id,
      cast(null as varchar) as user_name,
      cast(null as varchar) as host_name,
      cast(null as varchar) as statement,
      cast(null as varchar) as outcome,
      object_count,
      row_count,
      'partial' as status,
      'ACCESS_WITHOUT_USER' as gap_code,
      case command
        when 'report' then 'It read the lake and wrote packs; the record does not name who ran it.'
        when 'enrich' then 'It read the lake and wrote derived tables; the record does not name who ran it.'
        when 'ingest' then 'It read original logs into the lake; the record does not name who ran it.'
        else 'It read original logs into the lake and wrote packs; the record does not name who ran it.'
      end as why,
      'Run flowproof under an account of its own, and show who can use it and when it was used.' as remedy
    from
      ordered_runs
    where
      place > 1
      and started_at >= cast($period_start as timestamp)
      and started_at < cast($period_end as timestamp)
    union all
    select
      2 as position,
      'flowproof ' || command as access,
      date_trunc('second', asked_at) as started_at,
      access_id as row_id,
      user_name,
      host_name,
      substr(statement, 1, 500) as statement,
      outcome,
      cast(null as bigint) as object_count,
      row_count,
      'partial' as status,
      case
        when outcome is null then 'ACCESS_END_NOT_RECORDED'
        else 'ACCESS_RECORD_IN_LAKE'
      end as gap_code,
      case
        when outcome is null then 'Who asked what and when is recorded; how it ended is not: its process was killed, or it still went on.'
        else 'Who asked what, when and with what outcome is recorded, in a file of the lake that this user can change.'
      end as why,
      'Copy the folder access_event of the lake to a place that those who query cannot change (10.3.2, 10.3.3).' as remedy
    from
      query_access
    where
      asked_at >= cast($period_start as timestamp)
      and asked_at < cast($period_end as timestamp)
    union all
    select
      position,
      access,
      cast(null as timestamp) as started_at,
      cast(null as varchar) as row_id,
      cast(null as varchar) as user_name,
      cast(null as varchar) as host_name,
      cast(null as varchar) as statement,
      cast(null as varchar) as outcome,
      cast(null as bigint) as object_count,
      cast(null as bigint) as row_count,
      'not_evidenced' as status,
      gap_code,
      why,
      remedy
    from
      unrecorded
  )
select
  access,
  user_name,
  host_name,
  statement,
  outcome,
  started_at,
  object_count,
  row_count,
  status,
  gap_code,
  why,
  remedy
from
  findings
order by
  position,
  started_at,
  row_id
