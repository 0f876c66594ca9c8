import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../../../src/database.ts';
import { insertRows, openEmptyTables, type ResultRow, type Row, runReport } from '../fixture.ts';

/** `status CODE` of each detail, in the order of 10.2.2. */
const VERDICTS = {
  user_identification: 'missing FL_NO_USER',
  event_type: 'partial FL_EVENT_TYPE_PARTIAL',
  event_time: 'met FL_TIME_WITHIN_60_SECONDS',
  outcome: 'partial FL_FILTER_VERDICT_ONLY',
  origination: 'met FL_ORIGIN_BY_FLAGS',
  affected_resource: 'supplied SUPPLIED_BY_INVENTORY',
};

type Times = readonly [first: string, last: string];

/** The six rows of so many flows of an interface on the day of the times. */
function details(
  interfaceId: string | null,
  flowCount: number,
  [first, last]: Times,
  verdicts: Partial<typeof VERDICTS> = {},
  own: Row = {},
): Row[] {
  return Object.entries({ ...VERDICTS, ...verdicts }).map(([element, verdict], index) => {
    const [status, code] = verdict.split(' ');
    return {
      source: 'flow_logs[0]',
      flow_log_id: 'fl-0a',
      network_interface_id: interfaceId,
      scope_name: 'cde',
      element_position: index + 1,
      element,
      status: status ?? null,
      code: code ?? null,
      reason: `says ${code}`,
      remedy: status === 'partial' || status === 'missing' ? `What remedies ${code}.` : null,
      needs_flow_log: false,
      flow_count: flowCount,
      first_at: first,
      last_at: last,
      flow_date: first.slice(0, 10),
      ...own,
    };
  });
}

const COMPLETE = {
  user_identification: 'supplied SUPPLIED_BY_IPS_EVENT',
  event_type: 'supplied SUPPLIED_BY_IPS_EVENT',
  outcome: 'supplied SUPPLIED_BY_IPS_EVENT',
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
  await insertRows(database, 'detail_day', [
    ...details('eni-old', 1, ['2026-10-01 00:00:00', '2026-10-01 00:00:00']),
    ...details('eni-old', 1, ['2026-10-01 11:00:00', '2026-10-01 11:00:00'], {
      user_identification: 'supplied SUPPLIED_BY_IPS_EVENT',
    }),
    ...details('eni-old', 1, ['2026-10-01 01:00:00', '2026-10-01 02:00:00'], {
      event_time: 'missing FL_FORMAT_MISSING_EVENT_TIME',
    }),
    ...details('eni-old', 9, ['2026-09-30 00:00:00', '2026-09-30 23:59:59']),
    ...details('eni-old', 9, ['2026-10-02 00:00:00', '2026-10-02 00:00:00']),
    ...details('eni-new', 1, ['2026-10-01 13:00:00', '2026-10-01 13:00:00'], COMPLETE),
    ...details(
      'eni-outside',
      1,
      ['2026-10-01 13:00:00', '2026-10-01 13:00:00'],
      {},
      { scope_name: null },
    ),
    ...details(null, 1, ['2026-10-01 13:00:00', '2026-10-01 13:00:00']),
  ]);
  await insertRows(database, 'copy_day', [
    // Records of two other flow logs, one out of scope and one of the day after.
    { network_interface_id: 'eni-new', scope_name: 'cde', copy_count: 1, flow_date: '2026-10-01' },
    {
      network_interface_id: 'eni-old',
      scope_name: 'cde',
      flow_log_id: 'fl-0b',
      copy_count: 1,
      flow_date: '2026-10-01',
    },
    {
      network_interface_id: 'eni-old',
      scope_name: 'cde',
      flow_log_id: 'fl-0c',
      copy_count: 2,
      flow_date: '2026-10-01',
    },
    { network_interface_id: 'eni-old', scope_name: null, copy_count: 4, flow_date: '2026-10-01' },
    { network_interface_id: 'eni-old', scope_name: 'cde', copy_count: 8, flow_date: '2026-10-02' },
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
    why: 'The weakest detail, user_identification, is there in 1 of 3 flows: says FL_NO_USER.',
    remedy:
      'What remedies FL_NO_USER. What would supply the other details, and the exact format, stands in log_detail_by_source.',
  });
});

it('counts the records of other flow logs that its flows stand for', () => {
  expect(rows.map((row) => [row.network_interface_id, row.copy_count])).toEqual([
    ['eni-new', 1],
    ['eni-old', 3],
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
