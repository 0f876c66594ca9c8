/**
 * Objects of every format, damaged at random, through ingest into a lake: each line is accounted for, a
 * reason says what is wrong, and nothing else in the run suffers.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase, readRows } from '../../src/database.ts';
import type { Format, Kind } from '../../src/ingest/format.ts';
import { FORMATS } from '../../src/ingest/formats.ts';
import { type IngestResult, ingest } from '../../src/ingest/ingest.ts';
import type { ListedObject } from '../../src/ingest/source.ts';
import { createLakeViews, openLakeForWriting } from '../../src/lake.ts';
import { ingestExitCode } from '../../src/run.ts';
import { summaryText } from '../../src/summary.ts';
import { DAMAGE_SAMPLES, type DamageSample } from './damage-samples.ts';

const MIB = 1024 * 1024;

type Whole = { format: Format; sample: DamageSample; bytes: Buffer };

let root = '';
const wholes: Whole[] = [];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'flowproof-damage-'));
  const database = await openDatabase();
  for (const format of FORMATS) {
    const sample = DAMAGE_SAMPLES[format.name];
    if (sample) wholes.push({ format, sample, bytes: await sample.content(database, root) });
  }
  database.close();
});

afterAll(() => rmSync(root, { recursive: true }));

test('every format has a sample', () => {
  expect(FORMATS.map(({ name }) => name).filter((name) => !DAMAGE_SAMPLES[name])).toEqual([]);
});

/** What an object is like in a run: of which format it was, and its bytes as stored. */
type Stored = Whole & { name: string; stored: Buffer };

type LedgerRow = {
  uri: string;
  status: string;
  reason: string | null;
  format: string | null;
  lines: number;
  accounted: number;
  rows: number;
  rejected: number;
  /** What the tables hold of it. */
  flows: number;
  others: number;
  rejects: number;
};

const LEDGER = `
  with
    flows as (select object_id, count(*) as found from flow group by object_id),
    others as (
      select object_id, count(*) as found
      from (
        select object_id from ips_event
        union all select object_id from ips_agent
        union all select object_id from inventory_item
        union all select object_id from cloudtrail_event
      )
      group by object_id
    ),
    rejects as (select object_id, count(*) as found from rejected_record group by object_id)
  select
    uri, status, reason, format,
    line_count::double as lines,
    (row_count + rejected_count + nodata_count + skipdata_count + header_count + blank_count)::double as accounted,
    row_count::double as rows,
    rejected_count::double as rejected,
    coalesce(flows.found, 0)::double as flows,
    coalesce(others.found, 0)::double as others,
    coalesce(rejects.found, 0)::double as rejects
  from source_object
  left join flows using (object_id)
  left join others using (object_id)
  left join rejects using (object_id)
  order by uri`;

const REJECTS = `select uri, reason, octet_length(record_bytes)::double as kept, record_size_bytes::double as size
  from rejected_record order by all`;

type Read = {
  result: IngestResult;
  ledger: Map<string, LedgerRow>;
  rejects: { uri: string; reason: string; kept: number; size: number }[];
};

const uriOf = ({ format, sample, name }: Stored): string =>
  `${sample.uri ?? 'file:///logs/'}${format.name}-${name}`;

/** Ingests objects into a new lake, in their order. */
async function read(objects: readonly Stored[], maxExpansion?: number): Promise<Read> {
  const lake = mkdtempSync(join(root, 'lake-'));
  const lock = await openLakeForWriting(lake);
  const database: Database = await openDatabase();
  try {
    await createLakeViews(database.connection, lake);
    const listed = (one: Stored, index: number): ListedObject => {
      const path = join(lake, `object-${index}`);
      writeFileSync(path, one.stored);
      return {
        uri: uriOf(one),
        version: '1',
        modifiedAt: new Date('2026-11-20T00:00:00Z'),
        hints: { ...one.sample.hints, ...(maxExpansion === undefined ? {} : { maxExpansion }) },
        fetch: async () => path,
      };
    };
    const sourceOf = (kind: Kind) => ({
      kind,
      source: {
        label: kind,
        place: kind,
        async *list() {
          for (const [index, one] of objects.entries()) {
            if (one.format.kind === kind) yield listed(one, index);
          }
        },
      },
    });
    const result = await ingest({
      connection: database.connection,
      lake,
      sources: [...new Set(FORMATS.map(({ kind }) => kind))].map(sourceOf),
      period: { start: new Date('2026-01-01'), end: new Date('2027-01-01') },
      runId: 'run',
      now: () => new Date('2026-11-20T00:00:00Z'),
      onProgress: () => {},
    });
    const rows = await readRows<LedgerRow>(database.connection, LEDGER);
    return {
      result,
      ledger: new Map(rows.map((row) => [row.uri, row])),
      rejects: (await readRows(database.connection, REJECTS)) as Read['rejects'],
    };
  } finally {
    database.close();
    await lock.release();
    rmSync(lake, { recursive: true });
  }
}

