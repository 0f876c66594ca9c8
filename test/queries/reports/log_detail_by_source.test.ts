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

const V2 =
  'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status';
const FULL = `${V2} vpc-id instance-id tcp-flags pkt-srcaddr pkt-dstaddr flow-direction`;

/** `status CODE` of each detail, in the order of 10.2.2. */
const VERDICTS = {
  user_identification: 'missing FL_NO_USER',
  event_type: 'partial FL_EVENT_TYPE_PARTIAL',
  event_time: 'met FL_TIME_WITHIN_60_SECONDS',
  outcome: 'partial FL_FILTER_VERDICT_ONLY',
  origination: 'partial FL_NO_DIRECTION_OR_FLAGS',
  affected_resource: 'supplied SUPPLIED_BY_INVENTORY',
};

/** The six rows of so many flows of a day. */
function details(
  date: string,
  flowCount: number,
  own: { row?: Row; verdicts?: Partial<typeof VERDICTS> } = {},
): Row[] {
  return Object.entries({ ...VERDICTS, ...own.verdicts }).map(([element, verdict], index) => {
    const [status, code] = verdict.split(' ');
    const isShort = status === 'partial' || status === 'missing';
    return {
      source: 'flow_logs[0]',
      flow_log_id: 'fl-0a',
      log_format: V2,
      network_interface_id: 'eni-1',
      element_position: index + 1,
      element,
      status: status ?? null,
      code: code ?? null,
      reason: `says ${code}`,
      remedy: isShort ? `What remedies ${code}.` : null,
      needs_flow_log: code === 'FL_NO_DIRECTION_OR_FLAGS',
      flow_count: flowCount,
      flow_date: date,
      ...own.row,
    };
  });
}

/** As the command line of AWS wants it: ${field} ${field} ... */
const CREATED_FORMAT =
  `${V2} vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region az-id pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path reject-reason`
    .split(' ')
    .map((name) => `\${${name}}`)
    .join(' ');

let database: Database;
let rows: ResultRow[];

beforeAll(async () => {
  database = await openEmptyTables();
  await insertRows(database, 'detail_day', [
    ...details('2026-10-01', 1),
    ...details('2026-10-01', 1, {
      verdicts: { user_identification: 'supplied SUPPLIED_BY_IPS_EVENT' },
      row: { network_interface_id: 'eni-2' },
    }),
    ...details('2026-10-01', 1, {
      verdicts: { event_time: 'missing FL_FORMAT_MISSING_EVENT_TIME' },
    }),
    ...details('2026-09-30', 10),
    ...details('2026-10-02', 10),
    ...details('2026-10-01', 7, {
      verdicts: { origination: 'met FL_ORIGIN_BY_FLAGS' },
      row: { source: 'flow_logs[1]', flow_log_id: null, log_format: FULL },
    }),
  ]);
  const copies = (date: string, count: number, own: Row = {}): Row => ({
    source: 'flow_logs[0]',
    flow_log_id: 'fl-0a',
    log_format: V2,
    kept_source: 'flow_logs[1]',
    copy_count: count,
    flow_date: date,
    ...own,
  });
  await insertRows(database, 'copy_day', [
    copies('2026-10-01', 1),
    copies('2026-10-02', 5),
    copies('2026-10-01', 1, { source: 'flow_logs[2]', flow_log_id: 'fl-0c' }),
    // Of flows of another interface.
    copies('2026-10-01', 1, {
      source: 'flow_logs[2]',
      flow_log_id: 'fl-0c',
      network_interface_id: 'eni-2',
    }),
  ]);
  await insertRows(database, 'flow_log', [
    {
      flow_log_id: 'fl-0a',
      resource_id: 'vpc-0a',
      log_format: V2,
      log_destination_type: 's3',
      log_destination: 'arn:aws:s3:::example-logs',
      valid_from: '2026-09-01 00:00:00',
    },
    // Created in the period and never read; seen only by a later snapshot.
    {
      flow_log_id: 'fl-0b',
      resource_id: 'subnet-0b',
      log_format: V2,
      created_at: '2026-10-01 23:59:59',
      valid_from: '2026-11-01 00:00:00',
    },
    {
      flow_log_id: 'fl-later',
      created_at: '2026-10-02 00:00:00',
      valid_from: '2026-11-01 00:00:00',
    },
    { flow_log_id: 'fl-gone', valid_from: '2026-09-01 00:00:00', valid_to: '2026-10-01 00:00:00' },
  ]);
  rows = await runReport(database, 'log_detail_by_source');
});

