import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createS3Client } from '../../../src/ingest/sources/s3.ts';
import {
  type Arrival,
  type Bucket,
  createTurnstile,
  downloadObject,
  LARGE_BYTES,
} from '../../../src/ingest/sources/s3-download.ts';
import {
  type Answering,
  DOUBLE_CREDENTIALS,
  type DoubleAnswer,
  type DoubleRequest,
  etagOf,
  failingFirst,
  type HttpDouble,
  type S3DoubleObject,
  s3Bucket,
  s3Fault,
  startHttpDouble,
} from '../../http-double.ts';

const NAME = 'amzn-s3-demo-bucket';
const KEY = 'a.log.gz';
const modifiedAt = new Date('2026-02-03T16:30:00Z');

let folder = '';
let server: HttpDouble | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowproof-download-'));
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  delete process.env.AWS_ENDPOINT_URL_S3;
  await rm(folder, { recursive: true });
});

/** Bytes of which no two parts are equal. */
function bytesOf(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += 4) bytes.writeUInt32LE(at, Math.min(at, size - 4));
  return bytes;
}

type Setup = {
  body: Buffer;
  headers?: Record<string, string>;
  around?: (bucket: Answering, objects: Map<string, S3DoubleObject>) => Answering;
};

async function download(setup: Setup): Promise<{ arrival: Arrival; path: string }> {
  const { body, headers = {}, around = (bucket) => bucket } = setup;
  const objects = new Map<string, S3DoubleObject>([[KEY, { body, modifiedAt, headers }]]);
  server = await startHttpDouble(around(s3Bucket(NAME, objects), objects));
  process.env.AWS_ENDPOINT_URL_S3 = server.endpoint;
  const bucket: Bucket = {
    client: createS3Client('eu-west-1', DOUBLE_CREDENTIALS),
    name: NAME,
    sleep: async () => {},
    isRequesterPays: false,
    takeTurn: createTurnstile(8),
  };
  const object = { key: KEY, etag: etagOf(body), size: body.length, modifiedAt };
  const path = join(folder, 'object');
  return { arrival: await downloadObject(bucket, object, path), path };
}

const requests = (): DoubleRequest[] => server?.requests ?? [];
const rangesAsked = (): string[] =>
  requests()
    .flatMap(({ headers }) => headers.range ?? [])
    .sort();

const small = bytesOf(100_000);
const large = bytesOf(LARGE_BYTES + 3_000_000);
const HALF = LARGE_BYTES / 2;
const RANGES = [
  `bytes=0-${HALF - 1}`,
  `bytes=${LARGE_BYTES}-${large.length - 1}`,
  `bytes=${HALF}-${LARGE_BYTES - 1}`,
];

