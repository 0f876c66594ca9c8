import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectHints } from '../../../src/ingest/format.ts';
import type { ListedObject } from '../../../src/ingest/source.ts';
import { createS3Client, s3Source } from '../../../src/ingest/sources/s3.ts';
import {
  type Answering,
  DOUBLE_CREDENTIALS,
  type DoubleAnswer,
  etagOf,
  failingFirst,
  type HttpDouble,
  type S3DoubleObject,
  s3Bucket,
  s3Fault,
  startHttpDouble,
} from '../../http-double.ts';

const february = { start: new Date('2026-02-01T00:00Z'), end: new Date('2026-03-01T00:00Z') };
const modifiedAt = new Date('2026-02-03T16:30:00Z');
const REGION_FOLDER = 'AWSLogs/123456789012/vpcflowlogs/eu-west-1';
const throttled = s3Fault(503, 'SlowDown', 'Please reduce your request rate.');

let folder = '';
let objects: Map<string, S3DoubleObject>;
let server: HttpDouble | undefined;
let sleeps: number[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowproof-s3-'));
  objects = new Map();
  sleeps = [];
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  delete process.env.AWS_ENDPOINT_URL_S3;
  await rm(folder, { recursive: true });
});

function put(key: string, text = key): void {
  objects.set(key, { body: Buffer.from(text), modifiedAt });
}

type Setup = {
  prefix?: string;
  hints?: ObjectHints;
  fallback?: ObjectHints;
  pageSize?: number;
  isRequesterPays?: boolean;
  around?: (bucket: Answering) => Answering;
};

async function list(setup: Setup = {}): Promise<ListedObject[]> {
  const { prefix = '', hints = {}, pageSize, around = (bucket) => bucket } = setup;
  const { isRequesterPays = false, fallback = {} } = setup;
  server = await startHttpDouble(around(s3Bucket('amzn-s3-demo-bucket', objects, pageSize)));
  process.env.AWS_ENDPOINT_URL_S3 = server.endpoint;
  const client = createS3Client('eu-west-1', DOUBLE_CREDENTIALS);
  const source = s3Source({
    label: 'flow_logs[0]',
    uri: `s3://amzn-s3-demo-bucket/${prefix}`,
    region: 'eu-west-1',
    hints,
    fallback,
    client,
    isRequesterPays,
    sleep: async (milliseconds) => {
      sleeps.push(milliseconds);
    },
  });
  const listed: ListedObject[] = [];
  for await (const object of source.list(february)) listed.push(object);
  return listed;
}

const keysOf = (listed: ListedObject[]): string[] =>
  listed.map(({ uri }) => uri.replace('s3://amzn-s3-demo-bucket/', ''));

/** What was listed: the prefix, and in brackets where it began or that it was one level only. */
function listings(): string[] {
  return (server?.requests ?? []).map(({ query }) => {
    const from = query.get('start-after');
    const next = query.has('continuation-token') ? ' [next page]' : '';
    const level = query.has('delimiter') ? ' [level]' : '';
    return `${query.get('prefix')}${level}${from === null ? '' : ` [after ${from}]`}${next}`;
  });
}