afterAll(() => database.close());

it('has six rows a source, in the order of 10.2.2, with the flows of the half open period', () => {
  const counts = pick(
    rows.filter((row) => row.source === 'flow_logs[0]'),
    'flow_log_id',
    'element',
    'met_count',
    'partial_count',
    'supplied_count',
    'missing_count',
    'status',
    'gap_code',
  ).map((row) => Object.values(row));
  expect(counts).toEqual([
    ['fl-0a', 'user_identification', 0, 0, 1, 2, 'partial', 'FL_NO_USER'],
    ['fl-0a', 'event_type', 0, 3, 0, 0, 'partial', 'FL_EVENT_TYPE_PARTIAL'],
    ['fl-0a', 'event_time', 2, 0, 0, 1, 'partial', 'FL_FORMAT_MISSING_EVENT_TIME'],
    ['fl-0a', 'outcome', 0, 3, 0, 0, 'partial', 'FL_FILTER_VERDICT_ONLY'],
    ['fl-0a', 'origination', 0, 3, 0, 0, 'partial', 'FL_NO_DIRECTION_OR_FLAGS'],
    ['fl-0a', 'affected_resource', 0, 0, 3, 0, 'supports', null],
  ]);
});

it('keeps a source whose flow log is not known, and says that its user is out of reach', () => {
  const full = rows.filter((row) => row.source === 'flow_logs[1]');
  expect(pick(full, 'flow_log_id', 'log_format', 'element', 'status').slice(0, 5)).toEqual([
    { flow_log_id: null, log_format: FULL, element: 'user_identification', status: 'out_of_reach' },
    { flow_log_id: null, log_format: FULL, element: 'event_type', status: 'partial' },
    { flow_log_id: null, log_format: FULL, element: 'event_time', status: 'supports' },
    { flow_log_id: null, log_format: FULL, element: 'outcome', status: 'partial' },
    { flow_log_id: null, log_format: FULL, element: 'origination', status: 'supports' },
  ]);
});

it('says of a source how many of its records count elsewhere, and if all do, where', () => {
  const counts = new Set(rows.map((row) => `${row.source} ${row.flow_log_id} ${row.copy_count}`));
  expect(counts).toEqual(
    new Set([
      'flow_logs[0] fl-0a 1',
      'flow_logs[1] null 0',
      'flow_logs[2] fl-0c 2',
      'null fl-0b 0',
    ]),
  );
  const copied = rows.filter((row) => row.source === 'flow_logs[2]');
  expect(pick(copied, 'element', 'status', 'gap_code').map((row) => Object.values(row))).toEqual([
    ['user_identification', 'out_of_reach', 'FL_NO_USER'],
    ['event_type', 'partial', 'FL_ONLY_COPIES'],
    ['event_time', 'partial', 'FL_ONLY_COPIES'],
    ['outcome', 'partial', 'FL_ONLY_COPIES'],
    ['origination', 'partial', 'FL_ONLY_COPIES'],
    ['affected_resource', 'partial', 'FL_ONLY_COPIES'],
  ]);
  expect(copied[1]?.why).toBe(
    'In the period, each of its 2 records is a copy of what flow_logs[1] recorded with as many fields or more; the details of these flows are judged there.',
  );
});

