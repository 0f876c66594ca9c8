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
const FULL_FORMAT =
  'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status vpc-id instance-id tcp-flags pkt-srcaddr pkt-dstaddr flow-direction';

function flowLog(id: string, resource: string, own: Row = {}): Row {
  return {
    flow_log_id: id,
    resource_id: resource,
    traffic_type: 'ALL',
    log_format: FULL_FORMAT,
    log_destination_type: 's3',
    log_destination: 'arn:aws:s3:::example-logs',
    deliver_logs_status: 'SUCCESS',
    max_aggregation_interval_seconds: 60,
    created_at: BEFORE,
    valid_from: '2026-09-02 00:00:00',
    ...own,
  };
}

function scope(interfaceId: string, own: Row = {}): Row {
  return {
    scope_name: 'cde',
    network_interface_id: interfaceId,
    subnet_id: 'subnet-0z',
    vpc_id: 'vpc-0z',
    account_id: '123456789012',
    region: 'eu-central-1',
    valid_from: BEFORE,
    ...own,
  };
}

let database: Database;
let rows: ResultRow[];

beforeAll(async () => {
  database = await openEmptyTables();
  await insertRows(database, 'flow_log', [
    flowLog('fl-vpc', 'vpc-0a'),
    // Two states of one flow log: delivery failed in the first, which reaches into the period.
    flowLog('fl-failed', 'subnet-0b', {
      deliver_logs_status: 'FAILED',
      deliver_logs_error: 'Access error',
      valid_to: '2026-10-01 03:00:00',
    }),
    flowLog('fl-failed', 'subnet-0b', { valid_from: '2026-10-01 03:00:00' }),
    flowLog('fl-poor', 'eni-poor', {
      log_format:
        'version account_id interface_id srcaddr dstaddr srcport dstport protocol packets bytes start end action log_status',
      max_aggregation_interval_seconds: 600,
    }),
    flowLog('fl-reject', 'eni-reject', { traffic_type: 'REJECT' }),
    flowLog('fl-blank', 'eni-blank', { log_format: null }),
    // Covers an interface for a part of the period, and two that overlap and leave a gap after them.
    flowLog('fl-late', 'eni-late', { created_at: '2026-10-01 06:00:00' }),
    flowLog('fl-first', 'eni-gap', { valid_to: '2026-10-01 08:00:00' }),
    flowLog('fl-inner', 'eni-gap', {
      created_at: '2026-10-01 02:00:00',
      valid_to: '2026-10-01 04:00:00',
    }),
    flowLog('fl-again', 'eni-gap', { created_at: '2026-10-01 10:00:00' }),
    // Near misses: gone as the period begins, and made as it ends.
    flowLog('fl-gone', 'eni-bare', { valid_to: '2026-10-01 00:00:00' }),
    flowLog('fl-next', 'eni-bare', { created_at: '2026-10-02 00:00:00' }),
  ]);
  const snapshot = (region: string, isComplete: boolean): Row => ({
    resource_type: 'flow_log',
    series: `123456789012/${region}`,
    taken_at: BEFORE,
    is_complete: isComplete,
  });
  await insertRows(database, 'inventory_snapshot', [
    snapshot('eu-central-1', true),
    snapshot('eu-west-1', false),
  ]);
  await insertRows(database, 'scope_interface', [
    scope('eni-vpc', { vpc_id: 'vpc-0a', instance_id: 'i-1', instance_name: 'web-1' }),
    // Two states of one interface in one place are one life.
    scope('eni-failed', { subnet_id: 'subnet-0b', valid_to: '2026-10-01 12:00:00' }),
    scope('eni-failed', { subnet_id: 'subnet-0b', valid_from: '2026-10-01 12:00:00' }),
    scope('eni-poor'),
    scope('eni-reject'),
    scope('eni-blank'),
    scope('eni-late'),
    scope('eni-gap'),
    scope('eni-bare'),
    scope('eni-elsewhere', { region: 'eu-west-1' }),
    scope('eni-unplaced', { account_id: null, region: null }),
    scope('eni-gone', { valid_to: '2026-10-01 00:00:00' }),
    scope('eni-later', { valid_from: '2026-10-02 00:00:00' }),
  ]);
  rows = await runReport(database, 'flow_log_configuration');
});

