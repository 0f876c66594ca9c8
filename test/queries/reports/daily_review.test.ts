import { describe, expect, it } from 'vitest';
import {
  insertRows,
  openEmptyTables,
  pick,
  type ResultRow,
  type Row,
  runReport,
} from '../fixture.ts';

/** Thursday to Monday: a weekend lies in it. */
const PERIOD = { period_start: '2026-10-01 00:00:00', period_end: '2026-10-06 00:00:00' };

function run(id: string, startedAt: string, own: Row = {}): Row {
  return {
    run_id: id,
    command: 'run',
    started_at: startedAt,
    finished_at: startedAt,
    exit_code: 0,
    ...own,
  };
}

/** An object of one day, read by a run. */
function object(day: string, runId: string, own: Row = {}): Row {
  return {
    object_id: `o-${day}-${runId}`,
    kind: 'flow_logs',
    status: 'loaded',
    first_at: `${day} 00:00:00`,
    last_at: `${day} 23:59:59`,
    run_id: runId,
    ...own,
  };
}

const record = (day: string): Row => ({
  interface_id: 'eni-a',
  record_count: 2,
  nodata_count: 1,
  skipdata_count: 0,
  flow_date: day,
});

async function reviews(tables: Readonly<Record<string, readonly Row[]>>): Promise<ResultRow[]> {
  const database = await openEmptyTables();
  try {
    for (const [table, rows] of Object.entries(tables)) await insertRows(database, table, rows);
    return await runReport(database, 'daily_review', PERIOD);
  } finally {
    database.close();
  }
}

const ofFlows = (rows: readonly ResultRow[]) =>
  rows.filter((row) => String(row.log_class).startsWith('flow logs'));

const DAYS = ['2026-10-01', '2026-10-02', '2026-10-03', '2026-10-04', '2026-10-05'];

describe('each day of each class', () => {
  it('is reviewed by the first run that began within 24 hours after it, weekends included', async () => {
    const rows = await reviews({
      interface_day: DAYS.filter((day) => day !== '2026-10-04').map(record),
      event_day: [{ event_count: 3, event_date: '2026-10-01' }],
      run: [
        // In the day, so before it ended.
        run('early', '2026-10-01 23:59:59'),
        run('first', '2026-10-02 00:00:00'),
        run('second', '2026-10-02 06:00:00'),
        // A run that only reads or only reports is no review, and neither is one that did not finish.
        run('ingest', '2026-10-03 01:00:00', { command: 'ingest' }),
        run('killed', '2026-10-03 02:00:00', { finished_at: null, exit_code: null }),
        run('late', '2026-10-04 00:00:00'),
        run('last', '2026-10-06 23:59:59'),
      ],
      source_object: [
        object('2026-10-01', 'early'),
        object('2026-10-01', 'first'),
        object('2026-10-01', 'first', { object_id: 'e', kind: 'ips_events' }),
        object('2026-10-02', 'late'),
        object('2026-10-03', 'late'),
        object('2026-10-03', 'last'),
        object('2026-10-05', 'last'),
        object('2026-10-05', 'last', { object_id: 'refused', status: 'refused' }),
      ],
    });
    const shown = pick(
      ofFlows(rows),
      ...['day', 'is_weekend', 'record_count', 'object_count', 'later_object_count'],
      ...['reviewed_at', 'hours_after_day', 'status', 'gap_code'],
    ).map((row) => Object.values(row));
    expect(shown).toEqual([
      ['2026-10-01', false, 3, 2, 0, '2026-10-02 00:00:00', 0, 'supports', null],
      // The run came 24 hours after the end of the day: not in time.
      ['2026-10-02', false, 3, 1, 1, null, null, 'not_evidenced', 'REVIEW_NOT_IN_TIME'],
      ['2026-10-03', true, 3, 2, 1, '2026-10-04 00:00:00', 0, 'partial', 'REVIEW_LATE_OBJECTS'],
      ['2026-10-04', true, 0, 0, 0, null, null, 'not_evidenced', 'REVIEW_DAY_MISSING'],
      ['2026-10-05', false, 3, 1, 0, '2026-10-06 23:59:59', 23, 'supports', null],
    ]);
    const events = rows.filter((row) => String(row.log_class).startsWith('IPS events'));
    expect(events.map((row) => [row.day, row.status])).toEqual([
      ['2026-10-01', 'supports'],
      ...DAYS.slice(1).map((day) => [day, 'not_evidenced']),
    ]);
  });

  it('is partial where objects have grown since, or could be read in part only', async () => {
    const rows = await reviews({
      interface_day: ['2026-10-01', '2026-10-02', '2026-10-03'].map(record),
      run: [
        run('first', '2026-10-02 01:00:00'),
        run('second', '2026-10-03 01:00:00'),
        run('third', '2026-10-04 01:00:00'),
        run('fourth', '2026-10-05 01:00:00'),
      ],
      source_object: [
        // A file that is appended to: its newest content was read after the day was reviewed.
        object('2026-10-01', 'second', {
          last_at: '2026-10-02 12:00:00',
          supersedes_object_id: 'o-shorter',
        }),
        object('2026-10-03', 'third', { status: 'damaged' }),
      ],
    });
    expect(
      pick(ofFlows(rows).slice(0, 3), 'day', 'status', 'gap_code').map((row) => Object.values(row)),
    ).toEqual([
      ['2026-10-01', 'partial', 'REVIEW_GROWN_OBJECTS'],
      ['2026-10-02', 'supports', null],
      ['2026-10-03', 'partial', 'REVIEW_DAMAGED_OBJECTS'],
    ]);
  });

  it('says the same of a run that still goes on as of one that has ended, and of later runs nothing', async () => {
    const tables = (last: Row): Readonly<Record<string, readonly Row[]>> => ({
      interface_day: [record('2026-10-05')],
      source_object: [object('2026-10-05', 'last')],
      run: [last],
    });
    const going = await reviews(
      tables(run('last', '2026-10-06 01:00:00', { finished_at: null, exit_code: null })),
    );
    const ended = await reviews(tables(run('last', '2026-10-06 01:00:00')));
    expect(ofFlows(going).at(-1)?.status).toBe('supports');
    expect(going).toEqual(ended);
    const later = await reviews(tables(run('last', '2026-11-01 01:00:00')));
    const muchLater = await reviews(tables(run('last', '2027-01-01 01:00:00')));
    expect(ofFlows(later).at(-1)?.gap_code).toBe('REVIEW_NOT_IN_TIME');
    expect(later).toEqual(muchLater);
  });
});
