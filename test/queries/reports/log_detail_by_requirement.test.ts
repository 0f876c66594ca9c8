import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../../../src/database.ts';
import { insertRows, openEmptyTables, type ResultRow, type Row, runReport } from '../fixture.ts';

const event = (eventId: string, module: string, own: Row = {}): Row => ({
  event_id: eventId,
  module,
  event_date: '2026-10-01',
  ...own,
});

const user = (own: Row): Row => ({
  ...{ network_interface_id: 'eni-1', scope_name: 'cde', element: 'user_identification' },
  ...{ status: 'supplied', flow_count: 2, flow_date: '2026-10-01' },
  ...own,
});

let database: Database;
let rows: ResultRow[];

beforeAll(async () => {
  database = await openEmptyTables();
  rows = [];
});

afterAll(() => database.close());

it('lists the seven kinds of events as out of reach, with the source of each, also without data', async () => {
  rows = await runReport(database, 'log_detail_by_requirement');
  expect(rows.map((row) => row.requirement_id)).toEqual(
    [1, 2, 3, 4, 5, 6, 7].map((number) => `10.2.1.${number}`),
  );
  for (const row of rows) {
    expect(row).toMatchObject({
      status: 'out_of_reach',
      leads: null,
      gap_code: 'FL_NOT_THE_EVENT',
    });
    expect(String(row.remedy)).toMatch(/log|CloudTrail/);
  }
});

it('never calls a rejected flow a failed logon', () => {
  expect(rows[3]?.why).toContain('not a failed logon');
});

it('counts the leads of the period, each event once', async () => {
  await insertRows(database, 'detail_day', [
    user({}),
    user({ flow_count: 3, network_interface_id: 'eni-2' }),
    user({ scope_name: null }),
    user({ status: 'missing' }),
    user({ element: 'event_type' }),
    user({ flow_date: '2026-09-30' }),
    user({ flow_date: '2026-10-02' }),
  ]);
  await insertRows(database, 'ips_event', [
    event('logon', 'log_inspection', { user_name: 'deploy' }),
    event('logon', 'log_inspection', { user_name: 'deploy', object_id: 'delivered twice' }),
    event('logon-2', 'log_inspection'),
    event('start', 'system'),
    event('file', 'integrity', { user_name: 'deploy' }),
    event('before', 'integrity', { event_date: '2026-09-30' }),
    event('at-end', 'system', { event_date: '2026-10-02' }),
    event('packet', 'intrusion_prevention'),
  ]);
  await insertRows(database, 'flow_log', [
    {
      flow_log_id: 'fl-made',
      created_at: '2026-10-01 00:00:00',
      valid_from: '2026-10-03 00:00:00',
    },
    {
      flow_log_id: 'fl-gone',
      created_at: '2026-01-01 00:00:00',
      valid_from: '2026-09-01 00:00:00',
      valid_to: '2026-10-01 23:59:59',
    },
    // Another state of it followed: it is still there.
    {
      flow_log_id: 'fl-changed',
      valid_from: '2026-09-01 00:00:00',
      valid_to: '2026-10-01 12:00:00',
    },
    { flow_log_id: 'fl-changed', valid_from: '2026-10-01 12:00:00' },
    {
      flow_log_id: 'fl-later',
      created_at: '2026-10-02 00:00:00',
      valid_from: '2026-10-03 00:00:00',
    },
  ]);
  const found = await runReport(database, 'log_detail_by_requirement');
  expect(found.map((row) => row.leads)).toEqual([
    'flows in scope whose user an event names: 5',
    'log inspection events that name a user: 1',
    null,
    'log inspection events: 2',
    null,
    'events of agents and managers about themselves: 1; flow logs created or gone, by the inventory: 2',
    'integrity monitoring events: 1',
  ]);
  expect(new Set(found.map((row) => row.status))).toEqual(new Set(['out_of_reach']));
});
