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

const allBut = (...left: number[]): string[] =>
  Array.from({ length: 24 }, (_, hour) => hour)
    .filter((hour) => !left.includes(hour))
    .map(String);

function day(flowLogId: string | null, seen: string[], own: Row = {}): Row {
  return {
    interface_id: 'eni-a',
    source: 'flow_logs[0]',
    flow_log_id: flowLogId,
    seen_hours: seen,
    first_at: '2026-10-01 00:00:00',
    last_at: '2026-10-01 23:59:00',
    flow_date: '2026-10-01',
    ...own,
  };
}

function flowLog(id: string, resource: string, own: Row = {}): Row {
  return {
    flow_log_id: id,
    resource_id: resource,
    deliver_logs_status: 'SUCCESS',
    created_at: BEFORE,
    valid_from: BEFORE,
    known_until: '2026-10-02 00:00:00',
    ...own,
  };
}

function run(id: string, startedAt: string, own: Row = {}): Row {
  return {
    run_id: id,
    command: 'run',
    started_at: startedAt,
    finished_at: startedAt,
    exit_code: 0,
    ...own,
  };
}

const at = (time: string): string => `2026-10-01 ${time}`;

let database: Database;
let rows: ResultRow[];

beforeAll(async () => {
  database = await openEmptyTables();
  await insertRows(database, 'flow_log', [
    flowLog('fl-whole', 'vpc-0a'),
    flowLog('fl-holes', 'vpc-0b'),
    flowLog('fl-failed', 'vpc-0c', {
      deliver_logs_status: 'FAILED',
      deliver_logs_error: 'Access error',
      valid_from: at('02:30:00'),
      valid_to: at('05:30:00'),
    }),
    flowLog('fl-failed', 'vpc-0c', { valid_from: at('05:30:00') }),
    // Failed, though no hour is without records; and failed until the period begins.
    flowLog('fl-noted', 'vpc-0d', { deliver_logs_status: 'FAILED', valid_from: at('10:00:00') }),
    flowLog('fl-noted-before', 'vpc-0d', {
      deliver_logs_status: 'FAILED',
      valid_to: '2026-10-01 00:00:00',
      known_until: '2026-09-30 23:00:00',
    }),
    flowLog('fl-never', 'vpc-0e'),
    // Deleted: never replaced, replaced later, replaced by one of its VPC that was there already.
    flowLog('fl-deleted', 'vpc-0f', { valid_to: at('12:00:00'), known_until: at('11:00:00') }),
    flowLog('fl-replaced', 'vpc-0g', { valid_to: at('12:00:00'), known_until: at('11:00:00') }),
    flowLog('fl-successor', 'vpc-0g', { created_at: at('14:00:00'), valid_from: at('14:30:00') }),
    flowLog('fl-part', 'subnet-0a', { valid_to: at('12:00:00'), known_until: at('11:00:00') }),
  ]);
  await insertRows(database, 'subnet', [
    { subnet_id: 'subnet-0a', vpc_id: 'vpc-0a', valid_from: BEFORE },
  ]);
  await insertRows(database, 'interface_day', [
    day('fl-whole', allBut(0)),
    day('fl-whole', ['24'], { flow_date: '2026-09-30' }),
    // Two interfaces of one flow log together have every hour but two stretches.
    day('fl-holes', allBut(3, 4, 5, 20, 21, 22, 23)),
    day('fl-holes', ['5'], { interface_id: 'eni-b' }),
    day('fl-failed', allBut(3, 4)),
    day('fl-noted', allBut()),
    day('fl-deleted', allBut(12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23)),
    day('fl-replaced', allBut(12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23)),
    day('fl-successor', allBut(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)),
    day('fl-part', allBut(12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23)),
    // Of a flow log whose id is not known, the entry of the configuration stands for it.
    day(null, allBut(8), { source: 'flow_logs[1]' }),
    day('fl-holes', ['0'], { flow_date: '2026-10-02', last_at: '2026-10-02 00:30:00' }),
  ]);
  const unread = (id: string, own: Row): Row => ({
    object_id: id,
    kind: 'flow_logs',
    source: 'flow_logs[1]',
    status: 'refused',
    ...own,
  });
  await insertRows(database, 'source_object', [
    unread('o-1', { modified_at: at('09:10:00') }),
    unread('o-2', { modified_at: at('07:59:59') }),
    unread('o-3', { status: 'damaged', first_at: at('08:10:00'), last_at: at('08:20:00') }),
    unread('o-4', { status: 'loaded', first_at: at('08:10:00'), last_at: at('08:20:00') }),
  ]);
  const events = (product: string, lastAt: string): Row => ({
    source: 'ips_events[0]',
    product,
    event_count: 1,
    last_at: lastAt,
    event_date: lastAt.slice(0, 10),
  });
  await insertRows(database, 'event_day', [
    events('suricata', at('00:00:00')),
    events('deep_security', at('23:59:00')),
    // Stopped before the period began: that is no failure of this period.
    events('snort', '2026-09-20 00:00:00'),
  ]);
  await insertRows(database, 'run', [
    run('r-0', '2026-09-30 23:59:59', { exit_code: 1 }),
    run('r-1', at('01:00:00.5')),
    run('r-2', at('02:00:00'), { exit_code: 1 }),
    run('r-3', at('03:00:00'), { exit_code: 3 }),
    run('r-4', at('04:00:00'), { finished_at: null, exit_code: null }),
    run('r-5', '2026-10-03 00:00:00', { exit_code: 1 }),
    run('r-6', '2026-10-04 00:00:00', { finished_at: null, exit_code: null }),
  ]);
  rows = await runReport(database, 'logging_failures');
});

