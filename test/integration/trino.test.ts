/**
 * The queries of `queries/` on a real Trino: over the lake of the samples, which DuckDB made, each says
 * what DuckDB says, row for row.
 */
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compact } from '../../src/compact/compact.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { rawColumns, rawSelect, rawTableName } from '../../src/engines/raw-flow-logs.ts';
import { readS3FlowLogs } from '../../src/engines/raw-script.ts';
import { FLOW_LOG_FIELDS } from '../../src/flow-log-fields.ts';
import { listOf, PACKAGE_ROOT, type QueryFile, readLayer } from '../../src/query-file.ts';
import { TABLES } from '../../src/tables.ts';
import { openTrinoLake, sorted, type TrinoLake } from './trino-lake.ts';

const PERIOD = { period_start: '2026-11-02T00:00:00Z', period_end: '2026-11-04T00:00:00Z' };

let lake: TrinoLake;
let trino: Engine;

beforeAll(async () => {
  lake = await openTrinoLake();
  trino = await lake.openSchema('samples', () => true);
}, 180_000);
afterAll(async () => await lake?.close());

const parametersOf = (file: QueryFile) => (listOf(file.header.parameters).length > 0 ? PERIOD : {});

describe('the tables of the lake', () => {
  test.each(TABLES.map(({ name }) => name))('%s', async (name) => {
    const statement = `select * from ${name}`;
    expect(sorted(await trino.run(statement))).toEqual(sorted(await lake.duckdb.run(statement)));
  });

  test('leave out files that the ledger does not know', async () => {
    const folder = join(lake.samples.lake, 'flow', 'flow_date=2026-11-02');
    const [file = ''] = readdirSync(folder);
    const stray = join(folder, 'unknown-0.parquet');
    const count = async (table: string) =>
      (await trino.run(`select count(*) from ${table}`)).rows[0]?.[0];
    const before = [await count('flow'), await count('flow_files')];
    cpSync(join(folder, file), stray);
    const after = [await count('flow'), await count('flow_files')];
    rmSync(stray);
    expect(after[0]).toBe(before[0]);
    expect(Number(after[1])).toBeGreaterThan(Number(before[1]));
  });
});

describe('a lake that was compacted', () => {
  const NAMES = ['source_object', 'flow', 'flow_status', 'ips_event', 'rejected_record'];
  const folder = join(mkdtempSync(join(tmpdir(), 'compacted-')), 'lake');
  const now = new Date('2026-12-01T00:00:00Z');

  // Files that were merged stay for a day for those who read them, and go with the next compaction.
  test.each([
    ['while the merged files are there', 'during', now],
    ['once they are gone', 'after', new Date(now.getTime() + 2 * 86_400_000)],
  ])('has its rows once: %s', async (_, schema, at) => {
    if (schema === 'during') cpSync(lake.samples.lake, folder, { recursive: true });
    await compact({ lake: folder, now: at, olderThanDays: undefined, onProgress: () => {} });
    const engine = await lake.openSchema(schema, ({ name }) => NAMES.includes(name), folder);
    for (const name of NAMES) {
      const count = `select count(*) as row_count from ${name}`;
      expect({ name, ...(await engine.run(count)) }).toEqual({
        name,
        ...(await lake.duckdb.run(count)),
      });
    }
  });
});

describe('reports', () => {
  test.each(readLayer('reports').map((file) => [file.name, file] as const))(
    '%s',
    async (_, file) => {
      const parameters = parametersOf(file);
      const expected = await lake.duckdb.run(file.text, parameters);
      expect(await trino.run(file.text, parameters)).toEqual(expected);
    },
  );
});

describe('status', () => {
  test.each(readLayer('status').map((file) => [file.name, file] as const))(
    '%s',
    async (_, file) => {
      const parameters = parametersOf(file);
      const expected = await lake.duckdb.run(file.text, parameters);
      expect(await trino.run(file.text, parameters)).toEqual(expected);
    },
  );
});

test('differences of times are exact to the microsecond', async () => {
  const statement = `select seconds_between(cast(first_at as timestamp), cast(last_at as timestamp))
    from (values ('2026-11-02 00:34:05', '2026-11-02 00:35:35.794589'),
      ('2026-11-02 00:34:05.999999', '2026-11-02 00:34:06'),
      ('2026-11-02 00:34:06.25', '2026-10-31 23:34:05.000001')) as moments (first_at, last_at)`;
  const { rows } = await trino.run(statement);
  expect(rows).toEqual([[90.794589], [0.000001], [-90001.249999]]);
  expect(await lake.duckdb.run(statement)).toMatchObject({ rows });
});

/** The view that Athena gets, over tables as Trino writes them: Athena alone finds the days by itself. */
test('raw flow logs, read in place, are the rows that ingest made of them', async () => {
  const flowLogs = await readS3FlowLogs(lake.samples.lake);
  const texts = flowLogs.filter(({ file_format }) => file_format === 'plain-text');
  expect(texts).toHaveLength(2);
  const columns = `${FLOW_LOG_FIELDS.map(({ column }) => column).join(', ')}, flow_date`;
  for (const flowLog of texts) {
    const folder = mkdtempSync(join(tmpdir(), 'raw-'));
    const logs = join(PACKAGE_ROOT, 'samples', 'logs');
    // A damaged object ends a query: nobody would go on after it.
    const { rows: sound } = await lake.duckdb.run(
      `select uri from source_object where flow_log_id = '${flowLog.flow_log_id}' and status = 'loaded' and uri like '%.log.gz'`,
    );
    const names = new Set(sound.map(([uri]) => basename(String(uri))));
    for (const file of readdirSync(logs, { recursive: true, encoding: 'utf8' })) {
      if (names.has(basename(file))) cpSync(join(logs, file), join(folder, basename(file)));
    }
    const types: Record<string, string> = { string: 'varchar', int: 'integer' };
    const definitions = rawColumns(flowLog).map(
      ({ name, type }) => `"${name}" ${types[type] ?? type}`,
    );
    await trino.runOwn(
      `create table ${rawTableName(flowLog)} (${definitions.join(', ')}) with (external_location = 'file://${folder}', format = 'TEXTFILE', textfile_field_separator = ' ', skip_header_line_count = 1)`,
    );
    const found = await trino.runOwn(`select ${columns} from (${rawSelect(flowLog)})`);
    const expected = await lake.duckdb.run(
      `select ${columns} from flow where object_id in (select object_id from source_object where flow_log_id = '${flowLog.flow_log_id}' and status = 'loaded')`,
    );
    expect(expected.rows.length).toBeGreaterThan(500);
    const there = new Set(sorted(found).rows);
    expect(sorted(expected).rows.filter((row) => !there.has(row))).toEqual([]);
    // Lines that ingest refuses are rows here, with what could be read of them: nobody looked.
    const { rows: refused } = await lake.duckdb.run(
      `select count(*) from rejected_record where object_id in (select object_id from source_object where flow_log_id = '${flowLog.flow_log_id}' and status = 'loaded')`,
    );
    expect(found.rows.length - expected.rows.length).toBe(refused[0]?.[0]);
  }
});

test('what is asked about is there: most reports have rows', async () => {
  const counts = await Promise.all(
    readLayer('reports').map(
      async (file) => (await lake.duckdb.run(file.text, PERIOD)).rows.length,
    ),
  );
  expect(counts.filter((count) => count > 0).length).toBeGreaterThan(25);
});
