import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutBucketVersioningCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { beforeAll, expect, test } from 'vitest';
import { makeBucket, putObjects, REGION, s3 } from './aws.ts';
import { createWorkspace, type Workspace } from './flowproof.ts';

const BUCKET = 'amzn-s3-demo-many';
const HEADER = 'version interface-id srcaddr dstaddr srcport dstport protocol start end action';
const HOUR = 3600;
const START = Date.parse('2026-11-02T00:00:00Z') / 1000;
const period = { start: '2026-11-02', end: '2026-11-04' };

const regions = ['123456789012', '210987654321'].flatMap((account) =>
  ['us-east-1', 'eu-west-1'].map((region) => ({ account, region })),
);

const record = (port: number, start: number): string =>
  `5 eni-0123456789abcdef0 10.0.0.5 198.51.100.7 ${port} 443 6 ${start} ${start + 60} ACCEPT`;

/** An object every five minutes and more, in hourly folders, Hive-style for one of the accounts. */
function manyObjects(): Map<string, Uint8Array> {
  const objects = new Map<string, Uint8Array>();
  for (const [index, { account, region }] of regions.entries()) {
    const isHive = index < 2;
    for (let number = 0; number < 720; number += 1) {
      const start = START + number * 240;
      const time = new Date(start * 1000).toISOString();
      const [year, month, day, hour] = [
        time.slice(0, 4),
        time.slice(5, 7),
        time.slice(8, 10),
        time.slice(11, 13),
      ];
      const folder = isHive
        ? `aws-account-id=${account}/aws-service=vpcflowlogs/aws-region=${region}/year=${year}/month=${month}/day=${day}/hour=${hour}`
        : `${account}/vpcflowlogs/${region}/${year}/${month}/${day}/${hour}`;
      const stamp = `${time.slice(0, 16).replaceAll(/[-:]/g, '')}Z`;
      const key = `deep/er/AWSLogs/${folder}/${account}_vpcflowlogs_${region}_fl-0a00000000000000a_${stamp}_${number}.log.gz`;
      objects.set(key, gzipSync(`${HEADER}\n${record(1024 + index, start)}\n`));
    }
  }
  return objects;
}

/** Text of some 20 MiB that gzip cannot shorten much: over the size from which on ranges are asked. */
function largeObject(): Buffer {
  const lines = [HEADER];
  let hash = 'seed';
  for (let index = 0; index < 260_000; index += 1) {
    hash = createHash('md5').update(hash).digest('hex');
    const port = 1024 + (Number.parseInt(hash.slice(0, 4), 16) % 60_000);
    lines.push(record(port, START + HOUR + (index % 3000)));
  }
  return Buffer.from(`${lines.join('\n')}\n`);
}

const LARGE = 'large/AWSLogs/123456789012/vpcflowlogs/us-east-1/2026/11/02/large.log';
let workspace: Workspace;
let large: Buffer;

beforeAll(async () => {
  await makeBucket(BUCKET);
  await s3.send(
    new PutBucketVersioningCommand({
      Bucket: BUCKET,
      VersioningConfiguration: { Status: 'Enabled' },
    }),
  );
  await putObjects(BUCKET, manyObjects());
  large = largeObject();
  const upload = { Bucket: BUCKET, Key: LARGE };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(upload));
  const Parts: CompletedPart[] = [];
  for (let from = 0; from < large.length; from += 6_000_000) {
    const PartNumber = Parts.length + 1;
    const Body = large.subarray(from, from + 6_000_000);
    const { ETag } = await s3.send(
      new UploadPartCommand({ ...upload, UploadId, PartNumber, Body }),
    );
    Parts.push({ PartNumber, ETag });
  }
  await s3.send(
    new CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload: { Parts } }),
  );
  workspace = createWorkspace(
    {
      flow_logs: [
        {
          s3: `s3://${BUCKET}/`,
          region: REGION,
          requester_pays: true,
          role_arn: 'arn:aws:iam::123456789012:role/flowproof-reader',
        },
      ],
    },
    { period },
  );
});

test('thousands of objects, over several pages, accounts and Regions, by an assumed role', async () => {
  const finished = await workspace.flowproof('ingest');
  expect([finished.exitCode, finished.stderr]).toEqual([0, '']);
  const counts = await workspace.query(
    `select account_id, region, count(*) as objects, sum(row_count) as records
     from source_object where uri not like '%large%' group by all order by all`,
  );
  expect(counts).toEqual(
    regions
      .map(({ account, region }) => ({ account_id: account, region, objects: 720n, records: 720n }))
      .sort((a, b) => (a.account_id + a.region < b.account_id + b.region ? -1 : 1)),
  );
  const [row] = await workspace.query(
    'select count(distinct version_id) as versions, count(*) as objects from source_object',
  );
  expect(row).toEqual({ versions: 2881n, objects: 2881n });
});

test('a large object, in ranges', async () => {
  expect(large.length).toBeGreaterThan(16 * 1024 * 1024);
  const [row] = await workspace.query(
    `select sha256, size_bytes, row_count, status from source_object where uri like '%large%'`,
  );
  expect(row).toEqual({
    sha256: createHash('sha256').update(large).digest('hex'),
    size_bytes: BigInt(large.length),
    row_count: 260_000n,
    status: 'loaded',
  });
});

test('a second run asks for none of them again', async () => {
  expect((await workspace.flowproof('ingest')).exitCode).toBe(0);
  const [row] = await workspace.query(
    'select object_count from run order by started_at desc limit 1',
  );
  expect(row).toEqual({ object_count: 0n });
});
