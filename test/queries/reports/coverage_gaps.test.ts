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

function flow(
  flowLogId: string | null,
  interfaceId: string,
  startAt: string,
  endAt = startAt,
): Row {
  return {
    flow_id: `${flowLogId}:${startAt}`,
    source: 'flow_logs[0]',
    flow_log_id: flowLogId,
    network_interface_id: interfaceId,
    start_at: startAt,
    end_at: endAt,
    flow_date: startAt.slice(0, 10),
  };
}

function status(logStatus: string, interfaceId: string, startAt: string, endAt: string): Row {
  return {
    object_id: 'o-0a',
    interface_id: interfaceId,
    log_status: logStatus,
    start_at: startAt,
    end_at: endAt,
    flow_date: startAt.slice(0, 10),
  };
}

function scope(interfaceId: string, own: Row = {}): Row {
  return {
    scope_name: 'cde',
    network_interface_id: interfaceId,
    subnet_id: 'subnet-0a',
    vpc_id: 'vpc-0a',
    account_id: '123456789012',
    region: 'eu-central-1',
    valid_from: BEFORE,
    ...own,
  };
}

function object(name: string, own: Row): Row {
  return { object_id: `o-${name}`, uri: `s3://example-logs/${name}`, kind: 'flow_logs', ...own };
}

let database: Database;
let rows: ResultRow[];

beforeAll(async () => {
  database = await openEmptyTables();
  await insertRows(database, 'flow_log', [
    {
      flow_log_id: 'fl-0a',
      resource_id: 'subnet-0a',
      traffic_type: 'ALL',
      deliver_logs_status: 'SUCCESS',
      valid_from: BEFORE,
    },
    {
      flow_log_id: 'fl-0b',
      resource_id: 'eni-own',
      traffic_type: 'REJECT',
      deliver_logs_status: 'FAILED',
      deliver_logs_error: 'Access error',
      valid_from: BEFORE,
      valid_to: '2026-10-01 02:00:00',
    },
    // A flow log that ended as the period began, and one of a transit gateway, which has no type.
    {
      flow_log_id: 'fl-gone',
      traffic_type: 'ACCEPT',
      deliver_logs_status: 'FAILED',
      valid_from: BEFORE,
      valid_to: '2026-10-01 00:00:00',
    },
    {
      flow_log_id: 'fl-tgw',
      traffic_type: null,
      created_at: '2026-10-01 23:00:00',
      valid_from: '2026-11-01 00:00:00',
    },
  ]);
  await insertRows(database, 'inventory_snapshot', [
    {
      resource_type: 'flow_log',
      series: '123456789012/eu-central-1',
      taken_at: BEFORE,
      is_complete: true,
    },
    // Says nothing of flow logs in that region.
    {
      resource_type: 'instance',
      series: '123456789012/eu-west-1',
      taken_at: BEFORE,
      is_complete: true,
    },
    {
      resource_type: 'flow_log',
      series: '123456789012/eu-west-1',
      taken_at: BEFORE,
      is_complete: false,
    },
  ]);
  await insertRows(database, 'scope_interface', [
    scope('eni-seen'),
    scope('eni-silent'),
    scope('eni-bare', { subnet_id: 'subnet-0z', vpc_id: 'vpc-0z' }),
    scope('eni-elsewhere', { subnet_id: null, vpc_id: null, region: 'eu-west-1' }),
    scope('eni-gone', { valid_to: '2026-10-01 00:00:00' }),
    scope('eni-later', { valid_from: '2026-10-02 00:00:00' }),
  ]);
  await insertRows(database, 'source_object', [
    object('0a', { flow_log_id: 'fl-0a', status: 'loaded', rejected_count: 0 }),
    object('damaged', {
      status: 'damaged',
      reason: 'gzip ends early',
      first_at: '2026-10-01 01:00:00',
      last_at: '2026-10-01 02:00:00',
      rejected_count: 2,
      line_count: 9,
    }),
    object('refused', { status: 'refused', reason: 'no known format', rejected_count: 0 }),
    object('old', { status: 'refused', modified_at: '2026-09-30 23:59:59', rejected_count: 0 }),
    object('at-end', {
      status: 'damaged',
      first_at: '2026-10-02 00:00:00',
      last_at: '2026-10-02 00:00:01',
      rejected_count: 1,
    }),
    object('copy', { status: 'duplicate', rejected_count: 0 }),
  ]);
  await insertRows(database, 'flow_enriched', [
    // Began before the period and ended in its first hour: that hour is not silent.
    flow('fl-0a', 'eni-seen', '2026-09-30 23:59:59', '2026-10-01 00:00:01'),
    flow('fl-0a', 'eni-seen', '2026-10-01 01:30:00'),
    flow('fl-0a', 'eni-seen', '2026-10-01 06:00:00'),
    flow('fl-0a', 'eni-seen', '2026-10-02 00:00:00'),
    flow(null, 'eni-seen', '2026-10-01 00:10:00', '2026-10-01 00:20:00'),
    // What their interface was then is not known; the near misses are outside the period, or known.
    ...['2026-10-01 00:00:00', '2026-10-01 01:00:00', '2026-10-02 00:00:00'].map((startAt) => ({
      ...flow('fl-0a', 'eni-unknown', startAt),
      interface_id: 'eni-unknown',
      as_of_verdict: 'no_metadata',
      as_of_reason: 'no inventory snapshot covers the interface at this time',
    })),
    { ...flow('fl-0a', 'eni-seen', '2026-10-01 01:40:00'), as_of_verdict: 'ambiguous' },
  ]);
  // A copy is a record that was delivered; one that two records stand for is one.
  const copy: Row = {
    flow_id: 'c:1',
    source: 'flow_logs[0]',
    interface_id: 'eni-seen',
    start_at: '2026-10-01 02:10:00',
    end_at: '2026-10-01 02:20:00',
    flow_date: '2026-10-01',
  };
  await insertRows(database, 'flow_copy', [
    { ...copy, kept_flow_id: 'a:1' },
    { ...copy, kept_flow_id: 'a:2' },
  ]);
  const overlap = (startAt: string, endAt: string, own: Row = {}): Row => ({
    interface_id: 'eni-seen',
    source: 'flow_logs[1]',
    flow_log_id: 'fl-0a',
    other_source: 'flow_logs[0]',
    reason: 'records_differ',
    compared_fields: 'interface-id, srcaddr, dstaddr',
    record_count: 3,
    other_record_count: 1,
    started_at: startAt,
    ended_at: endAt,
    flow_date: startAt.slice(0, 10),
    ...own,
  });
  await insertRows(database, 'flow_overlap', [
    overlap('2026-09-30 23:58:00', '2026-09-30 23:59:59'),
    overlap('2026-10-01 02:10:00', '2026-10-01 02:20:00'),
    overlap('2026-10-01 03:10:00', '2026-10-01 03:20:00'),
    overlap('2026-10-02 00:00:00', '2026-10-02 00:10:00'),
    {
      ...overlap('2026-10-01 00:00:00', '', { reason: 'fields_not_shared' }),
      other_flow_log_id: 'fl-0b',
      started_at: null,
      ended_at: null,
    },
  ]);
  await insertRows(database, 'flow_status', [
    status('NODATA', 'eni-other', '2026-10-01 04:00:00', '2026-10-01 04:10:00'),
    status('NODATA', 'eni-other', '2026-09-30 23:50:00', '2026-09-30 23:59:59'),
    status('SKIPDATA', 'eni-seen', '2026-10-01 06:00:00', '2026-10-01 06:10:00'),
    status('SKIPDATA', 'eni-seen', '2026-10-01 06:10:00', '2026-10-01 06:20:00'),
    status('SKIPDATA', 'eni-seen', '2026-10-01 06:30:00', '2026-10-01 06:31:00'),
    status('SKIPDATA', 'eni-seen', '2026-10-02 00:00:00', '2026-10-02 00:01:00'),
  ]);
  rows = await runReport(database, 'coverage_gaps');
});

