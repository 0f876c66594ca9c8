import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../../../src/database.ts';
import { insertRows, openEmptyTables, type ResultRow, type Row, runReport } from '../fixture.ts';

function detail(flowId: string, interfaceId: string, startAt: string | null, own: Row = {}): Row {
  return {
    flow_id: flowId,
    source: 'flow_logs[0]',
    flow_log_id: 'fl-0a',
    network_interface_id: interfaceId,
    scope_name: 'cde',
    start_at: startAt,
    end_at: startAt,
    flow_date: startAt?.slice(0, 10) ?? '2026-10-01',
    user_identification: 'missing',
    user_identification_reason: 'FL_NO_USER: no flow log of any version names a user',
    event_type: 'partial',
    event_time: 'met',
    outcome: 'partial',
    origination: 'met',
    affected_resource: 'supplied',
    ...own,
  };
}

const COMPLETE: Row = {
  user_identification: 'supplied',
  event_type: 'supplied',
  outcome: 'supplied',
};

function scope(interfaceId: string, validFrom: string, own: Row = {}): Row {
  return {
    scope_name: 'cde',
    network_interface_id: interfaceId,
    owner_kind: 'ec2_instance',
    addresses: ['10.0.1.5', '2001:db8::5'],
    valid_from: validFrom,
    ...own,
  };
}

let database: Database;
let rows: ResultRow[];

beforeAll(async () => {
  database = await openEmptyTables();
  await insertRows(database, 'scope_interface', [
    scope('eni-old', '2026-09-01 00:00:00', {
      instance_id: 'i-old',
      instance_name: 'web-1',
      valid_to: '2026-10-01 12:00:00',
    }),
    // Took over the address of eni-old.
    scope('eni-new', '2026-10-01 12:00:00', { instance_id: 'i-new' }),
    scope('eni-quiet', '2026-10-01 23:59:59', { owner_kind: 'nat_gateway', addresses: null }),
    scope('eni-gone', '2026-09-01 00:00:00', { valid_to: '2026-10-01 00:00:00' }),
    scope('eni-later', '2026-10-02 00:00:00'),
  ]);
  await insertRows(database, 'flow_detail', [
    detail('a:1', 'eni-old', '2026-10-01 00:00:00'),
    detail('a:2', 'eni-old', '2026-10-01 11:00:00', { user_identification: 'supplied' }),
    detail('a:3', 'eni-old', null, { event_time: 'missing' }),
    detail('a:4', 'eni-old', '2026-09-30 23:59:59'),
    detail('a:5', 'eni-old', '2026-10-02 00:00:00'),
    detail('b:1', 'eni-new', '2026-10-01 13:00:00', COMPLETE),
    detail('d:1', 'eni-outside', '2026-10-01 13:00:00', { scope_name: null }),
    detail('d:2', 'eni-outside', '2026-10-01 13:00:00', { network_interface_id: null }),
  ]);
  await insertRows(database, 'flow_copy', [
    // A record of a second flow log, a long one that two flows add up to, and one of a later flow.
    { flow_id: 'c:1', kept_flow_id: 'b:1', copied_as: 'record', flow_date: '2026-10-01' },
    { flow_id: 'c:2', kept_flow_id: 'a:1', copied_as: 'sum', flow_date: '2026-10-01' },
    { flow_id: 'c:2', kept_flow_id: 'a:2', copied_as: 'sum', flow_date: '2026-10-01' },
    { flow_id: 'c:3', kept_flow_id: 'a:5', copied_as: 'record', flow_date: '2026-10-02' },
  ]);
  rows = await runReport(database, 'log_detail_by_resource');
});

afterAll(() => database.close());

it('lists each interface in scope once, and an address that was reused with both of its interfaces', () => {
  expect(rows.map((row) => [row.network_interface_id, row.resource, row.addresses])).toEqual([
    ['eni-new', 'i-new', '10.0.1.5, 2001:db8::5'],
    ['eni-old', 'web-1 (i-old)', '10.0.1.5, 2001:db8::5'],
    ['eni-quiet', 'nat_gateway', null],
  ]);
});

it('counts the flows of the half open period that have each detail, and names the weakest', () => {
  expect(rows.find((row) => row.network_interface_id === 'eni-old')).toMatchObject({
    flow_count: 3,
    flows_with_detail:
      'user 1 (1 by companion), type 0, time 2, outcome 0, origination 3, affected 3 (3 by companion)',
    weakest_element: 'user_identification',
    first_at: '2026-10-01 00:00:00',
    last_at: '2026-10-01 11:00:00',
    status: 'partial',
    gap_code: 'FL_NO_USER',
    why: 'The weakest detail, user_identification, is there in 1 of 3 flows: no flow log of any version names a user.',
  });
});

it('counts the records of other flow logs that its flows stand for, each once', () => {
  expect(rows.map((row) => [row.network_interface_id, row.copy_count])).toEqual([
    ['eni-new', 1],
    ['eni-old', 1],
    ['eni-quiet', 0],
  ]);
});

it('supports only with every detail of every flow', () => {
  expect(rows.find((row) => row.network_interface_id === 'eni-new')).toMatchObject({
    flow_count: 1,
    weakest_element: null,
    status: 'supports',
    gap_code: null,
    remedy: null,
  });
});

it('says that an interface without flows is not evidenced', () => {
  expect(rows.find((row) => row.network_interface_id === 'eni-quiet')).toMatchObject({
    flow_count: 0,
    first_at: null,
    status: 'not_evidenced',
    gap_code: 'FL_SILENT_ENI',
  });
});
