import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../../../src/database.ts';
import {
  insertRows,
  openEmptyTables,
  pick,
  type ResultRow,
  type Row,
  runReport,
} from '../fixture.ts';

/** The twelve months begin on 2 October 2025, the newest three on 2 July 2026. */
const YEAR = '2025-10-02';
const END = '2026-10-02';

function days(from: string, until: string, left: readonly string[] = []): string[] {
  const found: string[] = [];
  for (let at = Date.parse(from); at < Date.parse(until); at += 86_400_000) {
    const day = new Date(at).toISOString().slice(0, 10);
    if (!left.includes(day)) found.push(day);
  }
  return found;
}

const flowDays = (source: string, dates: readonly string[]): Row[] =>
  dates.map((flow_date) => ({ interface_id: 'eni-a', source, seen_hours: [], flow_date }));

let database: Database;
let rows: ResultRow[];

beforeAll(async () => {
  database = await openEmptyTables();
  await insertRows(database, 'interface_day', [
    // Before the twelve months and after the period: neither helps.
    ...flowDays('whole', days('2025-09-30', '2026-10-05')),
    ...flowDays('old-hole', days(YEAR, END, ['2025-10-02', '2026-07-01'])),
    ...flowDays('old-hole', ['2025-10-01']),
    ...flowDays('new-hole', days('2025-10-01', END, ['2026-07-02', '2026-09-01', '2026-09-02'])),
    ...flowDays('young', days('2026-08-01', END)),
    ...flowDays('ended', days('2025-10-01', '2026-09-01')),
    ...flowDays('later', ['2026-10-02']),
  ]);
  await insertRows(database, 'event_day', [
    ...days('2025-10-01', END, ['2026-09-09']).map((event_date) => ({
      source: 'events',
      product: 'suricata',
      event_count: 1,
      event_date,
    })),
  ]);
  await insertRows(database, 'source_object', [
    { object_id: 'o-1', kind: 'flow_logs', source: 'unread' },
    { object_id: 'o-2', kind: 'inventory', source: 'inventory[0]' },
  ]);
  rows = await runReport(database, 'log_retention');
});

afterAll(() => database.close());

it('counts the days of the last twelve months and of the newest three that have no data', () => {
  const shown = pick(
    rows.filter((row) => row.missing_from_date === null),
    'source',
    'first_date',
    'last_date',
    'day_count',
    'year_missing_days',
    'quarter_missing_days',
    'period_missing_days',
    'status',
    'gap_code',
  ).map((row) => Object.values(row));
  const last = '2026-10-01';
  expect(shown).toEqual([
    [
      ...['ended', '2025-10-01', '2026-08-31', 335, 31, 31, 1],
      ...['partial', 'RETENTION_SOURCE_ENDED'],
    ],
    [
      ...['new-hole', '2025-10-01', last, 363, 3, 3, 0],
      ...['contradicts', 'RETENTION_NEWEST_MONTHS_INCOMPLETE'],
    ],
    ['old-hole', '2025-10-01', last, 364, 2, 0, 0, 'partial', 'RETENTION_DAY_MISSING'],
    ['unread', null, null, 0, 365, 92, 1, 'not_evidenced', 'RETENTION_NO_DATA'],
    ['whole', '2025-09-30', last, 367, 0, 0, 0, 'supports', null],
    ['young', '2026-08-01', last, 62, 303, 30, 0, 'not_evidenced', 'RETENTION_SHORTER_THAN_YEAR'],
    ['events', '2025-10-01', last, 365, 1, 1, 0, 'not_evidenced', 'RETENTION_DAY_MISSING'],
  ]);
});