afterAll(() => database.close());

it('lists each failure with its start, its end and what is known of its cause', () => {
  const shown = pick(
    rows,
    'subject_id',
    'started_at',
    'ended_at',
    'duration_hours',
    'status',
    'gap_code',
    'cause',
  ).map((row) => Object.values(row));
  const open = 'to be filled in';
  expect(shown).toEqual([
    [
      ...['run of 2026-10-01T02:00:00Z', at('02:00:00'), at('03:00:00'), 1],
      ...['contradicts', 'RUN_FAILED', 'A place could not be reached, or the run failed'],
    ],
    [
      ...['run of 2026-10-01T04:00:00Z', at('04:00:00'), null, null],
      ...[
        'contradicts',
        'RUN_UNFINISHED',
        'The run ended without finishing: it failed or was killed',
      ],
    ],
    [
      ...['fl-deleted', at('11:00:00'), null, null, 'not_evidenced', 'FL_DELETED'],
      'The flow log was deleted: it was last seen at 2026-10-01T11:00:00Z, and no longer at 2026-10-01T12:00:00Z',
    ],
    [
      ...['fl-failed', at('03:00:00'), at('05:00:00'), 2, 'contradicts', 'FL_DELIVERY_FAILED'],
      'AWS reported failed delivery: Access error',
    ],
    ['fl-holes', at('03:00:00'), at('05:00:00'), 2, 'not_evidenced', 'FL_SILENT_HOURS', open],
    [
      ...['fl-holes', at('20:00:00'), '2026-10-02 00:00:00', 4],
      ...['not_evidenced', 'FL_SILENT_HOURS', open],
    ],
    [
      ...['fl-never', at('00:00:00'), '2026-10-02 00:00:00', 24],
      ...['not_evidenced', 'FL_SILENT_FLOW_LOG', open],
    ],
    [
      ...['fl-noted', at('10:00:00'), null, null, 'contradicts', 'FL_DELIVERY_FAILED'],
      'AWS reported failed delivery: no error stated',
    ],
    [
      ...['fl-replaced', at('11:00:00'), at('14:00:00'), 3, 'partial', 'FL_DELETED'],
      'The flow log was deleted: it was last seen at 2026-10-01T11:00:00Z, and no longer at 2026-10-01T12:00:00Z',
    ],
    [
      ...['flow_logs[1]', at('08:00:00'), at('09:00:00'), 1, 'partial', 'SOURCE_REFUSED'],
      '2 objects of this time or the day after could not be read, or only in part',
    ],
  ]);
});

