import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import type { Database } from '../../../src/database.ts';
import { cloudTrail } from '../../../src/ingest/formats/cloudtrail.ts';
import { QUERIES_ROOT, readQueryFile } from '../../../src/query-file.ts';
import { readContent } from '../../memory-sink.ts';
import { insertRows, openEmptyTables, pick, type Row, runReport } from '../fixture.ts';

let database: Database;
beforeEach(async () => {
  database = await openEmptyTables();
});
afterEach(() => database.close());

const call = (id: string, name: string, own: Row = {}): Row => ({
  event_id: id,
  event_at: '2026-10-01 09:00:00',
  event_name: name,
  event_source: 'cloudtrail.amazonaws.com',
  account_id: '123456789012',
  region: 'us-east-1',
  actor: 'operator/session',
  source_address: '198.51.100.7',
  resource_ids: [],
  resource_names: 'example-trail',
  object_id: 'o',
  line_number: 1,
  ...own,
});

const TRAIL_OBJECT: Row = { object_id: 'o', kind: 'cloudtrail', status: 'loaded' };

async function shown(): Promise<unknown[]> {
  const rows = await runReport(database, 'log_changes');
  return pick(
    rows,
    ...['called_at', 'log_effect', 'log_kind', 'log_name', 'event_name', 'outcome'],
    ...['status', 'gap_code'],
  ).map((row) => Object.values(row).join(' | '));
}

it('lists the calls of the period, each once, and what came of them', async () => {
  await insertRows(database, 'source_object', [TRAIL_OBJECT]);
  await insertRows(database, 'cloudtrail_event', [
    call('e-2', 'StartLogging', { event_at: '2026-10-01 09:04:00' }),
    call('e-1', 'StopLogging'),
    // Another trail delivered it too.
    call('e-1', 'StopLogging', { line_number: 2 }),
    call('e-3', 'UpdateTrail', { event_at: '2026-10-01 10:00:00', error_code: 'AccessDenied' }),
    call('e-4', 'DeleteFlowLogs', {
      event_at: '2026-10-01 11:00:00',
      event_source: 'ec2.amazonaws.com',
      resource_ids: ['fl-0a', 'fl-0b'],
      resource_names: null,
    }),
    // Near misses: another service has a call of that name, no call about logs, another day.
    call('e-5', 'DeleteDetector', { event_source: 'frauddetector.amazonaws.com' }),
    call('e-6', 'RevokeSecurityGroupIngress', { event_source: 'ec2.amazonaws.com' }),
    call('e-7', 'StopLogging', { event_at: '2026-10-02 00:00:00' }),
  ]);
  expect(await shown()).toEqual([
    '2026-10-01 09:00:00 | stopped | trail | example-trail | StopLogging | success | partial | LOG_STOPPED',
    '2026-10-01 09:04:00 | started | trail | example-trail | StartLogging | success | partial | LOG_STARTED',
    '2026-10-01 10:00:00 | changed | trail | example-trail | UpdateTrail | failed: AccessDenied | partial | LOG_CHANGE_ATTEMPTED',
    '2026-10-01 11:00:00 | stopped | flow log | fl-0a, fl-0b | DeleteFlowLogs | success | partial | LOG_STOPPED',
  ]);
});

describe('flow logs that came or went', () => {
  const flowLog = (id: string, own: Row): Row => ({
    flow_log_id: id,
    account_id: '123456789012',
    region: 'us-east-1',
    created_at: '2026-01-01 00:00:00',
    valid_from: '2026-01-01 00:00:00',
    valid_to: null,
    ...own,
  });
  const created = { created_at: '2026-10-01 08:00:00' };
  const gone = { valid_to: '2026-10-01 20:00:00' };
  const NONE = ' |  |  |  |  |  | not_evidenced | ';

  beforeEach(async () => {
    await insertRows(database, 'flow_log', [
      flowLog('fl-made', created),
      flowLog('fl-gone', gone),
      flowLog('fl-kept', {}),
      // It went, and was there again: not the last state.
      flowLog('fl-changed', gone),
      flowLog('fl-changed', { valid_from: '2026-10-01 20:00:00' }),
      flowLog('fl-before', { valid_to: '2026-09-30 23:59:59' }),
    ]);
  });

  it('without a call are named where CloudTrail was read', async () => {
    expect(await shown()).toEqual([`${NONE}CLOUDTRAIL_NOT_READ`]);
    await insertRows(database, 'source_object', [TRAIL_OBJECT]);
    expect(await shown()).toEqual([
      '2026-10-01 08:00:00 | started | flow log | fl-made |  |  | not_evidenced | LOG_CHANGE_WITHOUT_CALL',
      '2026-10-01 20:00:00 | stopped | flow log | fl-gone |  |  | not_evidenced | LOG_CHANGE_WITHOUT_CALL',
      `${NONE}LOG_CHANGES_NOT_SEEN`,
    ]);
  });

  it('with a call are not, unless the call failed', async () => {
    await insertRows(database, 'source_object', [TRAIL_OBJECT]);
    const ec2 = { event_source: 'ec2.amazonaws.com', resource_names: null };
    await insertRows(database, 'cloudtrail_event', [
      call('e-1', 'CreateFlowLogs', { ...ec2, resource_ids: ['fl-made'] }),
      call('e-2', 'DeleteFlowLogs', {
        ...ec2,
        resource_ids: ['fl-gone'],
        error_code: 'AccessDenied',
      }),
    ]);
    const named = pick(await runReport(database, 'log_changes'), 'log_name', 'gap_code');
    expect(named.map((row) => Object.values(row).join(' '))).toEqual([
      'fl-made LOG_STARTED',
      'fl-gone LOG_CHANGE_ATTEMPTED',
      'fl-gone LOG_CHANGE_WITHOUT_CALL',
    ]);
  });
});

test('ingest keeps every call that is asked about', async () => {
  const { text } = readQueryFile('reports', join(QUERIES_ROOT, 'reports', 'log_changes.sql'));
  const calls = [...text.matchAll(/'([a-z0-9-]+\.amazonaws\.com)',\s+'(\w+)'/g)];
  expect(calls.length).toBeGreaterThan(30);
  const records = calls.map(([, eventSource, eventName], index) => ({
    eventVersion: '1.09',
    eventID: `e-${index}`,
    eventTime: '2026-10-01T09:00:00Z',
    ...{ eventSource, eventName },
  }));
  const { sink } = await readContent(cloudTrail, JSON.stringify({ Records: records }));
  expect(sink.rows.map(({ row }) => `${row.event_source} ${row.event_name}`)).toEqual(
    records.map(({ eventSource, eventName }) => `${eventSource} ${eventName}`),
  );
});
