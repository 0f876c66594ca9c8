/** What every source must do, whatever it reads from. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { EC2Client } from '@aws-sdk/client-ec2';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ListedObject, Period, Source } from '../../../src/ingest/source.ts';
import { cloudWatchLogsSource } from '../../../src/ingest/sources/cloudwatch-logs.ts';
import { ec2Source } from '../../../src/ingest/sources/ec2.ts';
import { EC2_CALLS } from '../../../src/ingest/sources/ec2-calls.ts';
import { filesSource } from '../../../src/ingest/sources/files.ts';
import { s3Source } from '../../../src/ingest/sources/s3.ts';
import { ec2Account } from '../../ec2-double.ts';
import {
  type Answering,
  DOUBLE_CREDENTIALS,
  type HttpDouble,
  logGroup,
  s3Bucket,
  startHttpDouble,
} from '../../http-double.ts';

const record =
  '2 123456789012 eni-0a1b2c3d 10.0.0.1 192.0.2.1 443 49152 6 1 40 1770076800 1770076860 ACCEPT OK';
const key = 'AWSLogs/123456789012/vpcflowlogs/eu-west-1/2026/02/03/a.log';
const timestamp = Date.parse('2026-02-03T00:00:00Z');
const event = {
  eventId: '1',
  timestamp,
  ingestionTime: timestamp + 90_000,
  logStreamName: 'eni-0a1b2c3d-all',
  message: record,
};

let root = '';
let into = '';
let server: HttpDouble | undefined;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'flowproof-contract-'));
  into = join(root, 'into');
  await mkdir(into);
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(root, { recursive: true });
});

async function clientOptions(answering: Answering) {
  server = await startHttpDouble(answering);
  return {
    region: 'eu-west-1',
    endpoint: server.endpoint,
    credentials: DOUBLE_CREDENTIALS,
    maxAttempts: 1,
  };
}

type SourceCase = {
  name: string;
  /** One object, with a record of 3 February 2026. */
  open: () => Promise<Source>;
  bytes: string;
  /** True if a line follows that says what was pulled. */
  hasTrailer?: boolean;
  uri: RegExp;
  /** False where a URI names the pull and not what was pulled. */
  isUriStable: boolean;
};

let clock = 0;

const cases: SourceCase[] = [
  {
    name: 'files',
    bytes: `${record}\n`,
    uri: /^file:logs\/AWSLogs\//,
    isUriStable: true,
    async open() {
      const path = join(root, 'logs', key);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, `${record}\n`);
      return filesSource({ label: 'entry', patterns: ['logs'], baseFolder: root, hints: {} });
    },
  },
  {
    name: 's3',
    bytes: `${record}\n`,
    uri: /^s3:\/\/amzn-s3-demo-bucket\/AWSLogs\//,
    isUriStable: true,
    async open() {
      const object = { body: Buffer.from(`${record}\n`), modifiedAt: new Date(timestamp) };
      const options = await clientOptions(
        s3Bucket('amzn-s3-demo-bucket', new Map([[key, object]])),
      );
      const client = new S3Client({ ...options, forcePathStyle: true });
      const uri = 's3://amzn-s3-demo-bucket';
      return s3Source({ label: 'entry', uri, region: 'eu-west-1', hints: {}, client });
    },
  },
  {
    name: 'cloudwatch-logs',
    bytes: `${JSON.stringify(event)}\n`,
    hasTrailer: true,
    uri: /^cloudwatch-logs:\/\/eu-west-1\/flow-logs\?date=2026-02-03&pulled=/,
    isUriStable: false,
    async open() {
      const client = new CloudWatchLogsClient(await clientOptions(logGroup('/flow-logs', [event])));
      return cloudWatchLogsSource({
        label: 'entry',
        logGroup: '/flow-logs',
        region: 'eu-west-1',
        hints: { fields: ['version'] },
        memory: { pulls: async () => [], idsBetween: async () => new Set() },
        lookBackHours: 24,
        client,
        now: () => {
          clock += 1;
          return new Date(Date.parse('2026-03-01T00:00:00Z') + clock);
        },
        sleep: async () => {},
      });
    },
  },
  {
    name: 'ec2',
    bytes: `{"AccountId":"123456789012","Region":"eu-west-1"${EC2_CALLS.map(({ key }) => `,\n"${key}":[]`).join('')}}\n`,
    uri: /^ec2:\/\/123456789012\/eu-west-1\/2026-03-01T00:00:00\.\d{3}Z$/,
    isUriStable: false,
    async open() {
      const options = await clientOptions(ec2Account({}));
      return ec2Source({
        label: 'entry',
        regions: ['eu-west-1'],
        accountId: '123456789012',
        knownContents: async () => new Map(),
        createClient: () => new EC2Client(options),
        now: () => {
          clock += 1;
          return new Date(Date.parse('2026-03-01T00:00:00Z') + clock);
        },
      });
    },
  },
];

const days = (start: string, end: string): Period => ({
  start: new Date(`${start}T00:00Z`),
  end: new Date(`${end}T00:00Z`),
});

async function list(source: Source, period: Period): Promise<ListedObject[]> {
  const objects: ListedObject[] = [];
  for await (const object of source.list(period)) objects.push(object);
  return objects;
}

describe.each(cases)('$name', ({ open, bytes, hasTrailer, uri, isUriStable }) => {
  const period = days('2026-02-03', '2026-02-04');

  it('says which entry it is and where it reads', async () => {
    const source = await open();
    expect(source.label).toBe('entry');
    expect(source.place).not.toBe('');
  });

  it('lists what the period holds, under a URI of its own kind', async () => {
    const [object, ...more] = await list(await open(), period);
    expect(more).toEqual([]);
    expect(object?.uri).toMatch(uri);
    expect(object?.version).not.toBe('');
    expect(object?.modifiedAt.getTime()).toBeGreaterThan(0);
    expect(object?.hints.region).toBe('eu-west-1');
  });

  it(`lists ${isUriStable ? 'the same' : 'another pull'} when asked again`, async () => {
    const source = await open();
    const seen = (objects: ListedObject[]) => objects.map((object) => [object.uri, object.version]);
    const first = seen(await list(source, period));
    const second = seen(await list(source, period));
    if (isUriStable) {
      expect(second).toEqual(first);
    } else {
      expect(second).toHaveLength(first.length);
      expect(new Set([...first, ...second].flat()).size).toBe(4);
    }
  });

  it('lists nothing of a period that it has nothing for', async () => {
    // What is pulled cannot be known before, but the future is empty.
    const later = days('2026-03-05', '2026-03-06');
    expect(await list(await open(), later)).toEqual([]);
  });

  it('brings the bytes, and as often as it is asked', async () => {
    const [object] = await list(await open(), period);
    for (let round = 0; round < 2; round += 1) {
      const path = (await object?.fetch(into)) ?? '';
      const text = await readFile(path, 'utf8');
      expect(hasTrailer ? text.replace(/\{"pull":.*\n$/, '') : text).toBe(bytes);
    }
  });

  it('states the size that arrives, where it states one', async () => {
    const [object] = await list(await open(), period);
    expect([undefined, Buffer.byteLength(bytes)]).toContain(object?.sizeBytes);
  });

  it('writes into the folder given and nowhere else', async () => {
    const before = (await readdir(root)).sort();
    const [object] = await list(await open(), period);
    const path = (await object?.fetch(into)) ?? '';
    expect((await readdir(root)).filter((name) => name !== 'logs').sort()).toEqual(before);
    const written = await readdir(into);
    expect(written.map((name) => join(into, name))).toEqual(path.startsWith(into) ? [path] : []);
  });
});
