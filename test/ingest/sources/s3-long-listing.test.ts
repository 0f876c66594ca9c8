/** A listing of a quarter of a million keys: pages come as they are used, and memory does not grow with them. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { createS3Client, s3Source } from '../../../src/ingest/sources/s3.ts';
import { DOUBLE_CREDENTIALS, startHttpDouble } from '../../http-double.ts';

const KEYS = 250_000;
const PAGE = 1000;
const PREFIX = 'AWSLogs/123456789012/vpcflowlogs/eu-west-1/2026/';
const MIB = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

function keyOf(index: number): string {
  return `${PREFIX}02/03/${String(index).padStart(9, '0')}.log.gz`;
}

function pageFrom(first: number): string {
  const items = Array.from({ length: PAGE }, (_, index) => {
    const etag = `&quot;${String(first + index).padStart(32, '0')}&quot;`;
    return `<Contents><Key>${keyOf(first + index)}</Key><LastModified>2026-02-03T16:30:00.000Z</LastModified><ETag>${etag}</ETag><Size>1</Size></Contents>`;
  });
  const next = first + PAGE;
  const more = next < KEYS ? `<NextContinuationToken>${next}</NextContinuationToken>` : '';
  return `<ListBucketResult><IsTruncated>${next < KEYS}</IsTruncated>${more}${items.join('')}</ListBucketResult>`;
}

test('streams', { timeout: 300_000 }, async () => {
  const server = await startHttpDouble(({ query }) => ({
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: pageFrom(Number(query.get('continuation-token') ?? 0)),
  }));
  process.env.AWS_ENDPOINT_URL_S3 = server.endpoint;
  try {
    const source = s3Source({
      label: 'flow_logs[0]',
      uri: `s3://amzn-s3-demo-bucket/${PREFIX}`,
      region: 'eu-west-1',
      hints: {},
      client: createS3Client('eu-west-1', DOUBLE_CREDENTIALS),
    });
    const february = { start: new Date('2026-02-01T00:00Z'), end: new Date('2026-03-01T00:00Z') };
    let count = 0;
    let pageCount = 0;
    const heap: number[] = [];
    for await (const { uri } of source.list(february)) {
      if (count % 100_003 === 0) expect(uri).toBe(`s3://amzn-s3-demo-bucket/${keyOf(count)}`);
      count += 1;
      if (count % PAGE === 1) {
        pageCount += 1;
        // No page is asked for before the last key of the one before it was used.
        expect(server.requests.length).toBe(1);
        server.requests.length = 0;
        if (pageCount % 25 === 0) {
          collectGarbage();
          heap.push(process.memoryUsage().heapUsed / MIB);
        }
      }
    }
    expect(count).toBe(KEYS);
    expect(heap).toHaveLength(10);
    // All keys at once would be some 100 MiB.
    expect(Math.max(...heap) - (heap[0] ?? 0)).toBeLessThan(16);
  } finally {
    delete process.env.AWS_ENDPOINT_URL_S3;
    await server.close();
  }
});
