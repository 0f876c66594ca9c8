/**
 * The queries of `queries/` on a real Trino: over the lake of the samples, which DuckDB made, each says
 * what DuckDB says, row for row.
 */
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { listOf, PACKAGE_ROOT, type QueryFile, readLayer } from '../../src/query-file.ts';
import { TABLES } from '../../src/tables.ts';
import { openTrinoLake, sorted, type TrinoLake } from './trino-lake.ts';
import { stepsOfDay, storeStep } from './trino-steps.ts';

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

describe.each(['packs', 'status'] as const)('%s', (layer) => {
  test.each(readLayer(layer).map((file) => [file.name, file] as const))('%s', async (_, file) => {
    const parameters = parametersOf(file);
    const expected = await lake.duckdb.run(file.text, parameters);
    expect(await trino.run(file.text, parameters)).toEqual(expected);
  });
});

test.each(readLayer('parts').map((file) => [file.name, file] as const))(
  'part %s',
  async (_, file) => {
    const expected = await lake.duckdb.run(file.text, parametersOf(file));
    expect(sorted(await trino.run(file.text, parametersOf(file)))).toEqual(sorted(expected));
  },
);

/** Each reads what those before it left on the same engine: only the tables of ingest come from DuckDB. */
describe('the steps of enrichment, of one day', () => {
  const config = readConfig(join(PACKAGE_ROOT, 'samples', 'flowproof.yaml'));
  let steps: Engine;

  beforeAll(async () => {
    steps = await lake.openSchema('steps', ({ layer }) => layer === 'ingest');
  });

  test.each(
    stepsOfDay(config, '2026-11-02').map((step, place) => [step.name, place, step] as const),
  )('%s (%i)', async (name, _, step) => {
    await storeStep(lake.duckdb, step);
    await storeStep(steps, step);
    const rows = `select * from ${name}`;
    expect(sorted(await steps.run(rows))).toEqual(sorted(await lake.duckdb.run(rows)));
  });
});

test('what is asked about is there: most reports have rows', async () => {
  const counts = await Promise.all(
    readLayer('reports').map(
      async (file) => (await lake.duckdb.run(file.text, PERIOD)).rows.length,
    ),
  );
  expect(counts.filter((count) => count > 0).length).toBeGreaterThan(25);
});
