import { expect, it } from 'vitest';
import { insertRows, openEmptyTables, pick, type Row, runReport } from '../fixture.ts';

let position = 0;

/** An object whose newest record is as old as said when it is written. */
function object(lastAt: string, delaySeconds: number | null, own: Row = {}): Row {
  position += 1;
  const written = Date.parse(`${lastAt.replace(' ', 'T')}Z`) + (delaySeconds ?? 0) * 1000;
  return {
    object_id: `o-${position}`,
    uri: `s3://example-logs/${position}`,
    source: 'flow_logs[0]',
    kind: 'flow_logs',
    flow_log_id: 'fl-0a',
    status: 'loaded',
    last_at: lastAt,
    modified_at: delaySeconds === null ? null : new Date(written).toISOString().slice(0, 19),
    ...own,
  };
}

const NOON = '2026-10-01 12:00:00';

it('gives the delays of each flow log and day, and says where none is known', async () => {
  const database = await openEmptyTables();
  await insertRows(database, 'source_object', [
    // 19 of 20 within an hour, and the last on the edge of a day: on time.
    ...Array.from({ length: 19 }, (_, index) => object(NOON, 60 * (index + 1))),
    object(NOON, 86_400),
    // Near misses: before the period, after it, refused, without times, and inventory.
    object('2026-09-30 23:59:59', 999_999),
    object('2026-10-02 00:00:00', 999_999),
    object(NOON, 999_999, { status: 'refused' }),
    object(NOON, null),
    object(NOON, 999_999, { kind: 'inventory' }),
    // One second too late; more than five of a hundred late; and before its time.
    object(NOON, 86_401, { flow_log_id: 'fl-0b' }),
    ...Array.from({ length: 99 }, () => object(NOON, 0, { flow_log_id: 'fl-0b' })),
    object('2026-10-01 00:00:00', 3601, { flow_log_id: null }),
    object(NOON, -5, { source: 'flow_logs[1]', flow_log_id: 'fl-0c' }),
    object(NOON, 60, { source: 'flow_logs[2]', uri: 'file:logs/a' }),
    object(NOON, 60, {
      source: 'flow_logs[3]',
      uri: 'cloudwatch-logs://eu-central-1:group?date=1',
    }),
  ]);
  const delays = (date: string, own: Row = {}): Row => ({
    log_group: 'eu-central-1:group',
    source: 'flow_logs[3]',
    kind: 'flow_logs',
    event_count: 10,
    least_seconds: 60,
    half_seconds: 300,
    most_seconds: 3600,
    greatest_seconds: 4000,
    flow_date: date,
    ...own,
  });
  await insertRows(database, 'ingestion_day', [
    delays('2026-09-30'),
    delays('2026-10-01'),
    delays('2026-10-02'),
  ]);
  const rows = await runReport(database, 'delivery_lag');
  const shown = pick(
    rows,
    'source',
    'subject',
    'log_date',
    'item_count',
    'least_seconds',
    'half_seconds',
    'most_seconds',
    'greatest_seconds',
    'status',
    'gap_code',
  ).map((row) => Object.values(row));
  const day = '2026-10-01';
  expect(shown).toEqual([
    ['flow_logs[0]', 'fl-0a', day, 20, 60, 600, 1140, 86_400, 'supports', null],
    ['flow_logs[0]', 'fl-0b', day, 100, 0, 0, 0, 86_401, 'partial', 'DELIVERY_LATE'],
    ['flow_logs[0]', 'not known', day, 1, 3601, 3601, 3601, 3601, 'partial', 'DELIVERY_LATE'],
    ['flow_logs[1]', 'fl-0c', day, 1, -5, -5, -5, -5, 'supports', null],
    [
      ...['flow_logs[2]', 'all files', null, 1, null, null, null, null],
      ...['not_evidenced', 'DELIVERY_TIME_UNKNOWN'],
    ],
    ['flow_logs[3]', 'eu-central-1:group', day, 10, 60, 300, 3600, 4000, 'supports', null],
  ]);
  expect(rows[3]?.why).toMatch(/: clocks differ\.$/);
  expect(rows[1]?.why).toMatch(/^95 of 100 .*, but one or more took longer than a day\.$/);
  expect(rows[2]?.why).toMatch(/^More than 5 of 100/);
  database.close();
});
