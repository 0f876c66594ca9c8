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

function detail(flowId: string, startAt: string | null, own: Row = {}): Row {
  return {
    flow_id: flowId,
    source: 'flow_logs[0]',
    flow_log_id: 'fl-0a',
    log_format: V2,
    start_at: startAt,
    end_at: startAt,
    flow_date: startAt?.slice(0, 10) ?? '2026-10-01',
    user_identification: 'missing',
    user_identification_reason: 'FL_NO_USER: no flow log of any version names a user',
    event_type: 'partial',
    event_type_reason: 'FL_EVENT_TYPE_PARTIAL: protocol and port only',
    event_time: 'met',
    event_time_reason: 'FL_TIME_WITHIN_60_SECONDS: start and end, UTC',
    outcome: 'partial',
    outcome_reason: 'FL_FILTER_VERDICT_ONLY: verdict of the filters',
    origination: 'partial',
    origination_reason: 'FL_NO_DIRECTION_OR_FLAGS: cannot say who opened',
    affected_resource: 'supplied',
    affected_resource_reason: 'SUPPLIED_BY_INVENTORY: interface and instance',
    ...own,
  };
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
  await insertRows(database, 'flow_detail', [
    detail('at-start', '2026-10-01 00:00:00'),
    detail('last-second', '2026-10-01 23:59:59', {
      user_identification: 'supplied',
      user_identification_reason: 'SUPPLIED_BY_IPS_EVENT: an event names the user',
    }),
    // Without any time a record counts by its date.
    detail('no-time', null, {
      event_time: 'missing',
      event_time_reason: 'FL_FORMAT_MISSING_EVENT_TIME: neither is there',
    }),
    detail('before', '2026-09-30 23:59:59'),
    detail('at-end', '2026-10-02 00:00:00'),
    detail('full', '2026-10-01 12:00:00', {
      source: 'flow_logs[1]',
      flow_log_id: null,
      log_format: FULL,
      origination: 'met',
      origination_reason: 'FL_ORIGIN_BY_FLAGS: address, port and who opened it',
    }),
  ]);
  const copy = (flowId: string, startAt: string, own: Row = {}): Row => ({
    flow_id: flowId,
    kept_flow_id: 'full',
    copied_as: 'record',
    source: 'flow_logs[0]',
    flow_log_id: 'fl-0a',
    log_format: V2,
    kept_source: 'flow_logs[1]',
    start_at: startAt,
    end_at: startAt,
    flow_date: startAt.slice(0, 10),
    ...own,
  });
  await insertRows(database, 'flow_copy', [
    copy('c:1', '2026-10-01 12:00:00'),
    copy('c:2', '2026-10-02 00:00:00'),
    copy('d:1', '2026-10-01 12:00:00', { source: 'flow_logs[2]', flow_log_id: 'fl-0c' }),
    // One long record that two stand for.
    copy('d:2', '2026-10-01 12:00:00', { source: 'flow_logs[2]', flow_log_id: 'fl-0c' }),
    copy('d:2', '2026-10-01 12:00:00', {
      source: 'flow_logs[2]',
      flow_log_id: 'fl-0c',
      kept_flow_id: 'other',
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

it('gives the whole command that records what the format lacks', () => {
  const origination = rows.find(
    (row) => row.flow_log_id === 'fl-0a' && row.element === 'origination',
  );
  expect(origination?.why).toBe('3 of 3 flows are short of it, most often: cannot say who opened.');
  expect(origination?.remedy).toBe(
    'The format lacks tcp-flags, pkt-srcaddr, flow-direction. A flow log cannot be edited; create one that records it: ' +
      'aws ec2 create-flow-logs --resource-type VPC --resource-ids vpc-0a --traffic-type ALL --max-aggregation-interval 60 ' +
      '--log-destination-type s3 --log-destination arn:aws:s3:::example-logs --log-format ' +
      `'${CREATED_FORMAT}' and then: aws ec2 delete-flow-logs --flow-log-ids fl-0a`,
  );
});
