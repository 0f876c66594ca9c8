import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase, readRows } from '../../src/database.ts';
import { FlowproofError } from '../../src/errors.ts';
import { DEFAULT_FORMAT } from '../../src/flow-log-fields.ts';
import type { Kind, ObjectHints } from '../../src/ingest/format.ts';
import { type IngestOptions, type IngestResult, ingest } from '../../src/ingest/ingest.ts';
import type { ListedObject, Source } from '../../src/ingest/source.ts';
import { filesSource } from '../../src/ingest/sources/files.ts';
import { createLakeViews, openLakeForWriting } from '../../src/lake.ts';
import type { LakeLock } from '../../src/lake-lock.ts';

const PERIOD = { start: new Date('2026-10-01T00:00Z'), end: new Date('2027-01-01T00:00Z') };
const HEADER = DEFAULT_FORMAT.join(' ');

let root = '';
let lake = '';
let lock: LakeLock;
let database: Database;
let runNumber = 0;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'flowproof-ingest-'));
  lake = join(root, 'lake');
  lock = await openLakeForWriting(lake);
  database = await openDatabase();
});

afterEach(async () => {
  database.close();
  await lock.release();
  rmSync(root, { recursive: true });
});

function put(name: string, content: string | Uint8Array): string {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

function records(...ports: number[]): string {
  const lines = ports.map(
    (port) =>
      `2 123456789012 eni-0123456789abcdef0 10.0.0.5 198.51.100.7 ${port} 443 6 10 840 1793491200 1793491260 ACCEPT OK`,
  );
  return `${lines.join('\n')}\n`;
}

const logs = (...ports: number[]): string => `${HEADER}\n${records(...ports)}`;

const files = (kind: Kind, pattern: string, hints: ObjectHints = {}) => ({
  kind,
  source: filesSource({ label: kind, patterns: [pattern], baseFolder: root, hints }),
});

const flowLogs = () => [files('flow_logs', 'logs/**')];

async function run(
  sources: IngestOptions['sources'] = flowLogs(),
  more: Partial<IngestOptions> = {},
): Promise<IngestResult> {
  runNumber += 1;
  await createLakeViews(database.connection, lake);
  return ingest({
    connection: database.connection,
    lake,
    sources: sources.map(({ kind, source }) => ({ kind, source })),
    period: PERIOD,
    runId: `run-${runNumber}`,
    now: () => new Date(Date.UTC(2026, 10, 20, 0, runNumber)),
    onProgress: () => {},
    ...more,
  });
}

const query = (sql: string) => readRows(database.connection, sql);

async function ports(): Promise<unknown[]> {
  return (await query('select srcport from flow order by all')).map((row) => row.srcport);
}

const LEDGER = 'select uri, status, row_count from source_object order by uri, ingested_at';

async function ledger(): Promise<unknown[][]> {
  const rows = await query(LEDGER);
  return rows.map((row) => [row.uri, row.status, Number(row.row_count)]);
}

/** Every file of the lake with its hash, less what a run may leave of itself. */
function listLake(): string[] {
  return readdirSync(lake, { recursive: true })
    .map(String)
    .filter((name) => statSync(join(lake, name)).isFile() && !name.startsWith('run/'))
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(lake, name)))
          .digest('hex')}`,
    )
    .sort();
}

const VPC = JSON.stringify({ Vpcs: [{ VpcId: 'vpc-0123456789abcdef0', OwnerId: '123456789012' }] });

describe('ingest', () => {
  test('accounts for each line of each object', async () => {
    const whole = gzipSync(
      logs(...Array.from({ length: 3000 }, (_, index) => (index * 7919) % 65_536)),
    );
    put('logs/a.log.gz', gzipSync(`\n${logs(1, 2)}2 broken\n${HEADER}\n`));
    put(
      'logs/b.log',
      `${HEADER}\n2 123456789012 eni-0123456789abcdef0 - - - - - - - 1793491200 1793491260 - NODATA\n2 123456789012 eni-0123456789abcdef0 - - - - - - - 1793491200 1793491260 - SKIPDATA\n`,
    );
    put('logs/cut.log.gz', whole.subarray(0, Math.floor(whole.length / 2)));
    put('logs/unknown.bin', 'no format knows this');
    put('inventory/2026-11-02T00-00-00Z.json', VPC);
    await database.connection.run(
      `copy (select 2 as version, unnest([1, -1]) as srcport) to '${join(root, 'logs/p.parquet')}' (format parquet)`,
    );
    const result = await run([files('inventory', 'inventory/**'), ...flowLogs()]);
    const rows = await query(
      `select uri, status, line_count, row_count, rejected_count, nodata_count, skipdata_count, header_count, blank_count
       from source_object order by uri`,
    );
    const counts = new Map(
      rows.map((row) => [row.uri, Object.values(row).slice(2).map(Number)] as const),
    );
    for (const [uri, [lines = 0, ...parts]] of counts) {
      expect([uri, parts.reduce((sum, part) => sum + part, 0)]).toEqual([uri, lines]);
    }
    expect(counts.get('file:logs/a.log.gz')).toEqual([6, 2, 1, 0, 0, 2, 1]);
    expect(counts.get('file:logs/b.log')).toEqual([3, 0, 0, 1, 1, 1, 0]);
    expect(counts.get('file:logs/p.parquet')).toEqual([2, 1, 1, 0, 0, 0, 0]);
    expect(counts.get('file:logs/unknown.bin')).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(counts.get('file:inventory/2026-11-02T00-00-00Z.json')).toEqual([1, 1, 0, 0, 0, 0, 0]);
    expect(counts.get('file:logs/cut.log.gz')?.[0]).toBeGreaterThan(1000);
    expect(rows.map((row) => [row.uri, row.status])).toEqual([
      ['file:inventory/2026-11-02T00-00-00Z.json', 'loaded'],
      ['file:logs/a.log.gz', 'loaded'],
      ['file:logs/b.log', 'loaded'],
      ['file:logs/cut.log.gz', 'damaged'],
      ['file:logs/p.parquet', 'loaded'],
      ['file:logs/unknown.bin', 'refused'],
    ]);
    const found = await query(
      `select (select count(*) from flow) + (select count(*) from inventory_item) as row_count,
        (select count(*) from rejected_record) as rejected_count from (select 1)`,
    );
    expect(found).toEqual([
      { row_count: BigInt(result.rowCount), rejected_count: BigInt(result.rejectedCount) },
    ]);
    expect(result).toMatchObject({
      listedCount: 6,
      objectCount: 6,
      nodataCount: 1,
      skipdataCount: 1,
    });
    expect(result.damaged).toEqual([
      { uri: 'file:logs/cut.log.gz', status: 'damaged', reason: 'gzip: unexpected end of file' },
      {
        uri: 'file:logs/unknown.bin',
        status: 'refused',
        reason: expect.stringMatching(
          /^no flow_logs format recognises its content \(known: vpc_flow/,
        ),
      },
    ]);
    expect(result.rejected[0]).toEqual({
      uri: 'file:logs/a.log.gz',
      count: 1,
      lineNumber: 5,
      reason: expect.stringContaining('2 fields found, 14 expected'),
    });
    expect(
      await query(
        'select uri, line_number, decode(record_bytes) as bytes, record_size_bytes as size from rejected_record where line_number = 5',
      ),
    ).toEqual([{ uri: 'file:logs/a.log.gz', line_number: 5n, bytes: '2 broken', size: 8n }]);
  });

  test('says of each object what it is, and when its records are from', async () => {
    const bytes = Buffer.from(logs(1));
    put(
      'logs/AWSLogs/123456789012/vpcflowlogs/us-east-1/2026/11/01/123456789012_vpcflowlogs_us-east-1_fl-0123456789abcdef0_20261101T0000Z_0a1b2c3d.log',
      bytes,
    );
    await run();
    expect(
      await query(
        `select source, kind, format, fields, flow_log_id, account_id, region, sha256, size_bytes, first_at, last_at, ingested_at, run_id
         from source_object`,
      ),
    ).toEqual([
      {
        source: 'flow_logs',
        kind: 'flow_logs',
        format: 'vpc_flow_log_text',
        fields: DEFAULT_FORMAT,
        flow_log_id: 'fl-0123456789abcdef0',
        account_id: '123456789012',
        region: 'us-east-1',
        sha256: createHash('sha256').update(bytes).digest('hex'),
        size_bytes: BigInt(bytes.length),
        first_at: new Date('2026-11-01T00:00:00Z'),
        last_at: new Date('2026-11-01T00:01:00Z'),
        ingested_at: new Date(Date.UTC(2026, 10, 20, 0, runNumber)),
        run_id: `run-${runNumber}`,
      },
    ]);
  });

  test('a second run ingests nothing and changes no file', async () => {
    put('logs/a.log', logs(1, 2));
    put('logs/b.log', logs(3));
    put('logs/copy.log', logs(3));
    put('logs/unknown.bin', 'no format knows this');
    put('inventory/2026-11-02T00-00-00Z.json', VPC);
    const sources = [files('inventory', 'inventory/**'), ...flowLogs()];
    await run(sources);
    const before = listLake();
    expect(before.length).toBeGreaterThan(4);
    expect(await run(sources)).toMatchObject({
      listedCount: 5,
      skippedCount: 5,
      objectCount: 0,
      rowCount: 0,
      damaged: [],
    });
    expect(listLake()).toEqual(before);
    // New times of the same bytes are no news either.
    put('logs/a.log', logs(1, 2));
    expect(await run(sources)).toMatchObject({ objectCount: 0, rowCount: 0 });
    expect(listLake()).toEqual(before);
  });

  test('a grown file replaces what was read of it, and its rows count once', async () => {
    put('logs/a.log', logs(1, 2));
    await run();
    put('logs/a.log', logs(1, 2, 3));
    expect(await run()).toMatchObject({ objectCount: 1, rowCount: 3 });
    expect(await ports()).toEqual([1, 2, 3]);
    put('logs/a.log', logs(1, 2, 3, 4));
    await run();
    expect(await ports()).toEqual([1, 2, 3, 4]);
    expect(await ledger()).toEqual([['file:logs/a.log', 'loaded', 4]]);

    // It falls back to what was read before: known, and still counted once.
    put('logs/a.log', logs(1, 2));
    expect(await run()).toMatchObject({ objectCount: 0 });
    // A copy of what was replaced brings nothing: its rows are in what replaced it.
    put('logs/b.log', logs(1, 2, 3));
    expect(await run()).toMatchObject({ duplicateCount: 1, rowCount: 0 });
    expect(await ports()).toEqual([1, 2, 3, 4]);
  });

  test('a cut file that arrives whole replaces its readable part', async () => {
    const whole = gzipSync(logs(...Array.from({ length: 3000 }, (_, index) => index)), {
      level: 1,
    });
    put('logs/a.log.gz', whole.subarray(0, Math.floor(whole.length / 2)));
    expect((await run()).damaged).toHaveLength(1);
    put('logs/a.log.gz', whole);
    expect((await run()).damaged).toEqual([]);
    expect(await ledger()).toEqual([['file:logs/a.log.gz', 'loaded', 3000]]);
    expect(await query('select count(*) as rejected from rejected_record')).toEqual([
      { rejected: 0n },
    ]);
    expect(await ports()).toHaveLength(3000);
  });

  test('a file with other content under the same name keeps both', async () => {
    put('logs/a.log', logs(1, 2));
    await run();
    put('logs/a.log', logs(3));
    await run();
    expect(await ports()).toEqual([1, 2, 3]);
    expect(await ledger()).toEqual([
      ['file:logs/a.log', 'loaded', 2],
      ['file:logs/a.log', 'loaded', 1],
    ]);
  });

  test('a copy is a duplicate without rows, in the same run or a later one', async () => {
    put('logs/a.log', logs(1, 2));
    put('logs/b.log', logs(1, 2));
    expect(await run()).toMatchObject({ objectCount: 2, duplicateCount: 1, rowCount: 2 });
    put('logs/c.log', logs(1, 2));
    expect(await run()).toMatchObject({ objectCount: 1, duplicateCount: 1, rowCount: 0 });
    expect(await ports()).toEqual([1, 2]);
    expect(
      await query(
        `select copy.uri, copy.status, copy.reason, original.uri as original
         from source_object copy join source_object original on original.object_id = copy.duplicate_of_object_id
         order by copy.uri`,
      ),
    ).toEqual(
      ['b', 'c'].map((name) => ({
        uri: `file:logs/${name}.log`,
        status: 'duplicate',
        reason: 'same bytes as file:logs/a.log',
        original: 'file:logs/a.log',
      })),
    );
  });

  test('equal inventory snapshots of different times both count', async () => {
    put('inventory/2026-11-02T00-00-00Z.json', VPC);
    put('inventory/2026-11-03T00-00-00Z.json', VPC);
    expect(await run([files('inventory', 'inventory/**')])).toMatchObject({
      duplicateCount: 0,
      rowCount: 2,
    });
    expect(await query('select taken_at from inventory_snapshot order by all')).toEqual([
      { taken_at: new Date('2026-11-02T00:00:00Z') },
      { taken_at: new Date('2026-11-03T00:00:00Z') },
    ]);
  });

  test('reads a refused object once another configuration can', async () => {
    put('logs/a.log', records(1, 2));
    await run(flowLogs(), { configSha256: 'one' });
    expect(await ledger()).toEqual([['file:logs/a.log', 'refused', 0]]);
    // A copy of what was refused is no duplicate: nothing of it is in the lake.
    put('declared/b.log', records(1, 2));
    const declared = (pattern: string) => [files('flow_logs', pattern, { fields: DEFAULT_FORMAT })];
    expect(await run(declared('declared/**'))).toMatchObject({ duplicateCount: 0, rowCount: 2 });
    rmSync(join(root, 'declared'), { recursive: true });

    put('logs/a.log', records(3));
    await run(flowLogs(), { configSha256: 'one' });
    expect(await run(declared('logs/**'), { configSha256: 'two' })).toMatchObject({ rowCount: 1 });
    expect(await ports()).toEqual([1, 2, 3]);
    expect(
      await query(
        "select status, row_count from source_object where uri = 'file:logs/a.log' and row_count > 0",
      ),
    ).toEqual([{ status: 'loaded', row_count: 1n }]);
  });

  test('commits in batches, each with its ledger', async () => {
    for (let index = 0; index < 7; index += 1) put(`logs/${index}.log`, logs(index));
    await run(flowLogs(), { batchObjects: 3 });
    expect(readdirSync(join(lake, 'source_object'))).toHaveLength(3);
    expect(await ports()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test('says how far it is', async () => {
    put('logs/a.log', logs(1, 2));
    put('logs/b.log', logs(3));
    const seen: unknown[] = [];
    await run(flowLogs(), { onProgress: (progress) => seen.push(progress) });
    const listed = {
      listedCount: 2,
      listedBytes: logs(1, 2).length + logs(3).length,
      isListed: true,
      elapsedSeconds: expect.any(Number),
    };
    expect(seen).toEqual([
      {
        ...listed,
        objectCount: 1,
        rowCount: 2,
        sizeBytes: logs(1, 2).length,
        uri: 'file:logs/a.log',
      },
      {
        ...listed,
        objectCount: 2,
        rowCount: 3,
        sizeBytes: listed.listedBytes,
        uri: 'file:logs/b.log',
      },
    ]);
  });
});

describe('what is out of reach', () => {
  const unreachable = () => {
    throw new FlowproofError('SOURCE_UNREACHABLE', {
      place: 's3://example-flow-logs/b.log',
      problem: 'access is denied',
      remedy: 'Allow s3:GetObject.',
    });
  };

  function sourceOf(
    ...objects: (Partial<ListedObject> & { uri: string })[]
  ): IngestOptions['sources'] {
    const source: Source = {
      label: 'flow_logs[0]',
      place: 's3://example-flow-logs',
      async *list() {
        for (const object of objects) {
          yield {
            version: 'v1',
            modifiedAt: PERIOD.start,
            hints: {},
            fetch: unreachable,
            ...object,
          };
        }
      },
    };
    return [{ kind: 'flow_logs', source }];
  }

  const at = (path: string) => async () => path;

  test('an object does not stop the others, and is tried again', async () => {
    const a = put('logs/a.log', logs(1));
    const c = put('logs/c.log', logs(3));
    const result = await run(
      sourceOf({ uri: 'x:a', fetch: at(a) }, { uri: 'x:b' }, { uri: 'x:c', fetch: at(c) }),
    );
    expect(await ports()).toEqual([1, 3]);
    expect(result.unreachable).toEqual([
      { uri: 'x:b', problem: expect.stringContaining('access is denied') },
    ]);
    const b = put('logs/b.log', logs(2));
    const again = await run(
      sourceOf(
        { uri: 'x:a', fetch: at(a) },
        { uri: 'x:b', fetch: at(b) },
        { uri: 'x:c', fetch: at(c) },
      ),
    );
    expect(again).toMatchObject({ skippedCount: 2, objectCount: 1, unreachable: [] });
    expect(await ports()).toEqual([1, 2, 3]);
  });

  test('a file that is gone when its turn comes does not stop the others', async () => {
    const a = put('logs/a.log', logs(1));
    const result = await run(
      sourceOf({ uri: 'x:gone', fetch: at(join(root, 'gone.log')) }, { uri: 'x:a', fetch: at(a) }),
    );
    expect(await ports()).toEqual([1]);
    expect(result.unreachable).toEqual([
      { uri: 'x:gone', problem: expect.stringMatching(/^x:gone: cannot be read \(ENOENT/) },
    ]);
  });

  test('a source that cannot be listed does not stop the others', async () => {
    put('logs/a.log', logs(1));
    const source: Source = {
      label: 'flow_logs[0]',
      place: 's3://example-flow-logs',
      // biome-ignore lint/correctness/useYield: a listing that fails before its first object.
      async *list() {
        unreachable();
      },
    };
    const result = await run([{ kind: 'flow_logs', source }, ...flowLogs()]);
    expect(await ports()).toEqual([1]);
    expect(result.unreachable).toEqual([
      { uri: 's3://example-flow-logs', problem: expect.stringContaining('access is denied') },
    ]);
  });

  test('a mistake of the configuration stops the run', async () => {
    await expect(run([files('flow_logs', 'no-such-folder/**')])).rejects.toMatchObject({
      code: 'SOURCE_EMPTY',
    });
  });

  test('an object with nothing new is passed over', async () => {
    const result = await run(sourceOf({ uri: 'x:a', fetch: async () => undefined }));
    expect(result).toMatchObject({ listedCount: 1, objectCount: 0, unreachable: [] });
  });

  test('what was brought to the scratch folder is gone afterwards', async () => {
    const fetch = async (folder: string): Promise<string> => {
      writeFileSync(join(folder, 'brought'), logs(1));
      return join(folder, 'brought');
    };
    await run(sourceOf({ uri: 'x:a', fetch }));
    expect(await ports()).toEqual([1]);
    expect(readdirSync(join(lake, '.flowproof', 'scratch'))).toEqual([]);
  });
});

describe('standard input', () => {
  const input = (text: string) => [
    {
      kind: 'flow_logs' as const,
      source: filesSource({
        label: 'flow_logs[0]',
        patterns: ['-'],
        baseFolder: root,
        hints: {},
        stdin: Readable.from([Buffer.from(text)]),
        now: () => new Date(Date.UTC(2026, 10, 20, 0, runNumber)),
      }),
    },
  ];

  test('is in the ledger like any object, and the same input counts once', async () => {
    expect((await run(input(logs(1, 2)))).rowCount).toBe(2);
    expect((await run(input(logs(1, 2)))).rowCount).toBe(0);
    expect((await run(input(logs(3)))).rowCount).toBe(1);
    expect(await ledger()).toEqual([
      ['stdin:', 'loaded', 2],
      ['stdin:', 'loaded', 1],
    ]);
    expect(await ports()).toEqual([1, 2, 3]);
    expect(readdirSync(join(lake, '.flowproof', 'scratch'))).toEqual([]);
  });

  test('that holds nothing known is refused', async () => {
    expect((await run(input(''))).damaged).toMatchObject([{ uri: 'stdin:', status: 'refused' }]);
  });
});
