/** The two reports on how many IPS events there were: by what became of them, and by day. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../../../src/database.ts';
import { insertRows, openEmptyTables, pick, type Row, runReport } from '../fixture.ts';

const PERIOD = { period_start: '2026-10-01 00:00:00', period_end: '2026-10-04 00:00:00' };

function events(date: string, disposition: string | null, count: number, own: Row = {}): Row {
  return {
    source: 'ips_events[0]',
    product: 'suricata',
    module: 'intrusion_prevention',
    disposition,
    severity: 'high',
    event_count: count,
    first_at: `${date} 01:00:00`,
    last_at: `${date} 02:00:00`,
    event_date: date,
    ...own,
  };
}

let database: Database;

beforeAll(async () => {
  database = await openEmptyTables();
  await insertRows(database, 'event_day', [
    events('2026-09-30', 'blocked', 100),
    events('2026-10-01', 'blocked', 1),
    events('2026-10-01', 'blocked', 2, { severity: null }),
    events('2026-10-01', 'detected', 3, { severity: 'low' }),
    events('2026-10-03', 'blocked', 4, { severity: 'critical' }),
    events('2026-10-04', 'blocked', 100),
    events('2026-10-03', null, 5, { severity: 'medium' }),
    events('2026-10-03', 'allowed', 6, { severity: 'medium' }),
    events('2026-10-02', 'logged', 24, { module: 'heartbeat', severity: null }),
    events('2026-10-03', 'logged', 7, { product: 'deep_security', module: 'integrity' }),
    events('2026-09-30', 'logged', 7, { product: 'snort' }),
  ]);
});

afterAll(() => database.close());

it('counts the events of the period by what became of them, and never a detected one as blocked', async () => {
  const rows = await runReport(database, 'ips_event_disposition', PERIOD);
  const shown = pick(
    rows,
    ...['product', 'module', 'disposition', 'event_count'],
    ...['critical_count', 'high_count', 'medium_count', 'low_count', 'day_count'],
    ...['status', 'gap_code'],
  ).map((row) => Object.values(row));
  const ips = ['suricata', 'intrusion_prevention'];
  expect(shown).toEqual([
    ['deep_security', 'integrity', 'logged', 7, 0, 7, 0, 0, 1, 'supports', null],
    [...ips, 'allowed', 6, 0, 0, 6, 0, 1, 'partial', 'IPS_ALLOWED'],
    [...ips, 'blocked', 7, 4, 1, 0, 0, 2, 'supports', null],
    [...ips, 'detected', 3, 0, 0, 0, 3, 1, 'partial', 'IPS_DETECT_ONLY'],
    [...ips, 'unknown', 5, 0, 0, 5, 0, 1, 'partial', 'IPS_DISPOSITION_UNKNOWN'],
  ]);
  expect(rows[2]).toMatchObject({
    first_at: '2026-10-01 01:00:00',
    last_at: '2026-10-03 02:00:00',
    remedy: null,
  });
});

it('has a row for each day of each product that sent events, also for days without', async () => {
  const rows = await runReport(database, 'ips_event_volume', PERIOD);
  const shown = pick(
    rows,
    ...['product', 'day', 'alert_count', 'blocked_count', 'detected_count'],
    ...['severe_count', 'event_count', 'status', 'gap_code'],
  ).map((row) => Object.values(row));
  const none = [0, 0, 0, 0, 0, 'not_evidenced', 'IPS_DAY_WITHOUT_EVENT'];
  expect(shown).toEqual([
    ['deep_security', '2026-10-01', ...none],
    ['deep_security', '2026-10-02', ...none],
    ['deep_security', '2026-10-03', 7, 0, 0, 7, 7, 'supports', null],
    ['suricata', '2026-10-01', 6, 3, 3, 1, 6, 'supports', null],
    // Signs of life are no alerts.
    ['suricata', '2026-10-02', 0, 0, 0, 0, 24, 'supports', null],
    ['suricata', '2026-10-03', 15, 4, 0, 4, 15, 'supports', null],
  ]);
});