it('names who deleted a flow log, by the call that succeeded between the two snapshots', async () => {
  const call = (id: string, own: Record<string, unknown> = {}) => ({
    event_id: id,
    event_at: at('11:20:00'),
    event_name: 'DeleteFlowLogs',
    actor: 'network/session-1',
    resource_ids: ['fl-deleted', 'fl-other'],
    ...own,
  });
  await insertRows(database, 'cloudtrail_event', [
    call('e-2'),
    call('e-2'),
    call('e-1', { error_code: 'Client.UnauthorizedOperation', event_at: at('11:10:00') }),
    call('e-3', { event_name: 'CreateFlowLogs', event_at: at('11:10:00') }),
    call('e-4', { event_at: at('10:59:59') }),
    call('e-5', { resource_ids: ['fl-replaced'], event_at: at('12:00:01') }),
  ]);
  const rows = await runReport(database, 'logging_failures');
  await database.connection.run('delete from cloudtrail_event');
  const deleted = rows.filter((row) => row.gap_code === 'FL_DELETED');
  expect(pick(deleted, 'subject_id', 'started_at', 'cause')).toEqual([
    {
      subject_id: 'fl-deleted',
      started_at: at('11:20:00'),
      cause: 'The flow log was deleted by network/session-1 (CloudTrail event e-2)',
    },
    {
      subject_id: 'fl-replaced',
      started_at: at('11:00:00'),
      cause: expect.stringContaining('it was last seen at 2026-10-01T11:00:00Z'),
    },
  ]);
  expect(deleted[0]?.remedy).toMatch(/^Ask why it was deleted/);
});

it('lists a product whose events stopped more than a day before the newest record', async () => {
  const longer = await runReport(database, 'logging_failures', {
    period_start: '2026-09-30 00:00:00',
    period_end: '2026-10-03 00:00:00',
  });
  const stopped = longer.filter((row) => row.gap_code === 'IPS_EVENTS_STOPPED');
  expect(pick(stopped, 'subject_id', 'started_at', 'ended_at', 'status', 'cause')).toEqual([
    {
      subject_id: 'suricata from ips_events[0]',
      started_at: at('00:00:00'),
      ended_at: null,
      status: 'not_evidenced',
      cause: 'to be filled in',
    },
  ]);
});

it('has the seven parts of the record, and fills in none that a person must', () => {
  const parts = [
    ...['restored', 'duration', 'cause', 'remediation'],
    ...['issues', 'further_action', 'prevention', 'monitoring'],
  ];
  for (const row of rows) {
    for (const part of parts) expect(row[part], `${part} of ${row.subject_id}`).toBeTruthy();
    for (const part of ['remediation', 'issues', 'further_action']) {
      expect(row[part]).toBe('to be filled in');
    }
  }
  const [hole, last] = rows.filter((row) => row.subject_id === 'fl-holes');
  expect(hole).toMatchObject({
    restored: 'restored by 2026-10-01T05:00:00Z; how: to be filled in',
    duration: 'start and end as listed',
    monitoring: 'records or runs again from 2026-10-01T05:00:00Z; confirmation to be filled in',
  });
  // The hour after the period shows that it came again.
  expect(last?.restored).toBe('restored by 2026-10-02T00:00:00Z; how: to be filled in');
  expect(rows.find((row) => row.subject_id === 'fl-never')).toMatchObject({
    restored: 'not restored in the data of the period; to be filled in',
    duration: 'start as listed; end to be filled in',
  });
});