/** What holds for any run, whatever the objects are. */
function expectAccounted({ result, ledger, rejects }: Read, objects: readonly Stored[]): void {
  expect([...ledger.keys()].sort()).toEqual(objects.map(uriOf).sort());
  for (const row of ledger.values()) {
    expect([row.uri, row.accounted]).toEqual([row.uri, row.lines]);
    expect([row.uri, row.rejects]).toEqual([row.uri, row.rejected]);
    // A line of several events gives more rows than lines.
    expect(row.flows + row.others).toBeGreaterThanOrEqual(row.rows);
    if (row.others === 0) expect([row.uri, row.flows]).toEqual([row.uri, row.rows]);
    expect(['loaded', 'damaged', 'refused', 'duplicate']).toContain(row.status);
    if (row.status === 'loaded') expect(row.reason).toBeNull();
    else expect(row.reason).toMatch(/^\S.{8,}/s);
    if (row.status === 'refused') expect([row.uri, row.flows, row.others]).toEqual([row.uri, 0, 0]);
  }
  for (const { reason, kept, size } of rejects) {
    expect(reason).toMatch(/^\S.{4,}/s);
    expect(kept).toBe(Math.min(size, 64 * 1024));
  }
  for (const text of [...rejects, ...ledger.values()].map(({ reason }) => reason ?? '')) {
    expect(text).not.toMatch(/undefined|\[object|\n\s+at /);
    expect(text.length).toBeLessThan(1000);
  }
  const isRefused = (status: string): boolean => status === 'damaged' || status === 'refused';
  const refused = [...ledger.values()].filter(({ status }) => isRefused(status));
  expect(result.damaged.map(({ uri }) => uri).sort()).toEqual(refused.map(({ uri }) => uri).sort());
  expect(result.rejectedCount).toBe(rejects.length);
  const exitCode = ingestExitCode(result, { allowance: { rejected_lines: 0, damaged_objects: 0 } });
  expect(exitCode).toBe(refused.length > 0 || rejects.length > 0 ? 3 : 0);
  const summary = summaryText({ ingest: result, exitCode, seconds: 1 }, '/lake');
  if (refused.length > 0) expect(summary).toContain(`Damaged   ${refused.length} object`);
  if (rejects.length > 0) expect(summary).toContain(`Rejected  ${rejects.length} line`);
  if (exitCode === 3) expect(summary).toContain('Exit code 3');
}

type Place = {
  isGzip: boolean;
  /** Where, as a part of the length. */
  at: number;
  /** Bits to flip: a part of the length each. */
  bits: number[];
  junk: Uint8Array;
};

const PLACE: fc.Arbitrary<Place> = fc.record({
  isGzip: fc.boolean(),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  bits: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 6 }),
  junk: fc
    .uint8Array({ minLength: 1, maxLength: 60 })
    .map((bytes) => bytes.map((byte) => byte || 1)),
});

const pack = (bytes: Buffer, { isGzip }: Place): Buffer => (isGzip ? gzipSync(bytes) : bytes);

const spot = (bytes: Buffer, at: number): number =>
  Math.min(Math.floor(at * bytes.length), bytes.length - 1);

function insert(bytes: Buffer, at: number, part: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);
}

/** The start of a line near a place. */
function lineStart(bytes: Buffer, at: number): number {
  return bytes.lastIndexOf(0x0a, spot(bytes, at)) + 1;
}

