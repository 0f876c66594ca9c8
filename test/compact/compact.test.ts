/** Compaction: fewer files, the same rows, and nothing that was made of them made again. */
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CompactOptions, type CompactResult, compact } from '../../src/compact/compact.ts';
import { compactText } from '../../src/compact/compact-text.ts';
import { mergeFiles } from '../../src/compact/merge-files.ts';
import { readConfig } from '../../src/config.ts';
import { openDatabase, readRows } from '../../src/database.ts';
import { createLakeViews } from '../../src/lake.ts';
import { isOfBatches, writtenFiles } from '../../src/lake-files.ts';
import { askLake } from '../../src/serve/ask-lake.ts';
import { findTable, TABLES } from '../../src/tables.ts';
import {
  countByPattern,
  hashesOf,
  hoursOf,
  ingestHours,
  rowsOf,
  runAt,
  writeConfig,
  writeHour,
} from './hourly-lake.ts';

const DAY = 86_400_000;
const RUNS = 2;
/** 8 November: the days 1 to 5 are closed, 6 and 7 are not. */
const NOW = new Date(Date.UTC(2026, 10, 8, 12));
const DAYS = [2, 3, 7];
const CLOSED = 2;

let base = '';
let expected: Record<string, string[]>;

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'flowproof-compact-'));
  const config = writeConfig(base);
  await ingestHours(base, config, hoursOf(DAYS, RUNS));
  await runAt(config, NOW, ['enrich']);
  expected = await rowsOf(join(base, 'lake'));
  expect(expected.flow).toHaveLength(4 * DAYS.length * RUNS);
  expect(expected.ips_event).toHaveLength(DAYS.length * RUNS);
  expect(expected.rejected_record).toHaveLength(DAYS.length * RUNS);
});

afterAll(() => rmSync(base, { recursive: true }));

/** A copy of the lake, and its configuration. */
function copyLake(name: string): { lake: string; config: string } {
  const lake = join(base, name);
  cpSync(join(base, 'lake'), lake, { recursive: true });
  return { lake, config: writeConfig(base, '', name) };
}

const compactAt = (
  lake: string,
  now: Date,
  more: Partial<CompactOptions> = {},
): Promise<CompactResult> =>
  compact({ lake, now, olderThanDays: 2, onProgress: () => {}, ...more });

