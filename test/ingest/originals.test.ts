import { createHash } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import { type Original, openOriginals } from '../../src/ingest/originals.ts';
import {
  type Answering,
  DOUBLE_CREDENTIALS,
  type HttpDouble,
  type S3DoubleObject,
  s3Bucket,
  s3Fault,
  startHttpDouble,
} from '../http-double.ts';

let folder: string;
let scratch: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowproof-originals-'));
  scratch = join(folder, 'scratch');
  await mkdir(scratch);
});

afterEach(async () => {
  expect(await readdir(scratch)).toEqual([]);
  await rm(folder, { recursive: true, force: true });
});

const CONTENT = 'version account\n2 123456789012\n';

function original(uri: string, content = CONTENT, versionId: string | null = null): Original {
  return {
    uri,
    sha256: createHash('sha256').update(content).digest('hex'),
    sizeBytes: Buffer.byteLength(content),
    versionId,
  };
}

function open(sources = '- files: ["logs/**"]') {
  const text = `lake: lake\noutput: out\nsources:\n  flow_logs:\n    ${sources}\nscope: [{ name: cde, match: { vpc: [vpc-1] } }]\nperiod: { start: 2026-11-01, end: 2026-12-01 }\n`;
  return openOriginals({ ...parseConfig(text, 'flowproof.yaml'), folder }, scratch);
}

describe('local files', () => {
  async function stateOf(change: (path: string) => Promise<unknown>) {
    const path = join(folder, 'logs', 'a.log');
    await mkdir(join(folder, 'logs'));
    await writeFile(path, CONTENT);
    await change(path);
    const inside = await open()(original('file:logs/a.log'));
    // The same file as one outside the folder of the configuration.
    expect(await open()(original(`file://${path}`))).toEqual(inside);
    return inside;
  }

  test('unchanged', async () => {
    expect(await stateOf(async () => undefined)).toEqual({ kind: 'same' });
  });

  test('grown: what was read is there still', async () => {
    expect(await stateOf((path) => appendFile(path, 'more\n'))).toEqual({
      kind: 'grown',
      words: 'has grown by 5 bytes; the 31 that were read are unchanged',
    });
  });

  test.each([
    ['another byte', CONTENT.replace('9', '8')],
    ['another byte, and grown', `${CONTENT.replace('9', '8')}more\n`],
    ['cut', CONTENT.slice(0, -1)],
    ['emptied', ''],
  ])('%s', async (_what, content) => {
    const hash = createHash('sha256').update(content).digest('hex');
    expect(await stateOf((path) => writeFile(path, content))).toEqual({
      kind: 'differs',
      words: expect.stringContaining(`SHA-256 is ${hash} (${content.length} bytes)`),
    });
  });

  test('gone, with its folder, or a folder now', async () => {
    expect(await stateOf((path) => rm(path))).toEqual({ kind: 'gone', words: 'is gone' });
    await rename(join(folder, 'logs'), join(folder, 'old'));
    expect((await open()(original('file:logs/a.log'))).kind).toBe('gone');
    await mkdir(join(folder, 'logs', 'a.log'), { recursive: true });
    expect((await open()(original('file:logs/a.log'))).kind).toBe('differs');
  });

  test.each(['file:../a.log', 'file:///etc/../etc/hostname', 'file:logs\\..\\..\\a', 'file:a\0b'])(
    'a path that no source writes is not followed: %j',
    async (uri) => {
      expect((await open()(original(uri))).kind).toBe('unreachable');
    },
  );
});

test.each([
  ['cloudwatch-logs://eu-west-1//vpc/flow-logs/2026-11-01', /pulled from cloudwatch-logs/],
  ['ec2://123456789012/eu-west-1/2026-11-01T00:00:00Z', /pulled from ec2/],
  ['stdin:', /standard input/],
])('%s cannot be fetched again', async (uri, words) => {
  expect(await open()(original(uri))).toEqual({
    kind: 'not_kept',
    words: expect.stringMatching(words),
  });
});

