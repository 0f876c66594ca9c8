/** `engine: trino` over a lake in S3, by the built command: its packs and answers are DuckDB's. */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { openDatabase } from '../../src/database.ts';
import { duckdbEngine } from '../../src/engines/duckdb.ts';
import { createLakeViews } from '../../src/lake.ts';
import { openStore } from '../../src/remote-lake/object-store.ts';
import { parsePlace } from '../../src/remote-lake/place.ts';
import { refreshCopy } from '../../src/remote-lake/refresh.ts';
import { TABLES } from '../../src/tables.ts';
import { ENDPOINT, makeBucket, REGION } from './aws.ts';
import { createMachine, type Machine, SAMPLES } from './flowproof.ts';
import { sorted } from './trino-lake.ts';
import { startTrino, type TrinoServer } from './trino-server.ts';

const BUCKET = 'trino-engine-example';
// A day, as each takes a minute.
const SOURCES = {
  flow_logs: [{ files: [join(SAMPLES, 'logs/**/2026/11/03/*.log.gz')] }],
  ips_events: [{ files: [join(SAMPLES, 'ips/**/*')] }],
  inventory: [{ files: [join(SAMPLES, 'inventory/**/*.json')] }],
};

let server: TrinoServer;

beforeAll(async () => {
  const { FLOWPROOF_TEST_PYTHON: interpreter, FLOWPROOF_TEST_TRINO: home } = process.env;
  if (!interpreter || !home) {
    throw new Error('FLOWPROOF_TEST_TRINO is missing: use "npm run test:integration"');
  }
  await makeBucket(BUCKET);
  const scratch = mkdtempSync(join(tmpdir(), 'flowproof-trino-'));
  server = await startTrino(home, interpreter, scratch, {
    s3: { endpoint: ENDPOINT, region: REGION },
  });
}, 180_000);
afterAll(async () => await server?.stop());

/** A machine over a lake of the bucket, with a copy of its own. */
const machine = (lake: string, changes: Record<string, unknown> = {}): Machine =>
  createMachine({
    ...parse(readFileSync(join(SAMPLES, 'flowproof.yaml'), 'utf8')),
    output: 'evidence',
    exceptions: undefined,
    // A third of the reports: trino.test.ts asks each of them.
    pack: 'iso-27001-2022',
    sources: SOURCES,
    ...{ lake: `s3://${BUCKET}/${lake}`, lake_region: REGION, lake_copy: 'copy' },
    ...changes,
  });

/** The files of the one pack that were made of rows, by name. */
function csvFiles(folder: string): Record<string, string> {
  const [pack = ''] = readdirSync(join(folder, 'evidence'));
  const path = join(folder, 'evidence', pack);
  const names = readdirSync(path).filter((name) => name.endsWith('.csv'));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(path, name), 'utf8')]));
}

const trino = () => ({
  engine: 'trino',
  trino: { url: server.url, catalog: 'lake', schema: 'samples' },
});

describe('engine: trino', () => {
  const LOCAL = { lake: 'lake', lake_region: undefined, lake_copy: undefined };
  const duckdb = machine('', LOCAL);
  let other: Machine;

  test('makes the pack that DuckDB makes', async () => {
    const [local, remote] = await Promise.all([
      duckdb.flowproof('run', '--quiet'),
      (async () => {
        other = machine('trino', trino());
        return await other.flowproof('run');
      })(),
    ]);
    expect(local).toMatchObject({ exitCode: 0, stderr: '' });
    expect(remote).toMatchObject({ exitCode: 0 });
    expect(remote.stdout).toMatch(/^Scanned +[1-9]/m);
    const made = csvFiles(other.folder);
    expect(Object.keys(made).length).toBeGreaterThan(10);
    expect(made).toEqual(csvFiles(duckdb.folder));
    const [pack = ''] = readdirSync(join(other.folder, 'evidence'));
    const manifest = readFileSync(join(other.folder, 'evidence', pack, 'manifest.json'), 'utf8');
    expect(JSON.parse(manifest)).toMatchObject({ tool: { engine: 'Trino 470' } });
  }, 600_000);

  test('makes the tables that DuckDB makes, row for row', async () => {
    const [one, two] = await Promise.all([openDatabase(), openDatabase()]);
    const copy = mkdtempSync(join(tmpdir(), 'copy-'));
    const place = parsePlace(`s3://${BUCKET}/trino`, {
      region: REGION,
      roleArn: undefined,
      place: 'test',
    });
    await refreshCopy(await openStore(place), place, copy);
    await createLakeViews(one.connection, join(duckdb.folder, 'lake'));
    await createLakeViews(two.connection, copy);
    const derived = TABLES.filter(({ layer }) => layer !== 'ingest');
    let filled = 0;
    for (const { name } of derived) {
      const [expected, found] = await Promise.all(
        [one, two].map(async ({ connection }) =>
          sorted(await duckdbEngine(connection).run(`select * from ${name}`)),
        ),
      );
      expect({ name, ...found }).toEqual({ name, ...expected });
      if (expected && expected.rows.length > 0) filled += 1;
    }
    expect(filled).toBeGreaterThan(derived.length - 12);
    for (const database of [one, two]) database.close();
  });

  test('does nothing again that was done', async () => {
    const { exitCode, stdout } = await other.flowproof('enrich');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('(0 recomputed)');
  });

  test('leaves a lake that DuckDB reads, and goes on with', async () => {
    const third = machine('trino');
    expect(await third.flowproof('run', '--quiet')).toMatchObject({ exitCode: 0, stderr: '' });
    const { 'review.csv': _, ...expected } = csvFiles(duckdb.folder);
    expect(csvFiles(third.folder)).toMatchObject(expected);
  }, 120_000);
});