describe('listing', () => {
  it('follows pages and leaves out folder markers only', async () => {
    for (const name of ['', '1', '2', '3', '4', '5']) put(`ips/${name}`);
    put('ips/empty', '');
    const listed = await list({ prefix: 'ips/', pageSize: 2 });
    expect(keysOf(listed)).toEqual(['ips/1', 'ips/2', 'ips/3', 'ips/4', 'ips/5', 'ips/empty']);
    expect(listings()).toEqual([
      'ips/ [level]',
      'ips/',
      'ips/ [next page]',
      'ips/ [next page]',
      'ips/ [next page]',
    ]);
  });

  it('gives URI, version, size, time and hints', async () => {
    const file = '123456789012_vpcflowlogs_eu-west-1_fl-0123abcd_20260203T1620Z_1a2b.log.gz';
    put(`${REGION_FOLDER}/2026/02/03/${file}`, 'bytes');
    const [object] = await list({ hints: { accountId: '210987654321' } });
    expect(object).toMatchObject({
      uri: `s3://amzn-s3-demo-bucket/${REGION_FOLDER}/2026/02/03/${file}`,
      version: etagOf(Buffer.from('bytes')),
      sizeBytes: 5,
      modifiedAt,
      hints: { accountId: '210987654321', region: 'eu-west-1', flowLogId: 'fl-0123abcd' },
    });
  });

  it('takes the Region of the bucket only for objects whose keys say none', async () => {
    put(`${REGION_FOLDER}/2026/02/03/a.log`);
    put('b.log');
    const listed = await list({ fallback: { region: 'us-west-2' } });
    expect(listed.map(({ hints }) => hints.region).sort()).toEqual(['eu-west-1', 'us-west-2']);
  });

  it('gives keys as they are, whatever XML and URLs make of them', async () => {
    const keys = ['a b+c%20.log', 'a&<"\'>.log', 'line\nbreak\u0001.log', 'ümlaut/日本.log'];
    for (const key of keys) put(key);
    const listed = await list();
    expect(keysOf(listed).sort()).toEqual([...keys].sort());
    for (const object of listed) {
      const path = (await object.fetch(folder)) ?? '';
      expect(`s3://amzn-s3-demo-bucket/${await readFile(path, 'utf8')}`).toBe(object.uri);
    }
  });

  it('finds accounts and regions by level, and lists the days of the period only', async () => {
    const days = ['2024/06/01', '2025/12/31', '2026/01/30', '2026/01/31', '2026/02/14'];
    for (const region of ['eu-west-1', 'us-east-1']) {
      for (const day of [...days, '2026/03/01', '2026/03/02', '2026/11/30', '2027/01/01']) {
        put(`logs/AWSLogs/123456789012/vpcflowlogs/${region}/${day}/a.log.gz`);
      }
    }
    put('logs/readme.txt');
    put('logs/other/2024/01/01/a.log');
    put('logs/AWSLogs/123456789012/Config/eu-west-1/2024/1/1/snapshot.json.gz');
    const listed = await list({ prefix: 'logs/', pageSize: 4 });
    const tree = 'logs/AWSLogs/123456789012/vpcflowlogs';
    const wanted = (region: string): string[] =>
      ['01/31', '02/14', '03/01'].map((day) => `${tree}/${region}/2026/${day}/a.log.gz`);
    expect(keysOf(listed).sort()).toEqual([
      'logs/AWSLogs/123456789012/Config/eu-west-1/2024/1/1/snapshot.json.gz',
      ...wanted('eu-west-1'),
      ...wanted('us-east-1'),
      'logs/other/2024/01/01/a.log',
      'logs/readme.txt',
    ]);
    expect(listings()).toEqual([
      'logs/ [level]',
      'logs/AWSLogs/ [level]',
      'logs/AWSLogs/123456789012/ [level]',
      'logs/AWSLogs/123456789012/Config/',
      `${tree}/ [level]`,
      `${tree}/eu-west-1/ [level]`,
      `${tree}/eu-west-1/2026/ [after ${tree}/eu-west-1/2026/01/31]`,
      `${tree}/us-east-1/ [level]`,
      `${tree}/us-east-1/2026/ [after ${tree}/us-east-1/2026/01/31]`,
      'logs/other/',
    ]);
  });

  it('does the same in Hive-style folders, below lone folders of any depth', async () => {
    const region =
      'AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=eu-west-1';
    for (const day of ['01/day=30', '01/day=31', '03/day=02']) {
      put(`org/team/${region}/year=2026/month=${day}/hour=05/a.log.parquet`);
    }
    const kept = `org/team/${region}/year=2026/month=01/day=31/hour=05/a.log.parquet`;
    expect(keysOf(await list())).toEqual([kept]);
    expect(listings().slice(0, 3)).toEqual([' [level]', 'org/ [level]', 'org/team/ [level]']);
    expect(listings().at(-1)).toBe(
      `org/team/${region}/year=2026/ [after org/team/${region}/year=2026/month=01/day=31]`,
    );
  });

  it('starts inside the tree if the prefix does', async () => {
    for (const day of ['2026/01/01', '2026/02/01', '2026/03/05']) put(`${REGION_FOLDER}/${day}/a`);
    put('AWSLogs/123456789012/vpcflowlogs/eu-west-2/2026/02/01/a');
    expect(keysOf(await list({ prefix: `${REGION_FOLDER}/2026/0` }))).toEqual([
      `${REGION_FOLDER}/2026/02/01/a`,
    ]);
    expect(listings()).toEqual([`${REGION_FOLDER}/2026/0 [after ${REGION_FOLDER}/2026/01/31]`]);
  });

  it('skips by key where many folders lead to trees', async () => {
    for (const team of ['a', 'b']) {
      for (const day of ['2026/01/01', '2026/02/01']) put(`${team}/${REGION_FOLDER}/${day}/x`);
    }
    expect(keysOf(await list())).toEqual([
      `a/${REGION_FOLDER}/2026/02/01/x`,
      `b/${REGION_FOLDER}/2026/02/01/x`,
    ]);
    expect(listings()).toEqual([' [level]', '']);
  });

  it('leaves out the object by which log delivery tests whether it may write', async () => {
    for (const key of ['export/aws-logs-write-test', 'export/my-aws-logs-write-test', 'x'])
      put(key);
    expect(keysOf(await list()).sort()).toEqual(['export/my-aws-logs-write-test', 'x']);
  });

  it('says with each request that the requester pays, where the bucket asks for it', async () => {
    put('a');
    const [object] = await list({ isRequesterPays: true });
    await object?.fetch(folder);
    const said = server?.requests.map(({ headers }) => headers['x-amz-request-payer']);
    expect(said).toEqual(Array(said?.length).fill('requester'));
    expect(said?.length).toBeGreaterThan(1);
  });

  it('goes on after SlowDown', async () => {
    put('a');
    expect(keysOf(await list({ around: (bucket) => failingFirst([throttled], bucket) }))).toEqual([
      'a',
    ]);
    expect(sleeps).toHaveLength(1);
  });

  it('explains a refusal at once, without trying again', async () => {
    const refused = s3Fault(403, 'AccessDenied', 'Access Denied');
    await expect(list({ prefix: 'x/', around: () => () => refused })).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      place: 's3://amzn-s3-demo-bucket/x/',
      problem: 'ListObjectsV2 failed with AccessDenied (HTTP 403): Access Denied',
      remedy:
        'The identity that runs flowproof needs s3:ListBucket on the bucket amzn-s3-demo-bucket.',
    });
    expect(server?.requests).toHaveLength(1);
  });

  it.each(['https://example.com/a', 's3://', 's3:///prefix', 's3://Bucket/x'])(
    'refuses %s',
    (uri) => {
      expect(() => s3Source({ label: 'a', uri, region: 'eu-west-1', hints: {} })).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID', problem: `"${uri}" is no S3 URI` }),
      );
    },
  );
});

