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

const BEFORE = '2026-09-01 00:00:00';

const hours = (...numbers: number[]): string[] => numbers.map(String);
const allBut = (...left: number[]): string[] =>
  hours(...Array.from({ length: 24 }, (_, hour) => hour).filter((hour) => !left.includes(hour)));

function day(interfaceId: string | null, seen: string[], own: Row = {}): Row {
  const last = Number(seen.at(-1));
  return {
    interface_id: interfaceId,
    source: 'flow_logs[0]',
    flow_log_id: 'fl-0a',
    record_count: seen.length,
    nodata_count: 0,
    skipdata_count: 0,
    seen_hours: seen,
    seen_hour_count: seen.filter((hour) => Number(hour) < 24).length,
    last_at: `2026-10-01 ${String(Math.min(last, 23)).padStart(2, '0')}:59:00`,
    flow_date: '2026-10-01',
    ...own,
  };
}

const scope = (interfaceId: string, own: Row = {}): Row => ({
  scope_name: 'cde',
  network_interface_id: interfaceId,
  subnet_id: 'subnet-0a',
  vpc_id: 'vpc-0z',
  valid_from: BEFORE,
  ...own,
});

function skipped(interfaceId: string, startedAt: string, endedAt: string): Row {
  return {
    interface_id: interfaceId,
    source: 'flow_logs[0]',
    flow_log_id: 'fl-0a',
    interval_count: 1,
    started_at: startedAt,
    ended_at: endedAt,
    flow_date: startedAt.slice(0, 10),
  };
}

let database: Database;
let rows: ResultRow[];

beforeAll(async () => {
  database = await openEmptyTables();
  await insertRows(database, 'scope_interface', [
    scope('eni-whole'),
    scope('eni-holes'),
    scope('eni-late', { valid_from: '2026-10-01 20:30:00' }),
    scope('eni-never'),
    scope('eni-by-address'),
    scope('eni-uncovered', { subnet_id: 'subnet-0z' }),
    scope('eni-gone', { valid_to: '2026-10-01 00:00:00' }),
  ]);
  await insertRows(database, 'flow_log', [
    { flow_log_id: 'fl-0a', resource_id: 'subnet-0a', valid_from: BEFORE },
  ]);
  // In hour 7 nothing came from the flow log at all: that is its own failure, not one of each interface.
  await insertRows(database, 'interface_day', [
    // What began the day before counts for the hour in which it ended.
    day('eni-whole', hours(23, 24), { flow_date: '2026-09-30', last_at: '2026-10-01 00:00:01' }),
    day('eni-whole', allBut(0, 7)),
    day('eni-holes', allBut(3, 4, 7, 9)),
    day('eni-late', hours(21, 22, 23)),
    day('eni-outside', allBut(7, 8)),
    day(null, allBut(7, 8)),
    day('eni-holes', hours(0), { flow_date: '2026-10-02', last_at: '2026-10-02 00:10:00' }),
  ]);
  await insertRows(database, 'flow_class', [
    { network_interface_id: 'eni-by-address', flow_count: 1, flow_date: '2026-10-01' },
    { network_interface_id: 'eni-never', flow_count: 1, flow_date: '2026-10-02' },
  ]);
  await insertRows(database, 'skipped_interval', [
    // Goes on over midnight, and is cut at the begin of the period.
    skipped('eni-whole', '2026-09-30 23:50:00', '2026-10-01 00:00:00'),
    skipped('eni-whole', '2026-10-01 00:00:00', '2026-10-01 00:10:00'),
    skipped('eni-whole', '2026-10-01 06:30:00', '2026-10-01 06:31:00'),
    skipped('eni-outside', '2026-10-01 05:00:00', '2026-10-01 05:10:00'),
    skipped('eni-whole', '2026-10-02 00:00:00', '2026-10-02 00:01:00'),
  ]);
  rows = await runReport(database, 'interface_silence');
});

afterAll(() => database.close());

const at = (time: string): string => `2026-10-01 ${time}`;
const midnight = '2026-10-02 00:00:00';