it('lists the stretches of days without data', () => {
  const shown = pick(
    rows.filter((row) => row.missing_from_date !== null),
    'source',
    'missing_from_date',
    'missing_until_date',
    'year_missing_days',
    'status',
    'gap_code',
  ).map((row) => Object.values(row));
  const code = 'RETENTION_DAY_MISSING';
  expect(shown).toEqual([
    ['ended', '2026-09-01', '2026-10-01', 31, 'partial', 'RETENTION_SOURCE_ENDED'],
    ['new-hole', '2026-07-02', '2026-07-02', 1, 'contradicts', code],
    ['new-hole', '2026-09-01', '2026-09-02', 2, 'contradicts', code],
    ['old-hole', '2025-10-02', '2025-10-02', 1, 'partial', code],
    ['old-hole', '2026-07-01', '2026-07-01', 1, 'partial', code],
    ['unread', YEAR, '2026-10-01', 365, 'not_evidenced', code],
    ['young', YEAR, '2026-07-31', 303, 'not_evidenced', code],
    ['events', '2026-09-09', '2026-09-09', 1, 'not_evidenced', code],
  ]);
});

it('looks back twelve months whatever the begin of the period, and counts the days of the period', async () => {
  const longer = await runReport(database, 'log_retention', {
    period_start: '2026-09-01 00:00:00',
    period_end: '2026-10-02 00:00:00',
  });
  const without = (list: readonly ResultRow[]) =>
    list.map(({ period_missing_days: _, ...row }) => row);
  expect(without(longer)).toEqual(without(rows));
  const missing = (source: string) => longer.find((row) => row.source === source);
  expect(missing('new-hole')?.period_missing_days).toBe(2);
});

it('says of rows that left how long they were kept, and calls none of them missing or at hand', async () => {
  const other = await openEmptyTables();
  const whole = days('2025-10-01', END);
  await insertRows(other, 'interface_day', [...flowDays('flows', whole)]);
  const counts = async (
    gone: readonly { day: string; action: string; left: string }[],
  ): Promise<unknown[][]> => {
    await other.connection.run('delete from gone_day');
    await insertRows(
      other,
      'gone_day',
      gone.map(({ day, action, left }) => ({
        table_name: 'flow',
        log_date: day,
        action,
        raw_months: 12,
        left_at: `${left} 06:00:00`,
      })),
    );
    const found = await runReport(other, 'log_retention');
    return pick(
      found,
      'missing_from_date',
      'missing_until_date',
      'year_missing_days',
      'archived_days',
      'removed_days',
      'status',
      'gap_code',
    ).map((row) => Object.values(row));
  };
  const [first, second, near] = ['2025-10-02', '2025-10-03', '2026-08-01'];
  expect(await counts([])).toEqual([[null, null, 0, 0, 0, 'supports', null]]);
  // On the day after the last of the twelve months, and a day too early.
  expect(
    await counts([
      { day: '2025-10-01', action: 'removed', left: '2026-01-01' },
      { day: first, action: 'removed', left: '2026-10-02' },
      { day: second, action: 'removed', left: '2026-10-03' },
    ]),
  ).toEqual([
    [null, null, 0, 0, 2, 'supports', null],
    [first, second, null, 0, 2, 'supports', null],
  ]);
  expect(await counts([{ day: first, action: 'removed', left: '2026-10-01' }])).toEqual([
    [null, null, 0, 0, 1, 'not_evidenced', 'RETENTION_REMOVED_EARLY'],
    [first, first, null, 0, 1, 'not_evidenced', 'RETENTION_REMOVED_EARLY'],
  ]);
  expect(
    await counts([
      { day: first, action: 'archived', left: '2026-01-02' },
      { day: second, action: 'archived', left: '2026-10-03' },
    ]),
  ).toEqual([
    [null, null, 0, 2, 0, 'partial', 'RETENTION_ARCHIVED'],
    [first, first, null, 1, 0, 'partial', 'RETENTION_ARCHIVED'],
    [second, second, null, 1, 0, 'supports', null],
  ]);
  expect(await counts([{ day: near, action: 'archived', left: '2026-10-31' }])).toEqual([
    [null, null, 0, 1, 0, 'partial', 'RETENTION_NEWEST_MONTHS_ARCHIVED'],
    [near, near, null, 1, 0, 'partial', 'RETENTION_NEWEST_MONTHS_ARCHIVED'],
  ]);
  other.close();
});