describe('a small object', () => {
  it('is one request, and states the version id that S3 gave', async () => {
    const { arrival, path } = await download({
      body: small,
      headers: { 'x-amz-version-id': '3HL4kqtJvjVBH40Nrjfkd' },
    });
    expect(arrival).toEqual({ versionId: '3HL4kqtJvjVBH40Nrjfkd' });
    expect(Buffer.compare(await readFile(path), small)).toBe(0);
    expect(requests()).toHaveLength(1);
  });

  it('has no version id in a bucket that never had versions', async () => {
    expect((await download({ body: small })).arrival).toEqual({});
    await server?.close();
    const headers = { 'x-amz-version-id': 'null' };
    expect((await download({ body: small, headers })).arrival).toEqual({});
  });

  const wrong = Buffer.from(small);
  wrong[50_000] = 255 - (wrong[50_000] ?? 0);
  const answer: DoubleAnswer = { status: 200, headers: { etag: etagOf(small) }, body: wrong };

  it('is asked for again if its bytes have another MD5 than the ETag says', async () => {
    const { path } = await download({
      body: small,
      around: (bucket) => failingFirst([answer], bucket),
    });
    expect(Buffer.compare(await readFile(path), small)).toBe(0);
    expect(requests()).toHaveLength(2);
  });

  it('is not measured by an ETag that is no MD5', async () => {
    const headers = { ...answer.headers, 'x-amz-server-side-encryption': 'aws:kms' };
    const { path } = await download({
      body: small,
      around: (bucket) => failingFirst([{ ...answer, headers }], bucket),
    });
    expect(Buffer.compare(await readFile(path), wrong)).toBe(0);
  });

  it.each([
    ['sha256', createHash('sha256').update(small).digest('base64')],
    ['crc64nvme', 'AAAAAAAAAAA='],
  ])('is refused if its bytes never have the %s that S3 states', async (name, value) => {
    const headers = {
      'x-amz-server-side-encryption': 'aws:kms',
      etag: etagOf(small),
      [`x-amz-checksum-${name}`]: value,
    };
    await expect(
      download({ body: small, around: () => () => ({ ...answer, headers }) }),
    ).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      problem: expect.stringMatching(/^GetObject failed with BodyCut: .*[Cc]hecksum mismatch/),
    });
    expect(requests()).toHaveLength(5);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a large object', () => {
  it('comes in ranges of one version, and is measured by the checksum of the whole', async () => {
    const { arrival, path } = await download({
      body: large,
      headers: {
        'x-amz-version-id': 'v1',
        'x-amz-checksum-sha256': createHash('sha256').update(large).digest('base64'),
      },
    });
    expect(Buffer.compare(await readFile(path), large)).toBe(0);
    expect(arrival).toEqual({ versionId: 'v1' });
    expect(rangesAsked()).toEqual(RANGES);
    expect(new Set(requests().map(({ headers }) => headers['if-match']))).toEqual(
      new Set([etagOf(large)]),
    );
    expect(requests().map(({ method }) => method)).toEqual(['GET', 'GET', 'GET', 'HEAD']);
  });

  it('is asked again only for the range that broke off, was throttled or answered another', async () => {
    const isSecond = ({ headers }: DoubleRequest): boolean => headers.range === RANGES[2];
    const part = large.subarray(HALF, LARGE_BYTES);
    const range = `bytes ${HALF}-${LARGE_BYTES - 1}/${large.length}`;
    const headers = { etag: etagOf(large), 'content-range': range };
    const { path } = await download({
      body: large,
      around: (bucket) =>
        failingFirst(
          [
            { status: 206, headers, body: part, cutAfter: 1_000_000 },
            s3Fault(503, 'SlowDown', 'Please reduce your request rate.'),
            { status: 206, headers, body: part.subarray(0, 10) },
            { status: 200, headers: { etag: etagOf(large) }, body: part },
          ],
          bucket,
          isSecond,
        ),
    });
    expect(Buffer.compare(await readFile(path), large)).toBe(0);
    expect(rangesAsked()).toEqual([...RANGES.slice(0, 2), ...Array(5).fill(RANGES[2])]);
  });

  it('never mixes two versions', async () => {
    const around: Setup['around'] = (bucket, objects) => (request) => {
      const answer = bucket(request);
      objects.set(KEY, { body: Buffer.from(large).fill(1), modifiedAt });
      return answer;
    };
    await expect(download({ body: large, around })).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      problem: expect.stringContaining('PreconditionFailed (HTTP 412)'),
      remedy: expect.stringContaining('replaced after it was listed; run again'),
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ['the checksum that S3 states', { 'x-amz-checksum-crc32c': 'AAAAAA==' }, 'CRC32C'],
    ['the MD5 in its ETag', {}, 'MD5'],
  ])('is refused if it has not %s', async (_, headers, algorithm) => {
    const around: Setup['around'] = (bucket) => (request) => {
      const answer = bucket(request);
      if (algorithm === 'MD5' && request.headers.range === RANGES[0]) {
        return { ...answer, body: Buffer.from(answer.body ?? '').fill(7) };
      }
      return answer;
    };
    await expect(download({ body: large, headers, around })).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      problem: expect.stringContaining(
        `GetObject failed with ChecksumMismatch: what arrived has the ${algorithm} `,
      ),
      remedy: expect.stringMatching(/^Run again; if it stays so/),
    });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('createTurnstile', () => {
  it('lets no more than the limit run, in order, whatever fails', async () => {
    const takeTurn = createTurnstile(2);
    let running = 0;
    let most = 0;
    const started: number[] = [];
    const step = (index: number) => async (): Promise<number> => {
      started.push(index);
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running -= 1;
      if (index % 3 === 0) throw new Error(`step ${index}`);
      return index;
    };
    const all = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) => takeTurn(step(index))),
    );
    expect(all.filter(({ status }) => status === 'rejected')).toHaveLength(4);
    expect(most).toBe(2);
    expect(started).toEqual([...Array(10).keys()]);
  });
});