describe('S3', () => {
  const BUCKET = 'example-flow-logs';
  const SOURCE = `- { s3: "s3://${BUCKET}/AWSLogs", region: eu-west-1 }`;
  const KEY = 'AWSLogs/123456789012/a b+c%2F.log';
  const uri = `s3://${BUCKET}/${KEY}`;
  const modifiedAt = new Date('2026-11-02T00:00:00Z');
  let objects: Map<string, S3DoubleObject>;
  let server: HttpDouble | undefined;

  beforeEach(() => {
    objects = new Map([[KEY, { body: Buffer.from(CONTENT), modifiedAt }]]);
    process.env.AWS_ACCESS_KEY_ID = DOUBLE_CREDENTIALS.accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY = DOUBLE_CREDENTIALS.secretAccessKey;
  });

  afterEach(async () => {
    await server?.close();
    delete process.env.AWS_ENDPOINT_URL_S3;
    delete process.env.AWS_ACCESS_KEY_ID;
    delete process.env.AWS_SECRET_ACCESS_KEY;
  });

  async function stateOf(
    asked: Original,
    answering: Answering = s3Bucket(BUCKET, objects),
    sources = SOURCE,
  ) {
    server = await startHttpDouble(answering);
    process.env.AWS_ENDPOINT_URL_S3 = server.endpoint;
    return open(sources)(asked);
  }

  test('unchanged, by its key as it is', async () => {
    expect(await stateOf(original(uri))).toEqual({ kind: 'same' });
    expect(server?.requests.map(({ method }) => method)).toEqual(['HEAD', 'GET']);
  });

  test('replaced', async () => {
    objects.set(KEY, { body: Buffer.from(CONTENT.replace('9', '8')), modifiedAt });
    expect((await stateOf(original(uri))).kind).toBe('differs');
  });

  test('gone', async () => {
    objects.clear();
    expect(await stateOf(original(uri))).toEqual({ kind: 'gone', words: 'is gone' });
  });

  /** A bucket with versions: the newest is another. */
  const versioned: Answering = (request) => {
    const version = request.query.get('versionId');
    const newest = { body: Buffer.from('replaced since\n'), modifiedAt };
    const read = { body: Buffer.from(CONTENT), modifiedAt };
    if (version === 'v2') return s3Fault(404, 'NoSuchVersion', 'The version does not exist.');
    return s3Bucket(BUCKET, new Map([[KEY, version === 'v1' ? read : newest]]))(request);
  };

  test('the version that was read, though it was replaced since', async () => {
    expect(await stateOf(original(uri, CONTENT, 'v1'), versioned)).toEqual({ kind: 'same' });
    expect(server?.requests.map(({ query }) => query.get('versionId'))).toEqual(['v1', 'v1']);
  });

  test('a version that is gone', async () => {
    expect(await stateOf(original(uri, CONTENT, 'v2'), versioned)).toEqual({
      kind: 'gone',
      words: 'version v2 is gone',
    });
  });

  test('larger than one request brings', async () => {
    const content = 'flow log line\n'.repeat(1_500_000);
    objects.set(KEY, { body: Buffer.from(content), modifiedAt });
    expect(await stateOf(original(uri, content))).toEqual({ kind: 'same' });
    expect(server?.requests.length).toBeGreaterThan(3);
  });

  test('no permission says nothing of the object', async () => {
    const denied = () => s3Fault(403, 'AccessDenied', 'Access Denied');
    expect(await stateOf(original(uri, CONTENT, 'v1'), denied)).toEqual({
      kind: 'unreachable',
      words: expect.stringContaining('s3:GetObject and s3:GetObjectVersion'),
    });
  });

  test.each([`s3://${BUCKET}-other/${KEY}`, `s3://${BUCKET}/other/${KEY}`])(
    'a bucket or prefix that the configuration does not name is not asked: %s',
    async (other) => {
      expect((await stateOf(original(other))).kind).toBe('unreachable');
      expect(server?.requests).toEqual([]);
    },
  );

  test('an entry without a prefix is for the bucket, and the longest prefix counts', async () => {
    const sources = `- { s3: "s3://${BUCKET}", region: us-east-1 }\n    ${SOURCE}`;
    expect(await stateOf(original(uri), undefined, sources)).toEqual({ kind: 'same' });
    expect(server?.requests[0]?.headers.authorization).toContain('/eu-west-1/s3/');
    const state = await open(sources)(original(`s3://${BUCKET}/other.log`));
    expect([state.kind, server?.requests.at(-1)?.headers.authorization]).toEqual([
      'gone',
      expect.stringContaining('/us-east-1/s3/'),
    ]);
  });
});