afterAll(() => database.close());

const at = (time: string): string => `2026-10-01 ${time}`;

it('lists every kind of gap of the period, with its start and end, and nothing else', () => {
  const shown = pick(
    rows,
    'subject_kind',
    'subject_id',
    'started_at',
    'ended_at',
    'item_count',
    'status',
    'gap_code',
  ).map((row) => Object.values(row));
  const midnight = '2026-10-02 00:00:00';
  expect(shown).toEqual([
    [
      'class of traffic',
      'never in a flow log',
      at('00:00:00'),
      midnight,
      10,
      'out_of_reach',
      'FL_UNLOGGED_CLASS',
    ],
    ['flow log', 'fl-0a', at('02:00:00'), at('04:00:00'), 2, 'not_evidenced', 'FL_SILENT_HOURS'],
    ['flow log', 'fl-0a', at('05:00:00'), at('06:00:00'), 1, 'not_evidenced', 'FL_SILENT_HOURS'],
    ['flow log', 'fl-0a', at('04:00:00'), at('04:10:00'), 1, 'supports', null],
    ['flow log', 'fl-0b', at('00:00:00'), at('02:00:00'), 1, 'contradicts', 'FL_DELIVERY_FAILED'],
    ['flow log', 'fl-0b', at('00:00:00'), at('02:00:00'), 2, 'not_evidenced', 'FL_SILENT_FLOW_LOG'],
    ['flow log', 'fl-0b', at('00:00:00'), at('02:00:00'), 1, 'partial', 'FL_TRAFFIC_TYPE_NOT_ALL'],
    [
      'flow log',
      'flow_logs[0]',
      at('01:00:00'),
      at('02:00:00'),
      1,
      'not_evidenced',
      'FL_SILENT_HOURS',
    ],
    [
      'flow log',
      'flow_logs[0]',
      at('03:00:00'),
      at('07:00:00'),
      4,
      'not_evidenced',
      'FL_SILENT_HOURS',
    ],
    ['flow log', 'flow_logs[0]', null, null, 0, 'supports', null],
    [
      'network interface',
      'eni-bare',
      at('00:00:00'),
      midnight,
      1,
      'not_evidenced',
      'FL_ENI_UNCOVERED',
    ],
    [
      'network interface',
      'eni-elsewhere',
      at('00:00:00'),
      midnight,
      1,
      'not_evidenced',
      'META_FLOW_LOGS_UNKNOWN',
    ],
    [
      'network interface',
      'eni-seen',
      at('00:00:00'),
      midnight,
      4,
      'partial',
      'FL_OVERLAP_NOT_ONE_TO_ONE',
    ],
    [
      'network interface',
      'eni-seen',
      at('02:10:00'),
      at('03:20:00'),
      8,
      'partial',
      'FL_OVERLAP_NOT_ONE_TO_ONE',
    ],
    ['network interface', 'eni-seen', at('06:00:00'), at('06:20:00'), 2, 'partial', 'FL_SKIPDATA'],
    ['network interface', 'eni-seen', at('06:30:00'), at('06:31:00'), 1, 'partial', 'FL_SKIPDATA'],
    [
      'network interface',
      'eni-silent',
      at('00:00:00'),
      midnight,
      1,
      'not_evidenced',
      'FL_SILENT_ENI',
    ],
    [
      'network interface',
      'eni-unknown',
      at('00:00:00'),
      at('01:00:00'),
      2,
      'not_evidenced',
      'META_UNRESOLVED_ENI',
    ],
    [
      'source object',
      's3://example-logs/damaged',
      at('01:00:00'),
      at('02:00:00'),
      1,
      'partial',
      'SOURCE_DAMAGED',
    ],
    [
      'source object',
      's3://example-logs/damaged',
      at('01:00:00'),
      at('02:00:00'),
      2,
      'partial',
      'SOURCE_LINES_REJECTED',
    ],
    [
      'source object',
      's3://example-logs/refused',
      null,
      null,
      1,
      'not_evidenced',
      'SOURCE_REFUSED',
    ],
  ]);
});

