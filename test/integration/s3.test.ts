import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { openDatabase, readRows } from '../../src/database.ts';
import { createLakeViews } from '../../src/lake.ts';
import { filesAsObjects, makeBucket, putObjects, REGION, s3 } from './aws.ts';
import { createWorkspace, type Finished, SAMPLES, type Workspace } from './flowproof.ts';

const BUCKET = 'amzn-s3-demo-bucket';
const ACCOUNT = 'example/prefix/AWSLogs/123456789012';
const FLOW_LOGS = `${ACCOUNT}/vpcflowlogs/us-east-1`;

/** What S3 gives in one page of a listing. */
const PAGE = 1000;

const inventory = [{ files: [join(SAMPLES, 'inventory/**/*.json')] }];

/** The samples, as AWS would have delivered them below a prefix of the bucket's owner. */
const samples = new Map([
  ...filesAsObjects(join(SAMPLES, 'logs'), 'example/prefix/').entries(),
  ...filesAsObjects(join(SAMPLES, 'ips'), 'example/ips/').entries(),
]);

function minutesAgo(time: string, minutes: number): string {
  const text = new Date(Date.parse(time) - minutes * 60_000).toISOString();
  return `${text.slice(0, 16).replaceAll(/[-:]/g, '')}Z`;
}

/**
 * More keys than a page holds, before the samples in order of keys: in the folder of the day that a
 * listing must look at for its margin, but by their names too old. None of them can be read.
 */
const tooOld = new Map(
  Array.from({ length: PAGE + 100 }, (_, index) => {
    const name = `123456789012_vpcflowlogs_us-east-1_fl-0a00000000000000a_${minutesAgo('2026-10-31T23:50:00Z', index)}`;
    return [`${FLOW_LOGS}/2026/11/01/${name}_${index}.log.gz`, 'too old to be read'];
  }),
);

/** Outside the period by their folders, in this Region and in another. */
const otherDays = new Map(
  [
    'us-east-1/2025/11/02',
    'us-east-1/2026/10/15',
    'us-east-1/2026/11/06',
    'eu-west-1/2026/09/01',
  ].map((folder) => [`${ACCOUNT}/vpcflowlogs/${folder}/outside.log.gz`, 'outside the period']),
);

/** What flowproof lists, because it could be evidence, and must refuse. */
const otherKinds = new Map<string, string | Uint8Array>([
  [`${FLOW_LOGS}/2026/11/02/README.txt`, 'This folder is kept for a year.\n'],
]);

/** What another service writes below the same prefix: no flow log is there, and it is not listed. */
const otherServices = new Map([
  [
    `${ACCOUNT}/CloudTrail/us-east-1/2026/11/02/123456789012_CloudTrail_us-east-1.json.gz`,
    gzipSync('{"Records":[]}'),
  ],
]);

const folderMarkers = new Map([[`${FLOW_LOGS}/2026/11/02/`, '']]);

let local: Workspace;
let remote: Workspace;
let localRun: Finished;
let remoteRun: Finished;

beforeAll(async () => {
  await makeBucket(BUCKET);
  for (const objects of [samples, tooOld, otherDays, otherKinds, otherServices, folderMarkers]) {
    await putObjects(BUCKET, objects);
  }
  local = createWorkspace({
    flow_logs: [{ files: [join(SAMPLES, 'logs')] }],
    ips_events: [{ files: [join(SAMPLES, 'ips')] }],
    inventory,
  });
  remote = createWorkspace(
    {
      flow_logs: [{ s3: `s3://${BUCKET}/example/prefix/`, region: REGION }],
      ips_events: [{ s3: `s3://${BUCKET}/example/ips/`, region: REGION }],
      inventory,
    },
    { allowance: { rejected_lines: 10, damaged_objects: 1 + otherKinds.size } },
  );
  localRun = await local.flowproof('run');
  remoteRun = await remote.flowproof('run');
});

test('the whole run ends with 0 on S3 as on files, and writes a pack', () => {
  expect([localRun.exitCode, localRun.stderr]).toEqual([0, '']);
  expect([remoteRun.exitCode, remoteRun.stderr]).toEqual([0, '']);
  expect(remoteRun.stdout).toMatch(/^Pack {6}/m);
  expect(readdirSync(join(remote.lake, '..', 'evidence'))).toHaveLength(1);
});