describe('fetching', () => {
  const bytes = Buffer.alloc(300_000, 'flow');
  const isGet = ({ path }: { path: string }): boolean => path.endsWith('/a.log');
  const head = { etag: etagOf(bytes) };
  const cut: DoubleAnswer = { status: 200, headers: head, body: bytes, cutAfter: 100_000 };

  async function fetchWith(faults: DoubleAnswer[], from = folder): Promise<string | undefined> {
    objects.set('a.log', { body: bytes, modifiedAt });
    const [object] = await list({ around: (bucket) => failingFirst(faults, bucket, isGet) });
    return object?.fetch(from);
  }

  const gets = (): number => (server?.requests ?? []).filter(isGet).length;

  it('brings the bytes, asking for the version that was listed', async () => {
    const path = (await fetchWith([])) ?? '';
    expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
    expect(server?.requests.at(-1)?.headers['if-match']).toBe(etagOf(bytes));
    expect(sleeps).toEqual([]);
  });

  it('tries again after a cut body, and keeps nothing of the first try', async () => {
    const path = (await fetchWith([cut, { ...cut, cutAfter: 250_000 }])) ?? '';
    expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
    expect(gets()).toBe(3);
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('tries again after 503 and 500, waiting longer each time', async () => {
    await fetchWith([
      throttled,
      s3Fault(500, 'InternalError', 'We encountered an error'),
      throttled,
    ]);
    expect(gets()).toBe(4);
    const [first = 0, second = 0, third = 0] = sleeps;
    expect(first >= 200 && first <= 400).toBe(true);
    expect(second >= 400 && second <= 800).toBe(true);
    expect(third >= 800 && third <= 1600).toBe(true);
  });

  it('gives up after five tries and leaves no file', async () => {
    await expect(fetchWith([cut, cut, cut, cut, cut])).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      place: 's3://amzn-s3-demo-bucket/a.log',
      problem: expect.stringMatching(/^GetObject failed with BodyCut: .* of 300000 bytes/),
      remedy: expect.stringMatching(/failed 5 times.*s3:GetObject/),
    });
    expect(gets()).toBe(5);
    expect(await readdir(folder)).toEqual([]);
  });

  it('tries again if a whole answer has not the size that was listed', async () => {
    const short = { status: 200, body: bytes.subarray(0, 10), headers: head };
    const path = (await fetchWith([short])) ?? '';
    expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
    expect(gets()).toBe(2);
  });

  it('explains a refusal with the permission, at once', async () => {
    await expect(fetchWith([s3Fault(403, 'AccessDenied', 'Access Denied')])).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      place: 's3://amzn-s3-demo-bucket/a.log',
      problem: 'GetObject failed with AccessDenied (HTTP 403): Access Denied',
      remedy: expect.stringContaining('s3:GetObject on the bucket amzn-s3-demo-bucket'),
    });
    expect(gets()).toBe(1);
  });

  it('does not read a replaced object under the old version', async () => {
    put('a.log', 'old');
    const [object] = await list();
    put('a.log', 'new');
    await expect(object?.fetch(folder)).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      problem: expect.stringContaining('PreconditionFailed (HTTP 412)'),
      remedy: expect.stringContaining('replaced after it was listed; run again'),
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it('brings empty objects', async () => {
    put('empty', '');
    const [object] = await list();
    expect(await readFile((await object?.fetch(folder)) ?? '', 'utf8')).toBe('');
  });

  it('does not blame S3 for the disk', async () => {
    await expect(fetchWith([], join(folder, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(gets()).toBe(1);
  });
});