it('counts the flows of the half open period as delivered', () => {
  const delivered = rows.filter((row) => row.status === 'supports');
  expect(delivered.map((row) => [row.subject_id, row.why])).toEqual([
    [
      'fl-0a',
      'It delivered 5 flow records; NODATA intervals, counted here, say that an interface had no traffic.',
    ],
    [
      'flow_logs[0]',
      'It delivered 2 flow records, of which 1 are copies of what another flow log recorded; NODATA intervals, counted here, say that an interface had no traffic.',
    ],
  ]);
});

it('gives a remedy for every gap, with the resource in the command', () => {
  expect(rows.filter((row) => row.status !== 'supports' && row.remedy === null)).toEqual([]);
  expect(rows.find((row) => row.subject_id === 'eni-bare')?.remedy).toMatch(
    /^aws ec2 create-flow-logs --resource-type VPC --resource-ids vpc-0z --traffic-type ALL /,
  );
  expect(rows.find((row) => row.gap_code === 'FL_TRAFFIC_TYPE_NOT_ALL')?.remedy).toMatch(
    /--resource-type NetworkInterface --resource-ids eni-own .* delete-flow-logs --flow-log-ids fl-0b$/,
  );
});

it('names two flow logs whose records overlap without matching, and which of them to delete', () => {
  const overlaps = rows.filter((row) => row.gap_code === 'FL_OVERLAP_NOT_ONE_TO_ONE');
  expect(overlaps.map((row) => [row.why, row.remedy])).toEqual([
    [
      'Flow logs fl-0a and fl-0b both recorded it, and share too few fields (interface-id, srcaddr, dstaddr) to tell which records are copies: 3 and 1 records may count some flows twice.',
      expect.stringMatching(/ Then: aws ec2 delete-flow-logs --flow-log-ids fl-0b$/),
    ],
    [
      'Flow logs fl-0a and flow_logs[0] both recorded it, and in 2 hours some of their records are of one connection at one time without being equal or the sum of each other: 6 and 2 records may count some flows twice.',
      expect.stringMatching(/ an aggregation interval of 60 seconds\.$/),
    ],
  ]);
});

it('says why flows are in no scope', () => {
  expect(rows.find((row) => row.gap_code === 'META_UNRESOLVED_ENI')?.why).toBe(
    '2 flows are in no scope, because what the interface was then is not known: no inventory snapshot covers the interface at this time.',
  );
});