/** The last bytes of gzip content: CRC-32 and length, four bytes each. */
function breakTrailer(bytes: Buffer, { bits }: Place, from: number): Buffer {
  const broken = Buffer.from(gzipSync(bytes));
  const index = broken.length - from + Math.min(Math.floor((bits[0] ?? 0) * 4), 3);
  broken[index] = (broken[index] ?? 0) ^ 0x10;
  return broken;
}

type Damage = {
  name: string;
  /** The object as stored after the damage. */
  apply: (whole: Whole, place: Place) => Buffer;
  /** What must be true of the object then; `intact` is the ledger's row of the undamaged one. */
  check?: (row: LedgerRow, intact: LedgerRow, one: Stored, place: Place) => void;
};

const isGzip = (bytes: Buffer): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Bytes of compressed content that are wrong are never taken for whole. */
const neverLoaded: NonNullable<Damage['check']> = (row, _, { stored }) => {
  if (!isGzip(stored)) return;
  expect(['damaged', 'refused']).toContain(row.status);
};

const DAMAGES: readonly Damage[] = [
  {
    name: 'flipped bits',
    apply({ bytes }, place) {
      const stored = Buffer.from(pack(bytes, place));
      for (const bit of place.bits) {
        const index = spot(stored, bit);
        stored[index] = (stored[index] ?? 0) ^ (1 << (Math.floor(bit * 1e6) % 8));
      }
      return stored;
    },
  },
  {
    name: 'flipped bits before compression',
    apply({ bytes }, place) {
      const content = Buffer.from(bytes);
      for (const bit of place.bits) {
        const index = spot(content, bit);
        content[index] = (content[index] ?? 0) ^ (1 << (Math.floor(bit * 1e6) % 8));
      }
      return pack(content, place);
    },
  },
  {
    name: 'a cut at any byte',
    apply({ bytes }, place) {
      const stored = pack(bytes, place);
      return stored.subarray(0, spot(stored, place.at));
    },
    check: neverLoaded,
  },
  {
    name: 'a wrong gzip checksum',
    apply: ({ bytes }, place) => breakTrailer(bytes, place, 8),
    check(row, intact, one, place) {
      neverLoaded(row, intact, one, place);
      if (!one.sample.isLines) return;
      expect([row.status, row.rows]).toEqual(['damaged', intact.rows]);
      expect(row.reason).toMatch(/gzip: incorrect data check/);
    },
  },
  {
    name: 'a wrong gzip length',
    apply: ({ bytes }, place) => breakTrailer(bytes, place, 4),
    check(row, intact, one, place) {
      neverLoaded(row, intact, one, place);
      if (!one.sample.isLines) return;
      expect([row.status, row.rows]).toEqual(['damaged', intact.rows]);
      expect(row.reason).toMatch(/gzip: incorrect length check/);
    },
  },
  {
    name: 'garbage at the end',
    apply: ({ bytes }, place) => Buffer.concat([pack(bytes, place), place.junk]),
    check(row, intact, one, place) {
      neverLoaded(row, intact, one, place);
      if (one.sample.isLines) expect(row.rows).toBeGreaterThanOrEqual(intact.rows - 1);
    },
  },
  {
    name: 'the start of another format midway',
    apply({ bytes, format }, place) {
      const others = wholes.filter((one) => one.format !== format);
      const other = others[spot(Buffer.alloc(others.length), place.bits[0] ?? 0)];
      const head = other?.bytes.subarray(0, 400) ?? Buffer.alloc(0);
      return pack(insert(bytes, lineStart(bytes, place.at), head), place);
    },
  },
  {
    name: 'bytes that are no UTF-8',
    apply({ bytes }, place) {
      return pack(
        insert(bytes, spot(bytes, place.at), Buffer.from([0xff, 0xc3, 0x28, 0xed, 0xa0])),
        place,
      );
    },
  },
  {
    name: 'NUL bytes',
    apply: ({ bytes }, place) =>
      pack(insert(bytes, spot(bytes, place.at), Buffer.alloc(300)), place),
  },
  {
    name: 'a line of NUL bytes',
    apply({ bytes }, place) {
      const line = Buffer.concat([Buffer.alloc(300), Buffer.from('\n')]);
      return pack(insert(bytes, lineStart(bytes, place.at), line), place);
    },
    check(row, intact, { sample }) {
      // At the very start they hide the format.
      if (!sample.isLines || row.status === 'refused') return;
      expect(row.rows + row.rejected).toBeGreaterThan(intact.rows);
    },
  },
  {
    name: 'line ends of both kinds',
    apply({ bytes }, place) {
      const flags = place.junk;
      let index = 0;
      const text = bytes.toString('latin1').replace(/\n/g, () => {
        index += 1;
        return (flags[index % flags.length] ?? 0) % 2 === 0 ? '\r\n' : '\n';
      });
      return pack(Buffer.from(text, 'latin1'), place);
    },
    check(row, intact, { sample }) {
      if (sample.isPlainOnly) return;
      const shown = ({ status, lines, rows, rejected }: LedgerRow) => [
        status,
        lines,
        rows,
        rejected,
      ];
      expect(shown(row)).toEqual(shown(intact));
    },
  },
];

