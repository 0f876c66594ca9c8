/** Keys of S3 are up to 1,024 bytes of anything: they are names in the lake, and never paths or markup. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createS3Client, s3Source } from '../../../src/ingest/sources/s3.ts';
import {
  type Answering,
  DOUBLE_CREDENTIALS,
  type HttpDouble,
  s3Bucket,
  startHttpDouble,
} from '../../http-double.ts';

const PERIOD = { start: new Date('2026-01-01'), end: new Date('2027-01-01') };
const modifiedAt = new Date('2026-02-03T16:30:00Z');

const KEYS: readonly string[] = [
  '../../../../../../../../tmp/flowproof-escaped',
  '/etc/passwd',
  'a/../b/./c//d',
  '..',
  'a\\..\\b',
  '\u0001\u0007\u001b]0;x\u0007\u007f\n\r\t',
  '<Key>&amp;</Key>]]>',
  '%2e%2e%2f + %00 ?versionId=1#x',
  '\u202egnp\u2066',
  '__proto__',
  `${'\u0001\u001b\n'.repeat(341)}x`,
  'é'.repeat(512),
  '$(id) `id` %s',
];

let folder = '';
let server: HttpDouble | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flowproof-keys-'));
});

afterEach(async () => {
  await server?.close();
  delete process.env.AWS_ENDPOINT_URL_S3;
  rmSync(folder, { recursive: true });
});

async function source(answering: Answering) {
  server = await startHttpDouble(answering);
  process.env.AWS_ENDPOINT_URL_S3 = server.endpoint;
  return s3Source({
    label: 'flow_logs[0]',
    uri: 's3://amzn-s3-demo-bucket/',
    region: 'eu-west-1',
    hints: {},
    fallback: {},
    client: createS3Client('eu-west-1', DOUBLE_CREDENTIALS),
    isRequesterPays: false,
    sleep: async () => {},
  });
}

test('every key is listed exactly, and brought to a file of a name of flowproof in its folder', async () => {
  const objects = new Map(
    KEYS.map((key) => [key, { body: Buffer.from(`content of ${key}`), modifiedAt }]),
  );
  const listed: string[] = [];
  for await (const { uri, fetch } of (await source(s3Bucket('amzn-s3-demo-bucket', objects))).list(
    PERIOD,
  )) {
    const key = uri.slice('s3://amzn-s3-demo-bucket/'.length);
    listed.push(key);
    // The SDK takes dots out of paths, as RFC 3986 says: such an object is out of reach, and nothing else.
    const path = await fetch(folder).catch((thrown: Error) => thrown.message);
    if (path === undefined || !existsSync(path)) {
      expect(path).toMatch(/GetObject failed/);
      expect(key).toMatch(/(?:^|\/)\.\.?(?:\/|$)|\/\/|^\//);
      continue;
    }
    expect(path.slice(folder.length)).toMatch(/^\/[0-9a-f]{32}$/);
    expect(readFileSync(path, 'utf8')).toBe(`content of ${key}`);
  }
  expect(listed.sort()).toEqual([...KEYS].sort());
  expect(readdirSync(folder).filter((name) => !/^[0-9a-f]{32}$/.test(name))).toEqual([]);
  expect(existsSync('/tmp/flowproof-escaped')).toBe(false);
});

test('an answer whose keys are not encoded as it says is an error that says so', async () => {
  const answer =
    '<?xml version="1.0"?><ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated><Contents><Key>%E0%A4%A</Key><LastModified>2026-02-03T16:30:00Z</LastModified><ETag>"a"</ETag><Size>1</Size></Contents></ListBucketResult>';
  const listing = (
    await source(() => ({ status: 200, headers: { 'content-type': 'text/xml' }, body: answer }))
  ).list(PERIOD);
  await expect(async () => {
    for await (const _ of listing);
  }).rejects.toMatchObject({
    code: 'SOURCE_UNREACHABLE',
    problem: expect.stringMatching(/not encoded as it says/),
  });
});
