/**
 * Every report on both engines over a lake of generated flows: `TRINO_FLOWS=10000000 npm run test:integration
 * trino-generated`. What it took goes to the file that `TRINO_FIGURES` names, for `npm run sizing`. Takes minutes, and so
 * is left out without the variable.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareLake } from '../../scripts/bench/enrich-lake.ts';
import type { ReportFigures, SizeFigures } from '../../scripts/sizing-figures.ts';
import { openDatabase } from '../../src/database.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { createLakeViews } from '../../src/lake.ts';
import { tableFiles } from '../../src/lake-files.ts';
import { PACKAGE_ROOT, readLayer } from '../../src/query-file.ts';
import { TABLES } from '../../src/tables.ts';
import { openTrinoLake, type TrinoLake } from './trino-lake.ts';

const ROWS = Number(process.env.TRINO_FLOWS ?? 0);
/** The flows are of so many days in a row. */
const DAYS = Number(process.env.TRINO_DAYS ?? 1);
const PERIOD = { period_start: '2026-11-01T00:00:00Z', period_end: '2026-12-01T00:00:00Z' };

describe.skipIf(ROWS === 0)(`reports over ${ROWS} flows of ${DAYS} days`, () => {
  let lake: TrinoLake;
  let trino: Engine;
  const reports: ReportFigures[] = [];
  let enrichSeconds = 0;
  let tableBytes: Record<string, number> = {};

  beforeAll(async () => {
    const { lake: folder, config } = await prepareLake({ rows: ROWS, seed: 1, days: DAYS });
    const program = join(PACKAGE_ROOT, 'dist', 'cli.js');
    const start = performance.now();
    await promisify(execFile)(process.execPath, [program, 'enrich', '--quiet', '--config', config]);
    enrichSeconds = (performance.now() - start) / 1000;
    tableBytes = await sizesOf(folder);
    const open = async () => {
      const database = await openDatabase();
      await createLakeViews(database.connection, folder);
      return { database, lake: folder, close: () => database.close() };
    };
    lake = await openTrinoLake(open, join(dirname(folder), 'flowproof.yaml'));
    trino = await lake.openSchema('generated', () => true);
  }, 3_600_000);
  afterAll(async () => {
    await lake?.close();
    const figures: SizeFigures = { flows: ROWS, days: DAYS, enrichSeconds, tableBytes, reports };
    const file = process.env.TRINO_FIGURES;
    if (file) writeFileSync(file, `${JSON.stringify(figures, null, 2)}\n`);
  });

  test.each(readLayer('reports').map((file) => [file.name, file] as const))(
    '%s',
    async (name, file) => {
      const start = performance.now();
      const expected = await lake.duckdb.run(file.text, PERIOD);
      const middle = performance.now();
      const before = lake.scanned.bytes;
      const found = await trino.run(file.text, PERIOD);
      const scannedBytes = lake.scanned.bytes - before;
      const duckdbSeconds = (middle - start) / 1000;
      const trinoSeconds = (performance.now() - middle) / 1000;
      reports.push({ name, rows: expected.rows.length, duckdbSeconds, trinoSeconds, scannedBytes });
      process.stdout.write(
        `${name}: DuckDB ${duckdbSeconds.toFixed(1)} s, Trino ${trinoSeconds.toFixed(1)} s, ${(scannedBytes / 1e6).toFixed(1)} MB\n`,
      );
      expect(found).toEqual(expected);
    },
    600_000,
  );
});

/** Bytes of the files of each table. */
async function sizesOf(folder: string): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const table of TABLES) {
    const files = await tableFiles(folder, table);
    const bytes = await Promise.all(files.map(async (file) => (await stat(file)).size));
    if (files.length > 0) sizes[table.name] = bytes.reduce((sum, one) => sum + one, 0);
  }
  return sizes;
}