test.each(DAMAGES)('$name', async ({ apply, check }) => {
  await fc.assert(
    fc.asyncProperty(fc.array(PLACE, { minLength: 1, maxLength: 2 }), async (places) => {
      const intact = wholes.map((whole) => ({ ...whole, name: 'intact', stored: whole.bytes }));
      const broken = places.flatMap((given, round) =>
        wholes.map((whole) => {
          const place = { ...given, isGzip: given.isGzip && !whole.sample.isPlainOnly };
          const name = `broken-${round}`;
          return { ...whole, name, place, stored: apply(whole, place) };
        }),
      );
      // What stands before and behind the damaged objects of a kind must not suffer. A blank line makes
      // the bytes others, as the same bytes would be a duplicate.
      const behind = intact
        .filter(({ sample }) => !sample.isPlainOnly)
        .map((one) => ({
          ...one,
          name: 'behind',
          stored: Buffer.concat([one.bytes, Buffer.from('\n')]),
        }));
      const objects: Stored[] = [...intact, ...broken, ...behind];
      const found = await read(objects);
      expectAccounted(found, objects);
      const rowOf = (one: Stored): LedgerRow => {
        const row = found.ledger.get(uriOf(one));
        if (!row) throw new Error(`nothing in the ledger of ${uriOf(one)}`);
        return row;
      };
      const intactRow = (one: Stored): LedgerRow => rowOf({ ...one, name: 'intact' });
      for (const one of [...intact, ...behind]) {
        const { status, format, rows } = rowOf(one);
        expect([one.format.name, status, format]).toEqual([
          one.format.name,
          'loaded',
          one.format.name,
        ]);
        expect(rows).toBeGreaterThanOrEqual(12);
        expect(found.rejects.filter(({ uri }) => uri === uriOf(one))).toEqual([]);
      }
      for (const one of broken) {
        const row = rowOf(one);
        if (row.status !== 'duplicate') check?.(row, intactRow(one), one, one.place);
      }
    }),
    // A smaller counterexample would say no more, and take a minute to find.
    { numRuns: 3, endOnFailure: true },
  );
});

/** Objects made of each line format, beside an intact one of each. */
function withIntact(make: (whole: Whole) => Buffer): { broken: Stored[]; objects: Stored[] } {
  const broken = wholes
    .filter(({ sample }) => sample.isLines)
    .map((whole) => ({ ...whole, name: 'broken', stored: make(whole) }));
  const intact = wholes.map((whole) => ({ ...whole, name: 'intact', stored: whole.bytes }));
  return { broken, objects: [...broken, ...intact] };
}

test('an empty object is refused', async () => {
  const broken = wholes.map((whole) => ({ ...whole, name: 'empty', stored: Buffer.alloc(0) }));
  const found = await read(broken);
  expectAccounted(found, broken);
  for (const row of found.ledger.values()) {
    expect([row.lines, row.rows]).toEqual([0, 0]);
    // A declared format makes nothing of it; else nothing says what it should have been.
    if (row.status === 'refused') expect(row.reason).toBe('it is empty');
  }
});