afterAll(() => database.close());

const at = (time: string): string => `2026-10-01 ${time}`;
const midnight = '2026-10-02 00:00:00';

it('lists each interface with the flow logs that cover it, and the stretches that none covers', () => {
  const shown = pick(
    rows,
    'network_interface_id',
    'flow_log_id',
    'covered_by',
    'from_at',
    'until_at',
    'status',
    'gap_code',
  ).map((row) => Object.values(row));
  const whole = [at('00:00:00'), midnight];
  expect(shown).toEqual([
    ['eni-bare', null, null, ...whole, 'not_evidenced', 'FL_ENI_UNCOVERED'],
    ['eni-blank', 'fl-blank', 'interface', ...whole, 'partial', 'FL_FORMAT_UNKNOWN'],
    ['eni-elsewhere', null, null, ...whole, 'not_evidenced', 'META_FLOW_LOGS_UNKNOWN'],
    ['eni-failed', 'fl-failed', 'subnet', ...whole, 'contradicts', 'FL_DELIVERY_FAILED'],
    ['eni-gap', 'fl-first', 'interface', at('00:00:00'), at('08:00:00'), 'supports', null],
    ['eni-gap', 'fl-inner', 'interface', at('02:00:00'), at('04:00:00'), 'supports', null],
    [
      'eni-gap',
      null,
      null,
      at('08:00:00'),
      at('10:00:00'),
      'not_evidenced',
      'FL_ENI_UNCOVERED_FOR_A_TIME',
    ],
    ['eni-gap', 'fl-again', 'interface', at('10:00:00'), midnight, 'supports', null],
    [
      'eni-late',
      null,
      null,
      at('00:00:00'),
      at('06:00:00'),
      'not_evidenced',
      'FL_ENI_UNCOVERED_FOR_A_TIME',
    ],
    ['eni-late', 'fl-late', 'interface', at('06:00:00'), midnight, 'supports', null],
    ['eni-poor', 'fl-poor', 'interface', ...whole, 'partial', 'FL_FORMAT_MISSING_FIELDS'],
    ['eni-reject', 'fl-reject', 'interface', ...whole, 'partial', 'FL_TRAFFIC_TYPE_NOT_ALL'],
    ['eni-unplaced', null, null, ...whole, 'not_evidenced', 'FL_ENI_UNCOVERED'],
    ['eni-vpc', 'fl-vpc', 'vpc', ...whole, 'supports', null],
  ]);
});

it('shows what a flow log was set up to record, and which fields its format lacks', () => {
  const named = (id: string) => rows.find((row) => row.flow_log_id === id);
  expect(named('fl-vpc')).toMatchObject({
    resource: 'web-1 (i-1)',
    traffic_type: 'ALL',
    deliver_logs_status: 'SUCCESS',
    destination: 'arn:aws:s3:::example-logs',
    lacking_fields: null,
    aggregation_seconds: 60,
    created_at: BEFORE,
    remedy: null,
  });
  // Field names with underscores, as in Parquet, are the same fields.
  expect(named('fl-poor')).toMatchObject({
    lacking_fields: 'flow-direction, instance-id, pkt-dstaddr, pkt-srcaddr, tcp-flags, vpc-id',
    aggregation_seconds: 600,
  });
  expect(named('fl-failed')?.why).toMatch(/^A snapshot of the period shows .*: Access error\. /);
});

it('gives a remedy for every gap, with the resource in the command', () => {
  expect(rows.filter((row) => row.gap_code !== null && row.remedy === null)).toEqual([]);
  expect(rows.find((row) => row.network_interface_id === 'eni-bare')?.remedy).toMatch(
    /^aws ec2 create-flow-logs --resource-type VPC --resource-ids vpc-0z --traffic-type ALL /,
  );
  expect(rows.find((row) => row.flow_log_id === 'fl-reject')?.remedy).toMatch(
    /--resource-type NetworkInterface --resource-ids eni-reject .* delete-flow-logs --flow-log-ids fl-reject$/,
  );
});
