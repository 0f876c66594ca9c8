-- title: Reviews by people, and what became of them
-- question: Who looked at the logs of each UTC day, how long after, what did they find, and what is still open?
-- requirements: 10.4.3
-- parameters: period_start, period_end
-- rows: summary
-- needs: none
-- grain: one row a class of logs and UTC day; and one row a record that does not follow the one before it
-- limits: Only what flowproof review recorded is seen: records in a ticket system or a SIEM are for a person to show. That
--   somebody recorded a review does not show how thorough it was. Status: supports if the day has a record, none later than two
--   days after the day ended, and no follow-up is open; partial if one is later, or open; not_evidenced without a record;
--   manual_evidence_required on every day if the lake has no record at all; contradicts if a record was changed, taken out
--   or put in. A record that was corrected does not count. Follow-ups are tickets and incidents that no record closed.
-- source: PCI DSS v4.0.1 requirement 10.4.3
with
  days as (
    select
      cast(day_at as date) as day,
      seconds_after (day_at, 86400) as ended_at
    from
      unnest(
        sequence (
          cast($period_start as timestamp),
          cast($period_end as timestamp),
          interval '1' day
        )
      ) as days (day_at)
    where
      day_at < cast($period_end as timestamp)
  ),
  classes (kind, log_class) as (
    values
      (
        'flow_logs',
        'flow logs (network security controls)'
      ),
      ('ips_events', 'IPS events (security events)')
  ),
  chained as (
    select
      review.*,
      lag (record_sha256) over (
        order by
          review_id
      ) as expected_previous,
      row_number() over (
        order by
          review_id
      ) as place,
      sha256_hex (
        array_join (
          [
            review_id,
            moment_text (recorded_at),
            recorded_by,
            reviewer,
            cast(day as varchar),
            log_class,
            finding,
            disposition,
            coalesce(reference, ''),
            coalesce(corrects_review_id, ''),
            coalesce(closes_review_id, ''),
            previous_sha256
          ],
          chr(31)
        )
      ) as computed_sha256
    from
      review
  ),
  broken as (
    select
      review_id,
      day,
      reviewer,
      recorded_at,
      case
        when computed_sha256 <> record_sha256 then 'was changed: its hash is another'
        when cast(substr(review_id, 2) as integer) <> place then 'follows a record that is missing'
        else 'does not follow the record before it'
      end as problem
    from
      chained
    where
      computed_sha256 <> record_sha256
      or cast(substr(review_id, 2) as integer) <> place
      or previous_sha256 <> coalesce(
        expected_previous,
        '0000000000000000000000000000000000000000000000000000000000000000'
      )
  ),
  counted as (
    select
      chained.review_id,
      chained.day,
      chained.log_class,
      chained.reviewer,
      chained.recorded_at,
      chained.finding,
      chained.disposition,
      chained.reference,
      chained.disposition in ('ticket', 'incident')
      and closing.review_id is null as is_open
    from
      chained
      left join (
        select
          closes_review_id,
          min(review_id) as review_id
        from
          chained
        where
          disposition = 'closed'
        group by
          closes_review_id
      ) as closing on chained.review_id = closing.closes_review_id
    where
      chained.disposition <> 'closed'
      and chained.review_id not in (
        select
          corrects_review_id
        from
          chained
        where
          corrects_review_id is not null
      )
  ),
  record_count as (
    select
      count(*) as records
    from
      review
  ),
  by_day as (
    select
      days.day,
      days.ended_at,
      classes.log_class,
      count(counted.review_id) as review_count,
      array_join (
        list_sort(array_agg(distinct counted.reviewer)),
        ', '
      ) as reviewers,
      min(counted.recorded_at) as first_recorded_at,
      array_join (
        array_agg(
          counted.finding
          order by
            counted.review_id
        ),
        '; '
      ) as findings,
      array_join (
        list_sort(array_agg(distinct counted.disposition)),
        ', '
      ) as dispositions,
      array_join (
        list_sort(
          array_agg(distinct counted.reference) filter(
            where
              counted.reference is not null
          )
        ),
        ', '
      ) as reference_ids,
      array_join (
        array_agg(
          counted.review_id
          order by
            counted.review_id
        ) filter(
          where
            counted.is_open
        ),
        ', '
      ) as open_review_ids
    from
      days
      cross join classes
      left join counted on days.day = counted.day
      and counted.log_class in (classes.kind, 'all')
    group by
      days.day,
      days.ended_at,
      classes.log_class
  ),
  judged as (
    select
      by_day.*,
      case
        when record_count.records = 0 then 'HUMAN_REVIEW_NOT_KEPT'
        when by_day.review_count = 0 then 'HUMAN_REVIEW_MISSING'
        when by_day.open_review_ids <> '' then 'HUMAN_REVIEW_OPEN'
        when by_day.first_recorded_at >= seconds_after (by_day.ended_at, 172800) then 'HUMAN_REVIEW_LATE'
      end as gap_code
    from
      by_day
      cross join record_count
  ),
  listed as (
    select
      log_class,
      day,
      review_count,
      reviewers,
      first_recorded_at,
      date_diff(
        'day',
        cast(ended_at as date),
        cast(first_recorded_at as date)
      ) + 1 as days_after,
      findings,
      dispositions,
      reference_ids,
      open_review_ids,
      case
        when gap_code is null then 'supports'
        when gap_code = 'HUMAN_REVIEW_NOT_KEPT' then 'manual_evidence_required'
        when gap_code = 'HUMAN_REVIEW_MISSING' then 'not_evidenced'
        else 'partial'
      end as status,
      gap_code,
      case gap_code
        when 'HUMAN_REVIEW_NOT_KEPT' then 'The lake holds no record of a review: who reviewed is for a person to show.'
        when 'HUMAN_REVIEW_MISSING' then 'No review of this day is recorded.'
        when 'HUMAN_REVIEW_OPEN' then 'The day was reviewed; the follow-up of ' || open_review_ids || ' is open.'
        when 'HUMAN_REVIEW_LATE' then 'The day was reviewed, first on ' || cast(cast(first_recorded_at as date) as varchar) || '.'
        else 'The day was reviewed, and no follow-up is open.'
      end as why,
      case gap_code
        when 'HUMAN_REVIEW_NOT_KEPT' then 'Record each review with flowproof review, or show the records that are kept elsewhere.'
        when 'HUMAN_REVIEW_MISSING' then 'Look at the day and record it, with the reason for the delay; or show the record that is kept elsewhere.'
        when 'HUMAN_REVIEW_OPEN' then 'Finish the follow-up, and record it: flowproof review --disposition closed --closes ' || split_part(open_review_ids, ',', 1)
        when 'HUMAN_REVIEW_LATE' then 'Review each day by the second day after it.'
      end as remedy
    from
      judged
    union all
    select
      'record ' || review_id as log_class,
      day,
      1 as review_count,
      reviewer as reviewers,
      recorded_at as first_recorded_at,
      null as days_after,
      null as findings,
      null as dispositions,
      null as reference_ids,
      null as open_review_ids,
      'contradicts' as status,
      'HUMAN_REVIEW_RECORD_CHANGED' as gap_code,
      'The record ' || review_id || ' ' || problem || '.' as why,
      'Find out who changed it, and bring the file back from a copy of the lake: flowproof review --verify says the same.' as remedy
    from
      broken
  )
select
  log_class,
  cast(day as varchar) as day,
  date_diff('day', date '1970-01-05', day) % 7 in (5, 6) as is_weekend,
  cast(review_count as bigint) as review_count,
  coalesce(reviewers, '') as reviewers,
  date_trunc('second', first_recorded_at) as first_reviewed_at,
  cast(days_after as bigint) as days_after,
  coalesce(findings, '') as findings,
  coalesce(dispositions, '') as dispositions,
  coalesce(reference_ids, '') as reference_ids,
  coalesce(open_review_ids, '') as open_review_ids,
  status,
  gap_code,
  why,
  remedy
from
  listed
order by
  log_class,
  day
