import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase, readRows } from '../../src/database.ts';
import { DEFAULT_FORMAT } from '../../src/flow-log-fields.ts';
import type { Kind } from '../../src/ingest/format.ts';
import { type IngestResult, ingest } from '../../src/ingest/ingest.ts';
import { isOfLaterPlace } from '../../src/ingest/later-records.ts';
import { filesSource } from '../../src/ingest/sources/files.ts';
import { createLakeViews, openLakeForWriting } from '../../src/lake.ts';
import type { LakeLock } from '../../src/lake-lock.ts';

const PERIOD = { start: new Date('2026-11-01T00:00Z'), end: new Date('2026-11-04T00:00Z') };

/** The last record of each of the files below is of noon. */
const NOON = '2026-11-02T12:00:00Z';
const JUST_BEFORE = '2026-11-02T11:59:59Z';

let root = '';
let lake = '';
let lock: LakeLock;
let database: Database;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'flowproof-later-'));
  lake = join(root, 'lake');
  lock = await openLakeForWriting(lake);
  database = await openDatabase();
});

afterEach(async () => {
  database.close();
  await lock.release();
  rmSync(root, { recursive: true });
});

function put(name: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), content);
}

async function ingestAt(kind: Kind, asOf?: string): Promise<IngestResult> {
  await createLakeViews(database.connection, lake);
  const source = filesSource({ label: kind, patterns: ['data/**'], baseFolder: root, hints: {} });
  return ingest({
    connection: database.connection,
    lake,
    sources: [{ kind, source }],
    period: PERIOD,
    asOf: asOf === undefined ? undefined : new Date(asOf),
    runId: `run-${asOf}`,
    now: () => new Date('2026-12-01T00:00Z'),
    onProgress: () => {},
  });
}

function flows(...ends: string[]): string {
  const lines = ends.map((end) => {
    const at = Date.parse(end) / 1000;
    return `2 123456789012 eni-0123456789abcdef0 10.0.0.5 198.51.100.7 50000 443 6 1 40 ${at - 60} ${at} ACCEPT OK`;
  });
  return [DEFAULT_FORMAT.join(' '), ...lines].join('\n');
}

/** Flows as Parquet, as AWS delivers them: times in seconds. */
async function parquet(path: string, end: string): Promise<void> {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  const at = Date.parse(end) / 1000;
  await database.connection.run(
    `copy (select 2::integer as version, '123456789012' as account_id, 'eni-0123456789abcdef0' as interface_id,
      '10.0.0.5' as srcaddr, '198.51.100.7' as dstaddr, 50000::integer as srcport, 443::integer as dstport,
      6::integer as protocol, 1::bigint as packets, 40::bigint as bytes, ${at - 60}::bigint as start,
      ${at}::bigint as "end", 'ACCEPT' as action, 'OK' as log_status) to '${join(root, path)}' (format parquet)`,
  );
}

const EVENT = {
  timestamp: '2026-11-02T12:00:00.000000+0000',
  event_type: 'alert',
  src_ip: '198.51.100.1',
  dest_ip: '10.0.0.5',
  proto: 'TCP',
  alert: { action: 'allowed', signature_id: 2_000_001, signature: 'TEST', severity: 2 },
};

describe('as of a past moment, an object with a record after it is left to later runs', () => {
  test.each<[string, Kind, () => void | Promise<void>]>([
    ['flow logs', 'flow_logs', () => put('data/a.log', flows(JUST_BEFORE, NOON))],
    ['flow logs in gzip', 'flow_logs', () => put('data/a.log.gz', gzipSync(flows(NOON)))],
    ['flow logs in Parquet', 'flow_logs', () => parquet('data/a.parquet', NOON)],
    ['IPS events', 'ips_events', () => put('data/eve.json', `${JSON.stringify(EVENT)}\n`)],
    [
      'a snapshot of the inventory',
      'inventory',
      () => put('data/2026-11-02T12-00-00Z.json', JSON.stringify({ Vpcs: [{ VpcId: 'vpc-1' }] })),
    ],
  ])('%s', async (_, kind, write) => {
    await write();
    const before = await ingestAt(kind, JUST_BEFORE);
    expect(before).toMatchObject({ objectCount: 0, rowCount: 0, laterCount: 1 });
    await createLakeViews(database.connection, lake);
    const ledger = 'select count(*) as objects from source_object';
    expect(await readRows(database.connection, ledger)).toEqual([{ objects: 0n }]);
    const at = await ingestAt(kind, NOON);
    expect([at.objectCount, at.laterCount, at.damaged, at.rowCount > 0]).toEqual([1, 0, [], true]);
  });

  test('and taken by a run of now, whatever its times', async () => {
    put('data/a.log', flows('2099-01-01T00:00:00Z'));
    expect((await ingestAt('flow_logs', NOON)).laterCount).toBe(1);
    const live = await ingestAt('flow_logs');
    expect([live.objectCount, live.laterCount]).toEqual([1, undefined]);
  });

  test('what nobody can read has no time, and is taken', async () => {
    put('data/a.log', 'no flow log');
    const outcome = await ingestAt('flow_logs', NOON);
    expect([outcome.laterCount, outcome.damaged.length]).toEqual([0, 1]);
  });
});

test.each([
  ['logs/AWSLogs/123456789012/vpcflowlogs/us-east-1/2026/11/02/a.log.gz', true, false],
  [
    's3://example/AWSLogs/123456789012/vpcflowlogs/us-east-1/2026/11/01/123456789012_vpcflowlogs_us-east-1_fl-0123456789abcdef0_20261101T2355Z_0.log.gz',
    ...[false, false],
  ],
  ['123456789012_vpcflowlogs_us-east-1_fl-0123456789abcdef0_20261102T1200Z_0.log.gz', true, true],
  ['ips/2026-11-03.json', false, false],
] as const)('the place %s says enough or not', (uri, isLaterThanMidnight, isLaterThanNoon) => {
  expect(isOfLaterPlace(uri, new Date('2026-11-02T00:00:00Z'))).toBe(isLaterThanMidnight);
  expect(isOfLaterPlace(uri, new Date(NOON))).toBe(isLaterThanNoon);
});