test.each([false, true])('a line of 10 MB costs no other line (gzip: %s)', async (isCompressed) => {
  const long = Buffer.concat([Buffer.alloc(10 * MIB, 'x'), Buffer.from('\n')]);
  const { broken, objects } = withIntact(({ bytes }) => {
    const content = insert(bytes, lineStart(bytes, 0.6), long);
    return isCompressed ? gzipSync(content) : content;
  });
  const found = await read(objects, 1100);
  expectAccounted(found, objects);
  for (const one of broken) {
    const row = found.ledger.get(uriOf(one));
    const intact = found.ledger.get(uriOf({ ...one, name: 'intact' }));
    expect([one.format.name, row?.status, row?.rows]).toEqual([
      one.format.name,
      'loaded',
      intact?.rows,
    ]);
    const reject = found.rejects.find(({ uri }) => uri === uriOf(one));
    expect([one.format.name, reject?.size, reject?.kept]).toEqual([
      one.format.name,
      10 * MIB,
      64 * 1024,
    ]);
    // Formats of documents hold so much, and say what it is instead of how long.
    expect([one.format.name, reject?.reason]).toEqual([
      one.format.name,
      expect.stringMatching(/10485760|^not JSON \(value "xxx/),
    ]);
  }
});

test('a decompression bomb is stopped at the ratio of the configuration, and read at a higher one', async () => {
  const space = Buffer.alloc(66 * MIB, ' ');
  const { broken, objects } = withIntact(({ bytes }) => gzipSync(Buffer.concat([bytes, space])));
  const stopped = await read(objects, 300);
  expectAccounted(stopped, objects);
  for (const one of broken) {
    const row = stopped.ledger.get(uriOf(one));
    const intact = stopped.ledger.get(uriOf({ ...one, name: 'intact' }));
    expect([one.format.name, row?.status, row?.rows]).toEqual([
      one.format.name,
      'damaged',
      intact?.rows,
    ]);
    expect(row?.reason).toMatch(/more than 300 times .*limits\.max_expansion/);
  }
  // Each third format: tens of megabytes of blanks take a while.
  const some = broken.filter((_, index) => index % 3 === 0);
  const whole = await read(some, 1100);
  expectAccounted(whole, some);
  for (const row of whole.ledger.values()) {
    expect([row.uri, row.reason ?? '']).toEqual([row.uri, expect.not.stringContaining('expands')]);
  }
});

test('values nested without end are rejected where they stand', async () => {
  const deep = `${'['.repeat(60_000)}1${']'.repeat(60_000)}`;
  const objectDeep = `${'{"a":'.repeat(60_000)}1${'}'.repeat(60_000)}`;
  const records = [deep, objectDeep].flatMap((value) => [
    value,
    `{"messageType":"DATA_MESSAGE","logEvents":[${value}]}`,
    `{"messageType":${value}}`,
    ...['message', 'Message', 'detail', 'Records', 'event', 'alert', 'rule', 'service', 'data'].map(
      (key) => `{"${key}":${value}}`,
    ),
  ]);
  const { broken, objects } = withIntact(({ bytes }) =>
    Buffer.concat([bytes, Buffer.from(`${records.join('\n')}\n`)]),
  );
  const lists: Record<string, string> = {
    deep_security_computers: 'computers',
    aws_config: 'configurationItems',
    aws_describe_json: 'Vpcs',
  };
  const inLists = wholes.flatMap((whole): Stored[] => {
    const list = lists[whole.format.name];
    if (list === undefined) return [];
    const items = JSON.stringify(JSON.parse(String(whole.bytes))[list]).slice(1, -1);
    const stored = Buffer.from(`{"${list}":[${items},${deep},${objectDeep}]}`);
    return [{ ...whole, name: 'broken', stored }];
  });
  const all = [...objects, ...inLists];
  const found = await read(all);
  expectAccounted(found, all);
  for (const one of [...broken, ...inLists]) {
    const row = found.ledger.get(uriOf(one));
    const intact = found.ledger.get(uriOf({ ...one, name: 'intact' }));
    const count = inLists.includes(one) ? 2 : records.length;
    expect([one.format.name, row?.status, row?.rows, row?.rejected]).toEqual([
      one.format.name,
      'loaded',
      intact?.rows,
      count,
    ]);
  }
});
