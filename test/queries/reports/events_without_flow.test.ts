import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../../../src/database.ts';
import { insertRows, openEmptyTables, type ResultRow, type Row, runReport } from '../fixture.ts';

const NOON = '2026-10-01 12:00:00';

const match = (eventId: string, own: Row = {}): Row => ({
  event_id: eventId,
  product: 'suricata',
  module: 'intrusion_prevention',
  event_at: NOON,
  network_interface_ids: ['eni-a'],
  scope_name: 'cde',
  flow_log_ids: [],
  match_count: 0,
  reason: 'not_seen',
  event_date: '2026-10-01',
  ...own,
});

const nowhere: Row = { network_interface_ids: [], scope_name: null };

let database: Database;
let rows: ResultRow[];

beforeAll(async () => {
  database = await openEmptyTables();
  await insertRows(database, 'event_match', [
    match('m1', { reason: null, match_count: 2 }),
    match('m2', { reason: null, match_count: 1, event_at: '2026-10-01 13:00:00' }),
    match('m-other', { reason: null, match_count: 1, product: 'deep_security' }),
    match('n1', { flow_log_ids: ['fl-a', 'fl-b'], event_at: '2026-10-01 00:00:00' }),
    match('n2', { flow_log_ids: ['fl-a', 'fl-b'] }),
    match('n-before', { event_at: '2026-09-30 23:59:59', event_date: '2026-09-30' }),
    match('n-end', { event_at: '2026-10-02 00:00:00', event_date: '2026-10-02' }),
    match('n-elsewhere', { scope_name: null }),
    // The clock of the agent was ahead by a day: its date is not that of its time.
    match('skipped', { reason: 'skipped_interval', event_date: '2026-10-02' }),
    match('unlogged', { reason: 'class_never_logged', unlogged_class: 'VPC router' }),
    match('uncovered', { reason: 'no_flow_log_known' }),
    match('rejects', { reason: 'one_sided_flow_log', flow_log_ids: ['fl-r'] }),
    match('unread', { reason: 'outside_ingested_time', flow_log_ids: ['fl-a'] }),
    match('unplaced', { ...nowhere, reason: 'no_interface_known', host_name: 'web-9' }),
    match("it's", { ...nowhere, reason: 'no_address' }),
    match('file', { ...nowhere, reason: 'no_address', module: 'integrity' }),
  ]);
  rows = await runReport(database, 'events_without_flow');
});

afterAll(() => database.close());

it('counts what matched, and lists what did not with its reason', () => {
  const shown = rows.map((row) => [
    row.subject,
    row.product,
    row.event_count,
    row.example_event_id,
    row.status,
    row.gap_code,
  ]);
  expect(shown).toEqual([
    ['all', 'deep_security', 1, 'm-other', 'supports', null],
    ['all', 'suricata', 2, 'm1', 'supports', null],
    ['eni-a', 'suricata', 1, 'uncovered', 'not_evidenced', 'FL_ENI_UNCOVERED'],
    ['eni-a', 'suricata', 2, 'n1', 'partial', 'FL_EVENT_NOT_SEEN'],
    ['eni-a', 'suricata', 1, 'skipped', 'partial', 'FL_SKIPDATA'],
    ['eni-a', 'suricata', 1, 'unread', 'not_evidenced', 'FL_TIME_NOT_READ'],
    ['eni-a', 'suricata', 1, 'rejects', 'partial', 'FL_TRAFFIC_TYPE_NOT_ALL'],
    ['eni-a', 'suricata', 1, 'unlogged', 'out_of_reach', 'FL_UNLOGGED_CLASS'],
    ['not known', 'suricata', 1, "it's", 'out_of_reach', 'EVENT_NO_ADDRESS'],
    ['web-9', 'suricata', 1, 'unplaced', 'not_evidenced', 'META_UNRESOLVED_ENI'],
  ]);
});

it('says why, and what to do', () => {
  const why = (code: string) => rows.find((row) => row.gap_code === code)?.why;
  expect(why('FL_EVENT_NOT_SEEN')).toBe(
    'The flow log fl-a, fl-b was read for that time and has no record that matches.',
  );
  expect(why('FL_UNLOGGED_CLASS')).toBe('AWS never logs this traffic: VPC router.');
  expect(why('FL_TIME_NOT_READ')).toBe(
    'A flow log covers the interface (fl-a), but nothing of that time was read of it.',
  );
  expect(rows.filter((row) => row.why === null)).toEqual([]);
  expect(rows.filter((row) => row.remedy === null).map((row) => row.status)).toEqual([
    'supports',
    'supports',
  ]);
});
