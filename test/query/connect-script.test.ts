import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectScript } from '../../src/query/connect-script.ts';
import { TABLES } from '../../src/tables.ts';
import { openSampleLake, type SampleLake } from '../sample-lake.ts';

let sample: SampleLake;

beforeAll(async () => {
  sample = await openSampleLake();
}, 240_000);

afterAll(() => sample?.close());

test('a bare DuckDB sees every table with the same rows, and what it means', async () => {
  const script = await connectScript(sample.lake);
  const instance = await DuckDBInstance.create(':memory:');
  const bare = await instance.connect();
  // A program splits a script by itself; the driver takes it whole.
  await bare.run(script);
  const count = async (connection: typeof bare, table: string): Promise<unknown> =>
    (await connection.runAndReadAll(`select count(*) from "${table}"`)).getRows()[0]?.[0];
  for (const { name } of TABLES) {
    const expected = await count(sample.database.connection, name);
    expect([name, await count(bare, name)]).toEqual([name, expected]);
  }
  const [described] = (
    await bare.runAndReadAll(
      "select comment from duckdb_views() where view_name = 'flow' union all select comment from duckdb_columns() where table_name = 'flow' and column_name = 'srcaddr'",
    )
  ).getRows();
  expect(described?.[0]).toBe(TABLES.find(({ name }) => name === 'flow')?.description);
  bare.closeSync();
  instance.closeSync();
}, 120_000);
