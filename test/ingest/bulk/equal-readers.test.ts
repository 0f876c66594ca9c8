/**
 * The fast reader and the exact one must make the same tables of any object: of sound ones, where the
 * fast one does all, and of others, where it hands over.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase, readRows } from '../../../src/database.ts';
import { FLOW_LOG_FIELDS } from '../../../src/flow-log-fields.ts';
import { openBulkReader } from '../../../src/ingest/bulk/bulk-reader.ts';
import { flowLogText } from '../../../src/ingest/formats/flow-log-text.ts';
import { fingerprintFile, readLedger } from '../../../src/ingest/ledger.ts';
import { MAX_LINE_BYTES } from '../../../src/ingest/line-splitter.ts';
import { expansionLimit } from '../../../src/ingest/lines.ts';
import { localObject, readObject } from '../../../src/ingest/read-object.ts';
import { createLakeViews } from '../../../src/lake.ts';
import { openBatch } from '../../../src/lake-batch.ts';
import { TABLES } from '../../../src/tables.ts';

type Database = Awaited<ReturnType<typeof openDatabase>>;

let folder: string;
let database: Database;
const bulk = openBulkReader(2);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowproof-equal-'));
  database = await openDatabase();
});

afterAll(async () => {
  await bulk.close();
  database.close();
  await rm(folder, { recursive: true, force: true });
});

let lakeCount = 0;

/** Reads the contents as objects of a new lake and returns every table of it, and how far ahead went. */
async function readAll(
  contents: readonly Uint8Array[],
  isAhead: boolean,
  fields?: readonly string[],
): Promise<{ tables: Record<string, unknown>; wholeCount: number; aheadRows: number }> {
  lakeCount += 1;
  const lake = join(folder, `lake-${lakeCount}`);
  await mkdir(lake);
  const { connection } = database;
  const ledger = await readLedger(connection, lake);
  const writer = await openBatch(connection, lake, 'batch');
  let wholeCount = 0;
  let aheadRows = 0;
  for (const [index, content] of contents.entries()) {
    const path = join(folder, `object-${index}`);
    await writeFile(path, content);
    const modifiedAt = new Date('2026-11-20T12:00:00Z');
    const listed = {
      uri: `file:object-${index}`,
      version: '1',
      modifiedAt,
      hints: fields ? { fields } : {},
      fetch: async () => path,
    };
    const task = {
      ...{ listed, path, fingerprint: await fingerprintFile(path, []) },
      objectId: `object-${index}`,
      kind: 'flow_logs' as const,
      label: 'flow_logs[0]',
      refused: undefined,
      copy: undefined,
      scratchFolder: folder,
      format: flowLogText,
      runId: 'run',
      readAt: modifiedAt,
    };
    const object = localObject(task);
    const ahead = isAhead
      ? await bulk.read(
          {
            objectId: object.objectId,
            path,
            day: Math.floor(modifiedAt.getTime() / 86_400_000),
            maxBytes: expansionLimit(object.sizeBytes),
            fields,
          },
          writer.place,
        )
      : undefined;
    if (ahead?.isWhole) wholeCount += 1;
    aheadRows += ahead?.counts.row ?? 0;
    await readObject(task, writer, ledger, connection, ahead);
  }
  await bulk.finish();
  await writer.commit();
  await createLakeViews(connection, lake);
  const tables: Record<string, unknown> = {};
  for (const table of TABLES) {
    if (table.layer !== 'ingest' || table.name === 'run') continue;
    tables[table.name] = (
      await readRows(connection, `select * from ${table.name} order by all`)
    ).map((row) =>
      JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
    );
  }
  await rm(lake, { recursive: true, force: true });
  return { tables, wholeCount, aheadRows };
}

async function expectEqual(
  contents: readonly Uint8Array[],
  fields?: readonly string[],
): Promise<{ wholeCount: number; aheadRows: number }> {
  const fast = await readAll(contents, true, fields);
  const exact = await readAll(contents, false, fields);
  expect(fast.tables).toEqual(exact.tables);
  return fast;
}

const digits = (most: number) => fc.nat({ max: most }).map(String);
const dotted = fc.tuple(...[1, 2, 3, 4].map(() => fc.nat(255))).map((parts) => parts.join('.'));