it('lists hours with records, silent stretches, losses and interfaces that were never seen', () => {
  const shown = pick(
    rows,
    'network_interface_id',
    'expected_hours',
    'silent_hours',
    'skipped_intervals',
    'started_at',
    'ended_at',
    'status',
    'gap_code',
  ).map((row) => Object.values(row));
  expect(shown).toEqual([
    ['eni-holes', 23, 3, null, at('00:00:00'), midnight, 'partial', null],
    [
      'eni-holes',
      2,
      2,
      null,
      at('03:00:00'),
      at('05:00:00'),
      'not_evidenced',
      'FL_SILENT_ENI_HOURS',
    ],
    [
      'eni-holes',
      1,
      1,
      null,
      at('09:00:00'),
      at('10:00:00'),
      'not_evidenced',
      'FL_SILENT_ENI_HOURS',
    ],
    // Its first whole hour is the one after it came to be.
    ['eni-late', 3, 0, null, at('21:00:00'), midnight, 'supports', null],
    ['eni-never', null, null, null, at('00:00:00'), midnight, 'not_evidenced', 'FL_SILENT_ENI'],
    ['eni-outside', null, null, 1, at('05:00:00'), at('05:10:00'), 'partial', 'FL_SKIPDATA'],
    ['eni-whole', 23, 0, null, at('00:00:00'), midnight, 'supports', null],
    ['eni-whole', null, null, 2, at('00:00:00'), at('00:10:00'), 'partial', 'FL_SKIPDATA'],
    ['eni-whole', null, null, 1, at('06:30:00'), at('06:31:00'), 'partial', 'FL_SKIPDATA'],
  ]);
});

it('does not call the hour silent in which data end', async () => {
  const other = await openEmptyTables();
  await insertRows(other, 'scope_interface', [scope('eni-a'), scope('eni-b')]);
  await insertRows(other, 'interface_day', [
    day('eni-a', hours(0, 1, 2), { last_at: '2026-10-01 02:49:00' }),
    day('eni-b', hours(0, 1), { last_at: '2026-10-01 01:49:00' }),
  ]);
  const early = await runReport(other, 'interface_silence');
  expect(early.map((row) => [row.network_interface_id, row.expected_hours, row.status])).toEqual([
    ['eni-a', 2, 'supports'],
    ['eni-b', 2, 'supports'],
  ]);
  await insertRows(other, 'interface_day', [
    day('eni-a', hours(2), { last_at: '2026-10-01 02:50:00', flow_log_id: null }),
  ]);
  const late = await runReport(other, 'interface_silence');
  expect(late.map((row) => [row.network_interface_id, row.gap_code])).toContainEqual([
    'eni-b',
    'FL_SILENT_ENI_HOURS',
  ]);
  other.close();
});

it('counts hours over days, of which only those with a gap are looked at hour by hour', async () => {
  const other = await openEmptyTables();
  await insertRows(other, 'scope_interface', [
    scope('eni-full'),
    scope('eni-mid', { valid_from: '2026-10-01 12:30:00', valid_to: '2026-10-02 06:00:00' }),
    scope('eni-hole'),
  ]);
  const second: Row = { flow_date: '2026-10-02', last_at: '2026-10-02 23:59:00' };
  await insertRows(other, 'interface_day', [
    ...['eni-full', 'eni-mid', 'eni-hole'].map((name) => day(name, allBut())),
    day('eni-full', allBut(), second),
    day('eni-mid', hours(0, 1, 2, 3, 4, 5), second),
    day('eni-hole', allBut(5, 6), second),
    // A record of another flow log ends in one of the two.
    day('eni-hole', hours(4, 5), { ...second, flow_log_id: 'fl-0b' }),
  ]);
  const found = await runReport(other, 'interface_silence', {
    period_start: '2026-10-01 00:00:00',
    period_end: '2026-10-03 00:00:00',
  });
  const shown = pick(
    found,
    ...['network_interface_id', 'expected_hours', 'silent_hours', 'started_at', 'ended_at'],
  ).map((row) => Object.values(row));
  expect(shown).toEqual([
    ['eni-full', 48, 0, at('00:00:00'), '2026-10-03 00:00:00'],
    ['eni-hole', 48, 1, at('00:00:00'), '2026-10-03 00:00:00'],
    ['eni-hole', 1, 1, '2026-10-02 06:00:00', '2026-10-02 07:00:00'],
    ['eni-mid', 17, 0, at('13:00:00'), '2026-10-02 06:00:00'],
  ]);
  other.close();
});