it('lists a flow log of the inventory that delivered nothing, and none outside the period', () => {
  const silent = rows.filter((row) => row.source === null);
  expect(pick(silent, 'flow_log_id', 'element', 'status', 'gap_code')).toEqual(
    [
      ['user_identification', 'out_of_reach', 'FL_NO_USER'],
      ['event_type', 'not_evidenced', 'FL_SILENT_FLOW_LOG'],
      ['event_time', 'not_evidenced', 'FL_SILENT_FLOW_LOG'],
      ['outcome', 'not_evidenced', 'FL_SILENT_FLOW_LOG'],
      ['origination', 'not_evidenced', 'FL_SILENT_FLOW_LOG'],
      ['affected_resource', 'not_evidenced', 'FL_SILENT_FLOW_LOG'],
    ].map(([element, status, gap_code]) => ({ flow_log_id: 'fl-0b', element, status, gap_code })),
  );
});

it('adds to what remedies it the whole command, where another flow log would', () => {
  const origination = rows.find(
    (row) => row.flow_log_id === 'fl-0a' && row.element === 'origination',
  );
  expect(origination?.why).toBe(
    '3 of 3 flows are short of it, most often: says FL_NO_DIRECTION_OR_FLAGS.',
  );
  expect(origination?.remedy).toBe(
    'What remedies FL_NO_DIRECTION_OR_FLAGS. The command: ' +
      'aws ec2 create-flow-logs --resource-type VPC --resource-ids vpc-0a --traffic-type ALL --max-aggregation-interval 60 ' +
      '--log-destination-type s3 --log-destination arn:aws:s3:::example-logs --log-format ' +
      `'${CREATED_FORMAT}' and then: aws ec2 delete-flow-logs --flow-log-ids fl-0a`,
  );
});

it('gives no command where no flow log would remedy it', () => {
  const outcome = rows.find((row) => row.flow_log_id === 'fl-0a' && row.element === 'outcome');
  expect(outcome?.remedy).toBe('What remedies FL_FILTER_VERDICT_ONLY.');
});

it('keeps the flow log of a transit gateway, which one of a VPC does not replace', async () => {
  await insertRows(
    database,
    'detail_day',
    details('2026-10-05', 1, {
      verdicts: { outcome: 'missing FL_TGW_NO_OUTCOME' },
      row: { flow_log_id: 'fl-0e', needs_flow_log: true },
    }),
  );
  const period = { period_start: '2026-10-05T00:00:00Z', period_end: '2026-10-06T00:00:00Z' };
  const outcome = (await runReport(database, 'log_detail_by_source', period)).find(
    (row) => row.flow_log_id === 'fl-0e' && row.element === 'outcome',
  );
  expect(outcome?.status).toBe('not_evidenced');
  expect(outcome?.remedy).toContain('The command: aws ec2 create-flow-logs');
  expect(outcome?.remedy).not.toContain('delete-flow-logs');
});

it('says that a reason is not that of all flows, where it is not', async () => {
  await insertRows(database, 'detail_day', [
    ...details('2026-10-06', 2, { verdicts: { origination: 'met FL_ORIGIN_BY_FLAGS' } }),
    ...details('2026-10-06', 1, { verdicts: { origination: 'met FL_ORIGIN_BY_CONVERSATION' } }),
  ]);
  const period = { period_start: '2026-10-06T00:00:00Z', period_end: '2026-10-07T00:00:00Z' };
  const found = (await runReport(database, 'log_detail_by_source', period)).filter(
    (row) => row.source === 'flow_logs[0]',
  );
  expect(pick(found, 'element', 'why')).toContainEqual({
    element: 'origination',
    why: 'All 3 flows have it, most often: says FL_ORIGIN_BY_FLAGS.',
  });
  expect(pick(found, 'element', 'why')).toContainEqual({
    element: 'event_time',
    why: 'All 3 flows have it: says FL_TIME_WITHIN_60_SECONDS.',
  });
});