/** Tokens that AWS writes in a field of that type. */
const PLAIN = {
  text: fc.constantFrom(
    'eni-0123456789abcdef0',
    'vpc-1',
    'ACCEPT',
    'a-text-of-more-than-sixteen-bytes-1',
    'b',
  ),
  address: fc.oneof(dotted, fc.ipV6(), fc.constantFrom('2001:db8::1', '2001:DB8:0:0::1')),
  integer: digits(70_000),
  bigint: fc.oneof(digits(1_000_000), fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(String)),
  seconds: fc.integer({ min: 1_793_000_000, max: 1_793_400_000 }).map(String),
};

/** What may stand anywhere, and mostly should not. */
const odd = fc.oneof(
  fc.constantFrom('-', '--', '+5', '1e3', '1.5', '007', '00000000000000000001', '2147483648'),
  fc.constantFrom('9223372036854775808', '253402300800', '253402300799', '4294967296', '-1'),
  fc.constantFrom('NODATA', 'SKIPDATA', 'OK', 'NODATAX', 'ok', '256.1.1.1', '1.2.3', '01.2.3.4'),
  fc.constantFrom(
    '::ffff:192.0.2.1',
    'fe80::1%eth0',
    'srcaddr',
    'version',
    '12345678',
    '123456789',
  ),
  fc.constantFrom('é', '\u0000', '\u007f', 'a\tb', '"', "'", '\\', '=1+1'),
  fc.string({ maxLength: 20 }).map((text) => text.replaceAll('\n', '')),
);

const field = fc.constantFrom(...FLOW_LOG_FIELDS);

const layout = fc.oneof(
  { weight: 3, arbitrary: fc.constant(FLOW_LOG_FIELDS.filter(({ version }) => version === 2)) },
  { weight: 3, arbitrary: fc.constant(FLOW_LOG_FIELDS.filter(({ version }) => version <= 5)) },
  { weight: 3, arbitrary: fc.uniqueArray(field, { minLength: 2, maxLength: 40 }) },
  { weight: 1, arbitrary: fc.array(field, { minLength: 2, maxLength: 6 }) },
);

type Fields = readonly (typeof FLOW_LOG_FIELDS)[number][];

const recordOf = (fields: Fields, oddness: number) =>
  fc
    .tuple(
      ...fields.map((one) =>
        fc.oneof(
          {
            weight: 97 - oddness,
            arbitrary:
              one.name === 'log-status'
                ? fc.constantFrom('OK', 'OK', 'OK', 'NODATA')
                : PLAIN[one.type],
          },
          { weight: 3, arbitrary: fc.constant('-') },
          { weight: oddness, arbitrary: odd },
        ),
      ),
    )
    .map((tokens) => tokens.join(' '));

const lineOf = (fields: Fields, oddness: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 90, arbitrary: recordOf(fields, oddness) },
    {
      weight: oddness,
      arbitrary: fc.oneof(
        fc.constantFrom('', ' ', '\t', '2 123456789012', 'just some text'),
        recordOf(fields, oddness).map((text) => `${text} extra`),
        recordOf(fields, oddness).map((text) => ` ${text.replaceAll(' ', '  ')} `),
        recordOf(fields, oddness).map((text) => text.replaceAll(' ', '\t')),
        recordOf(fields, oddness).map((text) => `${text}\r`),
        fc.constant(fields.map(({ name }) => name).join(' ')),
        fc.constant(`${fields.map(({ column }) => column).join(' ')} new-field`),
        fc.constant('a'.repeat(3_000)),
      ),
    },
  );

const content = fc
  .tuple(layout, fc.constantFrom(0, 0, 1, 5, 30), fc.constantFrom('\n', '\n', '\r\n'), fc.boolean())
  .chain(([fields, oddness, lineEnd, hasEnd]) =>
    fc
      .array(lineOf(fields, oddness), { minLength: 1, maxLength: 120, size: 'max' })
      .map((lines) => {
        const names = fields.map(({ name }) => name).join(' ');
        return [names, ...lines].join(lineEnd) + (hasEnd ? lineEnd : '');
      }),
  );

const stored = fc
  .tuple(
    content,
    fc.constantFrom('plain', 'gzip', 'gzip', 'cut', 'flipped', 'members', 'padded', 'garbage'),
    fc.nat(),
  )
  .map(([text, storage, seed]) => {
    const bytes = Buffer.from(text);
    if (storage === 'plain') return bytes;
    const packed = gzipSync(bytes);
    if (storage === 'members') return Buffer.concat([packed, packed]);
    if (storage === 'padded') return Buffer.concat([packed, Buffer.alloc(1 + (seed % 600))]);
    if (storage === 'garbage') return Buffer.concat([packed, Buffer.alloc(seed % 3), packed]);
    const at = seed % packed.length;
    if (storage === 'cut') return packed.subarray(0, at);
    if (storage === 'flipped') packed[at] = (packed[at] ?? 0) ^ (1 << (seed % 8));
    return packed;
  });

