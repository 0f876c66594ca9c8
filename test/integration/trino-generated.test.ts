/**
 * Every report on both engines over a lake of generated flows: `TRINO_FLOWS=10000000 npm run
 * test:integration trino-generated`. Prints how long each took. Takes minutes, and so is left out
 * without the variable.
 */
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareLake } from '../../scripts/bench/enrich-lake.ts';
import { openDatabase } from '../../src/database.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { createLakeViews } from '../../src/lake.ts';
import { PACKAGE_ROOT, readLayer } from '../../src/query-file.ts';
import { openTrinoLake, type TrinoLake } from './trino-lake.ts';

const ROWS = Number(process.env.TRINO_FLOWS ?? 0);
const PERIOD = { period_start: '2026-11-01T00:00:00Z', period_end: '2026-12-01T00:00:00Z' };

describe.skipIf(ROWS === 0)(`reports over ${ROWS} flows`, () => {
  let lake: TrinoLake;
  let trino: Engine;

  beforeAll(async () => {
    const { lake: folder, config } = await prepareLake({ rows: ROWS, seed: 1 });
    const program = join(PACKAGE_ROOT, 'dist', 'cli.js');
    await promisify(execFile)(process.execPath, [program, 'enrich', '--quiet', '--config', config]);
    const open = async () => {
      const database = await openDatabase();
      await createLakeViews(database.connection, folder);
      return { database, lake: folder, close: () => database.close() };
    };
    lake = await openTrinoLake(open, join(dirname(folder), 'flowproof.yaml'));
    trino = await lake.openSchema('generated', () => true);
  }, 3_600_000);
  afterAll(async () => await lake?.close());

  test.each(readLayer('reports').map((file) => [file.name, file] as const))(
    '%s',
    async (name, file) => {
      const start = performance.now();
      const expected = await lake.duckdb.run(file.text, PERIOD);
      const middle = performance.now();
      const found = await trino.run(file.text, PERIOD);
      const seconds = [middle - start, performance.now() - middle].map((ms) =>
        (ms / 1000).toFixed(1),
      );
      process.stdout.write(`${name}: DuckDB ${seconds[0]} s, Trino ${seconds[1]} s\n`);
      expect(found).toEqual(expected);
    },
    600_000,
  );
});
