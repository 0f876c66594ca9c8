import { expect, it } from 'vitest';
import { insertRows, openEmptyTables, pick, type Row, runReport } from '../fixture.ts';

const PERIOD = { period_start: '2026-10-01 00:00:00', period_end: '2026-10-03 00:00:00' };

function clock(host: string | null, date: string, own: Row = {}): Row {
  return {
    product: 'deep_security',
    host,
    event_count: 10,
    compared_count: 10,
    ahead_count: 0,
    least_seconds: 2,
    greatest_seconds: 600,
    year_inferred_count: 0,
    event_date: date,
    ...own,
  };
}

it('compares the clocks of each host over the days of the period', async () => {
  const database = await openEmptyTables();
  const never = { compared_count: 0, least_seconds: null, greatest_seconds: null };
  await insertRows(database, 'event_clock_day', [
    clock('ahead', '2026-10-01'),
    clock('ahead', '2026-10-02', { ahead_count: 1, least_seconds: -61 }),
    // Less than a minute ahead, and an hour behind: on the edge.
    clock('near', '2026-10-01', { least_seconds: -60 }),
    clock('near', '2026-10-02', { least_seconds: 3600, greatest_seconds: 90_000 }),
    clock('behind', '2026-10-01', { least_seconds: 3601, greatest_seconds: 4000 }),
    clock('behind', '2026-10-02'),
    clock('one-time', '2026-10-01', { ...never, year_inferred_count: 4 }),
    // Outside the period.
    clock('near', '2026-09-30', { ahead_count: 5, least_seconds: -999 }),
    clock('near', '2026-10-03', { ahead_count: 5, least_seconds: -999 }),
    clock(null, '2026-10-01', never),
  ]);
  const rows = await runReport(database, 'clock_differences', PERIOD);
  const shown = pick(
    rows,
    ...['host', 'event_count', 'compared_count', 'least_seconds', 'greatest_seconds'],
    ...['day_count', 'first_date', 'last_date', 'status', 'gap_code'],
  ).map((row) => Object.values(row));
  const day = '2026-10-02';
  expect(shown).toEqual([
    ['ahead', 20, 20, -61, 600, 2, day, day, 'contradicts', 'IPS_CLOCK_SKEW'],
    [
      ...['behind', 20, 20, 2, 4000, 2, '2026-10-01', '2026-10-01'],
      ...['partial', 'IPS_CLOCK_BEHIND_OR_LATE'],
    ],
    [
      ...['host not named', 10, 0, null, null, 0, null, null],
      ...['not_evidenced', 'CLOCK_NOT_COMPARED'],
    ],
    ['near', 20, 20, -60, 90_000, 2, null, null, 'supports', null],
    ['one-time', 10, 0, null, null, 0, null, null, 'not_evidenced', 'CLOCK_NOT_COMPARED'],
  ]);
  expect(rows[0]?.why).toBe('1 events are dated after they were received, by up to 61 seconds.');
  expect(rows[4]?.why).toMatch(/ The time of 4 of 10 events came without a year\.$/);
  database.close();
});