test('any objects become the same tables by both readers', async () => {
  let wholeCount = 0;
  let aheadRows = 0;
  let objectCount = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(stored, { minLength: 20, maxLength: 40, size: 'max' }),
      async (contents) => {
        const fast = await expectEqual(contents);
        wholeCount += fast.wholeCount;
        aheadRows += fast.aheadRows;
        objectCount += contents.length;
      },
    ),
    { numRuns: 8 },
  );
  // The comparison is worth something only if the fast reader had much of the work.
  expect(wholeCount).toBeGreaterThan(objectCount / 4);
  expect(aheadRows).toBeGreaterThan(objectCount * 5);
}, 240_000);

test('a declared format is read without a header, by both alike', async () => {
  const fields = ['interface-id', 'start', 'bytes', 'log-status'];
  const lines = Array.from(
    { length: 500 },
    (_, index) => `eni-1 ${1_793_000_000 + index} ${index} OK`,
  );
  const { aheadRows } = await expectEqual([gzipSync(`${lines.join('\n')}\n`)], fields);
  expect(aheadRows).toBe(500);
});

test('more days than a thread holds at once are written one after the other', async () => {
  const header = 'version interface-id start end action log-status';
  const lines = Array.from({ length: 4_000 }, (_, index) => {
    const start = 1_793_000_000 + (index % 9) * 86_400;
    return `2 eni-${index % 7} ${start} ${start + 60} ACCEPT ${index % 50 === 0 ? 'NODATA' : 'OK'}`;
  });
  const { wholeCount } = await expectEqual([Buffer.from([header, ...lines].join('\n'))]);
  expect(wholeCount).toBe(1);
});

test('row groups that are full, and texts that are many, are written in between', async () => {
  const header = 'version interface-id srcaddr dstport bytes start end log-status';
  const lines = Array.from({ length: 130_000 }, (_, index) => {
    const start = 1_793_000_000 + (index % 600);
    const text = index % 10 === 0 ? `eni-${index}-${'x'.repeat(1_000)}` : `eni-${index % 3_000}`;
    const address =
      index % 5 === 0 ? `2001:db8::${(index % 65_536).toString(16)}` : `192.0.2.${index % 256}`;
    const bytes = index % 1_000 === 0 ? 2n ** 40n * BigInt(index) : index * 37;
    return `2 ${text} ${address} ${(index * 7919) % 65_536} ${bytes} ${start} ${start + 60} OK`;
  });
  const { aheadRows } = await expectEqual([gzipSync([header, ...lines].join('\n'))]);
  expect(aheadRows).toBe(130_000);
}, 120_000);

test('a line that is longer than the input of a thread is left to the exact reader', async () => {
  const header = 'version interface-id start end log-status';
  const record = '2 eni-1 1793000000 1793000060 OK';
  const long = `2 ${'e'.repeat(3_000_000)} 1793000000 1793000060 OK`;
  const { aheadRows } = await expectEqual([
    Buffer.from([header, record, record, long, record].join('\n')),
  ]);
  expect(aheadRows).toBe(2);
});

test('a line that is longer than one may be is a reject of both', async () => {
  const header = 'version interface-id start end log-status';
  const record = '2 eni-1 1793000000 1793000060 OK';
  const lineOf = (length: number): string => {
    const rest = '2  1793000000 1793000060 OK';
    return rest.replace('  ', ` ${'e'.repeat(length - rest.length)} `);
  };
  const contents = ['\n', '\r\n'].flatMap((end) =>
    [MAX_LINE_BYTES - 1, MAX_LINE_BYTES, MAX_LINE_BYTES + 2].map((length) =>
      Buffer.from([header, record, lineOf(length), record].join(end)),
    ),
  );
  const { aheadRows, wholeCount } = await expectEqual(contents);
  expect(wholeCount).toBe(contents.length);
  // Lines near the limit may be decided by either.
  expect(aheadRows).toBeGreaterThanOrEqual(2 * contents.length);
});