test('the listing has more than one page before the first sample', async () => {
  const page = await s3.send(
    new ListObjectsV2Command({ Bucket: BUCKET, Prefix: `${FLOW_LOGS}/2026/11/` }),
  );
  expect(page.IsTruncated).toBe(true);
  expect(page.Contents?.map(({ Key }) => Key).filter((key) => samples.has(key ?? ''))).toEqual([]);
});

test('just the objects of the period are in the ledger, and what is no flow log is refused', async () => {
  const rows = await remote.query(
    `select uri, status from source_object where kind <> 'inventory' order by uri`,
  );
  const uriOf = (key: string): string => `s3://${BUCKET}/${key}`;
  const expected = [...samples.keys(), ...otherKinds.keys()].map(uriOf).sort();
  expect(rows.map(({ uri }) => uri)).toEqual(expected);
  const refused = rows.filter(({ status }) => status === 'refused').map(({ uri }) => uri);
  expect(refused).toEqual([...otherKinds.keys()].map(uriOf).sort());
});

describe('rows are those of a run on the same files from local disk', () => {
  /** Tables with the columns that hold, or are made of, the place of an object. */
  const TABLES = {
    flow: ['object_id', 'flow_id'],
    flow_status: ['object_id'],
    ips_event: ['object_id', 'event_id', 'received_at'],
    rejected_record: ['object_id', 'uri'],
    flow_enriched: ['object_id', 'flow_id', 'event_ids'],
    flow_event: ['object_id', 'flow_id', 'event_id'],
    flow_detail: ['object_id', 'flow_id'],
  };

  test.each(Object.entries(TABLES))('%s', async (table, placeColumns) => {
    const database = await openDatabase();
    try {
      const { connection } = database;
      for (const [name, { lake }] of Object.entries({ local, remote })) {
        await createLakeViews(connection, lake);
        await connection.run(
          `create table ${name}_rows as select * exclude (${placeColumns.join(', ')}) from ${table}`,
        );
      }
      const differences = await readRows(
        connection,
        `(select 'local only' as side, * from (from local_rows except all from remote_rows) limit 3)
         union all
         (select 'remote only' as side, * from (from remote_rows except all from local_rows) limit 3)`,
      );
      expect(differences).toEqual([]);
      const [counted] = await readRows<{ rows: bigint }>(
        connection,
        'select count(*) as rows from remote_rows',
      );
      expect(counted?.rows).toBeGreaterThan(0n);
    } finally {
      database.close();
    }
  });

  test('and the bytes are the same: each object has the hash of its file', async () => {
    const statement = `select parse_filename(uri) as name, sha256, size_bytes, line_count, flow_log_id, region
      from source_object where kind <> 'inventory' and status <> 'refused' order by all`;
    const rows = await remote.query(statement);
    expect(rows).toHaveLength(samples.size);
    expect(rows).toEqual(await local.query(statement));
  });
});

test('a second run reads nothing again, a third only what arrived late', async () => {
  expect((await remote.flowproof('ingest')).exitCode).toBe(0);
  const earlier = [...samples].find(([key]) => key.includes('fl-0b00000000000000b_20261102T1000Z'));
  const lines = gunzipSync(earlier?.[1] ?? '')
    .toString()
    .split('\n');
  const late = `${FLOW_LOGS}/2026/11/03/123456789012_vpcflowlogs_us-east-1_fl-0b00000000000000b_20261102T1000Z_late.log.gz`;
  const records = lines.slice(1).filter((line) => line.endsWith(' OK'));
  await putObjects(
    BUCKET,
    new Map([[late, gzipSync(`${[lines[0], ...records.slice(0, 5)].join('\n')}\n`)]]),
  );
  expect((await remote.flowproof('ingest')).exitCode).toBe(0);
  const runs = await remote.query(
    `select command, object_count, row_count from run where command = 'ingest' order by started_at`,
  );
  expect(runs).toEqual([
    { command: 'ingest', object_count: 0n, row_count: 0n },
    { command: 'ingest', object_count: 1n, row_count: 5n },
  ]);
});