const filesOf = (lake: string, table: string): string[] =>
  readdirSync(join(lake, table), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.parquet'));

/** Hashes of the files that enrichment made. */
const derivedOf = (lake: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(hashesOf(lake)).filter(([name]) => name.endsWith('/data.parquet')),
  );

test('merges the files of closed days, and a reader finds every row as before, at every moment', async () => {
  const { lake, config } = copyLake('whole');
  const derived = derivedOf(lake);
  const byPattern = await countByPattern(lake);
  const first = await compactAt(lake, NOW);
  const sizes = new Map(first.tables.map((one) => [one.table, one]));
  // Of the three days two are closed: of their files, one a day is left.
  for (const table of ['flow', 'flow_status', 'ips_event', 'source_object', 'run']) {
    const size = sizes.get(table);
    // A run has two batches, one of them of the inventory; the run that enriched is of no closed day.
    const closed = (table === 'source_object' ? 2 : 1) * CLOSED * RUNS;
    const files = (closed / CLOSED) * DAYS.length + (table === 'run' ? 1 : 0);
    expect([table, size?.before.fileCount, size?.after.fileCount]).toEqual([
      table,
      files,
      files - closed + CLOSED,
    ]);
    expect(size?.after.sizeBytes).toBeLessThan(size?.before.sizeBytes ?? 0);
  }
  expect(await rowsOf(lake)).toEqual(expected);
  expect(await countByPattern(lake)).toEqual(byPattern);
  expect(first.waiting.fileCount).toBeGreaterThan(8 * CLOSED * RUNS);
  expect(first.removed.fileCount).toBe(0);
  // Nothing is read or joined again.
  const again = await runAt(config, NOW, ['ingest', 'enrich']);
  expect(again.ingest).toMatchObject({ objectCount: 0, rowCount: 0 });
  expect(again.enrich?.rebuiltDayCount).toBe(0);
  expect(derivedOf(lake)).toEqual(derived);

  // Within the time of grace nothing more happens.
  const before = hashesOf(lake);
  const second = await compactAt(lake, new Date(NOW.getTime() + DAY - 1));
  expect(second).toMatchObject({ tables: [], removed: { fileCount: 0 }, waiting: first.waiting });
  expect(hashesOf(lake)).toEqual(before);

  const third = await compactAt(lake, new Date(NOW.getTime() + DAY));
  expect(third).toMatchObject({ tables: [], removed: first.waiting, waiting: { fileCount: 0 } });
  expect((await rowsOf(lake)).flow).toEqual(expected.flow);
  expect(await countByPattern(lake)).toEqual({ ...byPattern, run: (byPattern.run ?? 0) + 1 });
  expect(filesOf(lake, 'flow')).toHaveLength(CLOSED + RUNS);
  expect((await runAt(config, NOW, ['enrich'])).enrich?.rebuiltDayCount).toBe(0);

  await compactAt(lake, new Date(NOW.getTime() + 2 * DAY - 1), { olderThanDays: 3 });
  const settled = hashesOf(lake);
  await compactAt(lake, new Date(NOW.getTime() + 2 * DAY - 1), { olderThanDays: 3 });
  expect(hashesOf(lake)).toEqual(settled);
});

test('a reader that opened the old files finishes, also while the next run removes what went before', async () => {
  const { lake } = copyLake('readers');
  const database = await openDatabase();
  const late = await openDatabase();
  const count = async (reader: typeof database): Promise<unknown> =>
    (await readRows(reader.connection, 'select count(distinct flow_id) as n from flow'))[0]?.n;
  const flows = BigInt(expected.flow?.length ?? 0);
  try {
    await createLakeViews(database.connection, lake);
    await compactAt(lake, NOW);
    expect(await count(database)).toBe(flows);
    await createLakeViews(late.connection, lake);
    await compactAt(lake, new Date(NOW.getTime() + DAY));
    // This one began before the files were removed: where it found the merged ones, they still are.
    expect(await count(late)).toBe(flows);
    // A day later they have left that place, and every file is in the folder of its table.
    await compactAt(lake, new Date(NOW.getTime() + 2 * DAY), { olderThanDays: 4 });
    expect(filesOf(join(lake, '.flowproof'), 'merged')).toEqual([]);
    expect((await rowsOf(lake)).flow).toEqual(expected.flow);
  } finally {
    database.close();
    late.close();
  }
});

test('day by day or at once, late data or not, the same rows end in the same bytes', async () => {
  const daily = copyLake('daily').lake;
  const once = copyLake('once').lake;
  for (const day of [5, 6, 7, 10, 11, 12, 20, 33, 34, 35, 36]) {
    await compactAt(daily, new Date(Date.UTC(2026, 10, day, 12)));
  }
  for (const day of [33, 34, 35]) {
    await compactAt(once, new Date(Date.UTC(2026, 10, day, 12)));
  }
  const tables = (lake: string): Record<string, string> =>
    Object.fromEntries(Object.entries(hashesOf(lake)).filter(([name]) => !name.startsWith('.')));
  expect(tables(daily)).toEqual(tables(once));
  // What has no partition ends in one file a month.
  for (const table of ['source_object', 'inventory_item', 'rejected_record', 'run']) {
    expect([table, filesOf(daily, table)]).toEqual([table, [expect.stringMatching(/^merged_/)]]);
  }
  expect(filesOf(daily, 'flow')).toHaveLength(DAYS.length);
  expect(await rowsOf(daily)).toEqual(expected);
});

test('what comes later for a merged day joins it, and the day is of files as if nothing was merged', async () => {
  const { lake, config } = copyLake('late');
  const plain = copyLake('late-plain');
  const atOnce = (): Promise<CompactResult> => compactAt(lake, NOW, { graceHours: 0 });
  await atOnce();
  await atOnce();
  writeHour(base, new Date(Date.UTC(2026, 10, 3, 23)));
  for (const one of [config, plain.config]) {
    expect((await runAt(one, NOW, ['ingest'])).ingest?.objectCount).toBe(3);
  }
  const ofDay = (): string[] => filesOf(lake, 'flow').filter((name) => name.includes('11-03'));
  expect(ofDay()).toHaveLength(2);
  await atOnce();
  await atOnce();
  await atOnce();
  expect(ofDay()).toHaveLength(1);
  for (const table of TABLES.filter((one) => isOfBatches(one))) {
    const found = await writtenFiles(lake, table);
    expect(found).toEqual(expect.arrayContaining(await writtenFiles(join(base, 'lake'), table)));
    expect(found).toHaveLength((await writtenFiles(plain.lake, table)).length);
  }
  const [found, wanted] = [await rowsOf(lake), await rowsOf(plain.lake)];
  expect(found.flow).toEqual(wanted.flow);
  expect(found.source_object).toHaveLength(wanted.source_object?.length ?? 0);
});

test('--all merges the days that are not closed too', async () => {
  const { lake } = copyLake('all');
  const { tables } = await compactAt(lake, NOW, { olderThanDays: undefined });
  expect(tables.find(({ table }) => table === 'flow')?.after.fileCount).toBe(DAYS.length);
  expect(tables.find(({ table }) => table === 'run')?.after.fileCount).toBe(1);
  expect(await rowsOf(lake)).toEqual(expected);
});

test('a lake that was copied without its record of merged files is refused, not read in part', async () => {
  const { lake } = copyLake('torn');
  await compactAt(lake, NOW, { graceHours: 0 });
  await compactAt(lake, NOW, { graceHours: 0 });
  rmSync(join(lake, '.flowproof', 'files.json'));
  await expect(rowsOf(lake)).rejects.toMatchObject({
    code: 'LAKE_UNUSABLE',
    problem: expect.stringContaining('.flowproof/files.json'),
  });
});

test('files that it writes are for their owner alone', async () => {
  const { lake } = copyLake('modes');
  await compactAt(lake, NOW);
  const merged = join(lake, '.flowproof', 'merged');
  const names = [...filesOf(join(lake, '.flowproof'), 'merged').map((name) => join(merged, name))];
  expect(names.length).toBeGreaterThan(5);
  for (const name of [...names, join(lake, '.flowproof', 'files.json')]) {
    expect([name, statSync(name).mode & 0o777]).toEqual([name, 0o600]);
  }
});

describe('merging files', () => {
  test('keeps columns that this version does not know, and rows that are equal', async () => {
    const database = await openDatabase();
    const folder = mkdtempSync(join(tmpdir(), 'flowproof-merge-'));
    try {
      const { connection } = database;
      const file = (name: string): string => join(folder, `${name}.parquet`);
      await connection.run(
        `copy (select 'o' as object_id, 'a' as reason, 7 as z_new from range(3)) to '${file('a')}'`,
      );
      await connection.run(`copy (select 'o' as object_id, 'b' as reason) to '${file('b[1]')}'`);
      const files = [file('a'), file('b[1]')];
      const table = findTable('rejected_record');
      expect(await mergeFiles(connection, table, files, file('out'), ['a', 'b'])).toBe(4);
      expect(
        (await connection.runAndReadAll(`from read_parquet('${file('out')}')`)).getRows(),
      ).toEqual([
        ['o', 'a', 7],
        ['o', 'a', 7],
        ['o', 'a', 7],
        ['o', 'b', null],
      ]);
    } finally {
      database.close();
      rmSync(folder, { recursive: true });
    }
  });

  test('of a hundred thousand rows and more gives the same bytes on one thread and on many', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flowproof-bytes-'));
    const hashes: unknown[] = [];
    try {
      for (const threads of [1, 4, 4]) {
        const database = await openDatabase();
        const { connection } = database;
        await connection.run(`set threads = ${threads}`);
        for (const part of [0, 1, 2]) {
          await connection.run(
            `copy (select 'o${part}' as object_id, range as line_number, to_timestamp(1793491200 + hash(range) % 86400)::timestamp as start_at,
               '10.0.0.' || range % 250 as srcaddr from range(120000) order by hash(range + ${threads}))
             to '${join(folder, `${part}.parquet`)}' (format parquet)`,
          );
        }
        const name = `out-${hashes.length}.parquet`;
        const target = join(folder, name);
        const files = [0, 1, 2].map((part) => join(folder, `${part}.parquet`));
        await mergeFiles(connection, findTable('flow'), files, target, ['x']);
        hashes.push(hashesOf(folder)[name]);
        database.close();
      }
      expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
      expect(new Set(hashes).size).toBe(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('the text says files and bytes of each table before and after', () => {
  const text = compactText(
    {
      tables: [
        {
          table: 'flow',
          before: { fileCount: 1234, sizeBytes: 5_600_000 },
          after: { fileCount: 1, sizeBytes: 900_000 },
        },
        {
          table: 'ips_event',
          before: { fileCount: 2, sizeBytes: 2000 },
          after: { fileCount: 1, sizeBytes: 1200 },
        },
      ],
      removed: { fileCount: 3, sizeBytes: 10 },
      waiting: { fileCount: 1234, sizeBytes: 5_600_000 },
    },
    24,
  );
  expect(text).toBe(
    [
      'Merged    flow       1,234 files (5.6 MB) -> 1 file (900 kB)',
      '          ips_event  2 files (2 kB) -> 1 file (2 kB)',
      'Removed   3 files (1 kB), merged before',
      'Waiting   1,234 files (5.6 MB): readers may have them open; a compaction 24 hours from now removes them',
      '',
    ].join('\n'),
  );
});

test('ad-hoc SQL reads merged files while those that they stand for are there', async () => {
  const { lake, config } = copyLake('asked');
  await compactAt(lake, NOW);
  const output = new PassThrough();
  const text = textOf(output);
  const ask = askLake(readConfig(config));
  await ask({
    sql: 'select count(*) as n from flow',
    format: 'csv',
    output,
    signal: new AbortController().signal,
  });
  output.end();
  expect(await text).toBe(`n\r\n${expected.flow?.length}\r\n`);
});
