/** Pulls of the EC2 API on their way into the lake, by the source, the format and the ledger together. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EC2Client } from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase, readRows } from '../../src/database.ts';
import { type IngestResult, ingest } from '../../src/ingest/ingest.ts';
import { readKnownContents } from '../../src/ingest/known-contents.ts';
import { ec2Source } from '../../src/ingest/sources/ec2.ts';
import { createLakeViews, openLakeForWriting } from '../../src/lake.ts';
import type { LakeLock } from '../../src/lake-lock.ts';
import { DEFAULT_GROUP, type Ec2Resources, ec2Account, VPC } from '../ec2-double.ts';
import { DOUBLE_CREDENTIALS, startHttpDouble } from '../http-double.ts';

let root = '';
let lake = '';
let lock: LakeLock;
let database: Database;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'flowproof-ec2-ingest-'));
  lake = join(root, 'lake');
  lock = await openLakeForWriting(lake);
  database = await openDatabase();
});

afterEach(async () => {
  database.close();
  await lock.release();
  rmSync(root, { recursive: true });
});

const RESOURCES: Ec2Resources = {
  DescribeVpcs: [VPC],
  DescribeSecurityGroups: [DEFAULT_GROUP],
};

const hour = (number: number): Date => new Date(Date.UTC(2026, 10, 2, number));

/** Pulls in that hour of the day, of an account that refuses some actions. */
async function pull(
  at: number,
  resources = RESOURCES,
  denied: string[] = [],
): Promise<IngestResult> {
  const server = await startHttpDouble(ec2Account(resources, denied));
  const { connection } = database;
  try {
    await createLakeViews(connection, lake);
    const client = new EC2Client({
      region: 'us-east-1',
      endpoint: server.endpoint,
      credentials: DOUBLE_CREDENTIALS,
      maxAttempts: 1,
    });
    const source = ec2Source({
      label: 'inventory[0]',
      regions: ['us-east-1'],
      accountId: '123456789012',
      knownContents: (series) => readKnownContents(connection, series),
      createClient: () => client,
      now: () => hour(at),
      sleep: async () => {},
    });
    return await ingest({
      connection,
      lake,
      sources: [{ kind: 'inventory', source }],
      period: { start: new Date('2026-11-01T00:00Z'), end: new Date('2026-12-01T00:00Z') },
      runId: `run-${at}`,
      now: () => hour(at),
      onProgress: () => {},
    });
  } finally {
    await server.close();
  }
}

const query = (sql: string) => readRows<Record<string, unknown>>(database.connection, sql);

test('a call without permission is a rejected line, and no other answer is lost', async () => {
  const result = await pull(1, RESOURCES, ['DescribeNetworkAcls']);
  expect(result.unreachable).toEqual([]);
  expect(result.rejected).toEqual([
    {
      uri: 'ec2://123456789012/us-east-1/2026-11-02T01:00:00.000Z',
      count: 1,
      lineNumber: 3,
      reason: expect.stringContaining('needs ec2:DescribeNetworkAcls'),
    },
  ]);
  expect(await query('select resource_type from inventory_snapshot where not is_complete')).toEqual(
    [{ resource_type: 'network_acl' }],
  );
  expect(await query('select resource_type from inventory_item order by 1')).toEqual([
    { resource_type: 'security_group' },
    { resource_type: 'vpc' },
  ]);
});

test('what is as before is a row of its snapshot alone; what changed is kept', async () => {
  await pull(1);
  await pull(2);
  await pull(3);
  const tagged = `${VPC}<tagSet><item><key>Name</key><value>new</value></item></tagSet>`;
  await pull(4, { ...RESOURCES, DescribeVpcs: [tagged] });
  expect(
    await query(
      `select resource_type, hour(taken_at) as taken_hour from inventory_item order by resource_type, taken_hour`,
    ),
  ).toEqual([
    { resource_type: 'security_group', taken_hour: 1n },
    { resource_type: 'vpc', taken_hour: 1n },
    { resource_type: 'vpc', taken_hour: 4n },
  ]);
  expect(
    await query(
      `select hour(taken_at) as taken_hour, hour(same_as_at) as same_as, item_count
       from inventory_snapshot where resource_type = 'vpc' order by taken_hour`,
    ),
  ).toEqual([
    { taken_hour: 1n, same_as: null, item_count: 1n },
    { taken_hour: 2n, same_as: 1n, item_count: 1n },
    { taken_hour: 3n, same_as: 1n, item_count: 1n },
    { taken_hour: 4n, same_as: null, item_count: 1n },
  ]);
  const ledger = await query(
    `select status, line_count = row_count as is_accounted from source_object`,
  );
  expect(ledger).toEqual(Array(4).fill({ status: 'loaded', is_accounted: true }));
});
