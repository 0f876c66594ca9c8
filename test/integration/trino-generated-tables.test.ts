/**
 * Every derived table on both engines over generated flows: `TRINO_TABLE_FLOWS=10000000 npm run test:integration
 * trino-generated-tables`. Takes minutes, and so is left out without the variable.
 */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { prepareLake } from '../../scripts/bench/enrich-lake.ts';
import type { ConfigFile } from '../../src/config-schema.ts';
import { type Database, openDatabase, readRows } from '../../src/database.ts';
import { createLakeViews } from '../../src/lake.ts';
import { openStore } from '../../src/remote-lake/object-store.ts';
import { parsePlace } from '../../src/remote-lake/place.ts';
import { refreshCopy } from '../../src/remote-lake/refresh.ts';
import { TABLES } from '../../src/tables.ts';
import { ENDPOINT, makeBucket, REGION } from './aws.ts';
import { createMachine } from './flowproof.ts';
import { startTrino, type TrinoServer } from './trino-server.ts';

const ROWS = Number(process.env.TRINO_TABLE_FLOWS ?? 0);
const BUCKET = 'trino-generated-example';
const LAKE = `s3://${BUCKET}/lake`;

describe.skipIf(ROWS === 0)(`tables of ${ROWS} flows`, () => {
  let server: TrinoServer;
  let duckdb: Database;
  let trino: Database;

  beforeAll(async () => {
    const { FLOWPROOF_TEST_PYTHON: interpreter, FLOWPROOF_TEST_TRINO: home } = process.env;
    if (!interpreter || !home) {
      throw new Error('FLOWPROOF_TEST_TRINO is missing: use "npm run test:integration"');
    }
    const { config } = await prepareLake({ rows: ROWS, seed: 1 });
    const local = parse(readFileSync(config, 'utf8')) as ConfigFile;
    const absolute = (paths: readonly string[] = []) =>
      paths.map((path) => join(dirname(config), path));
    const { flow_logs = [], ips_events = [], inventory = [] } = local.sources;
    const sources = {
      flow_logs,
      ips_events: ips_events.map((source) => ({ ...source, files: absolute(source.files) })),
      inventory: inventory.map((source) => ({ ...source, files: absolute(source.files) })),
    };
    await makeBucket(BUCKET);
    const scratch = mkdtempSync(join(tmpdir(), 'flowproof-trino-'));
    const s3 = { endpoint: ENDPOINT, region: REGION };
    server = await startTrino(home, interpreter, scratch, { s3, isLarge: true });
    const shared = { ...local, lake: LAKE, lake_region: REGION, lake_copy: 'copy', sources };
    const ingesting = createMachine(shared);
    const enriching = createMachine({
      ...shared,
      engine: 'trino',
      trino: { url: server.url, catalog: 'lake', schema: 'generated' },
    });
    const alone = createMachine({ ...local, sources });
    await timed('ingest', () => alone.flowproof('ingest', '--quiet'));
    await timed('DuckDB enriches', () => alone.flowproof('enrich', '--quiet'));
    await timed('ingest into S3', () => ingesting.flowproof('ingest', '--quiet'));
    await timed('Trino enriches', () => enriching.flowproof('enrich', '--quiet'));
    duckdb = await openTables(join(alone.folder, 'lake'));
    const place = parsePlace(LAKE, { region: REGION, roleArn: undefined, place: 'test' });
    const copy = mkdtempSync(join(tmpdir(), 'copy-'));
    await refreshCopy(await openStore(place), place, copy);
    trino = await openTables(copy);
  }, 7_200_000);
  afterAll(async () => {
    duckdb?.close();
    trino?.close();
    await server?.stop();
  });

  test.each(TABLES.filter(({ layer }) => layer !== 'ingest').map(({ name }) => name))(
    '%s',
    async (name) => {
      const expected = await contentOf(duckdb, name);
      process.stdout.write(`${name}: ${expected?.row_count} rows\n`);
      expect(await contentOf(trino, name)).toEqual(expected);
    },
    600_000,
  );
});

/** Says what a command took. Throws if it failed. */
async function timed(
  what: string,
  run: () => Promise<{ exitCode: number; stdout: string; stderr: string }>,
): Promise<void> {
  const start = performance.now();
  const { exitCode, stdout, stderr } = await run();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stdout.write(`${what}: ${seconds} s\n${stdout}`);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
}

async function openTables(lake: string): Promise<Database> {
  const tempDirectory = mkdtempSync(join(tmpdir(), 'spill-'));
  const database = await openDatabase({ tempDirectory });
  await createLakeViews(database.connection, lake);
  return database;
}

type Content = { row_count: bigint; hash_sum: bigint };

/** How many rows, and the sum of a hash of each: the same for the same rows in any order. */
async function contentOf({ connection }: Database, name: string): Promise<Content | undefined> {
  const [content] = await readRows<Content>(
    connection,
    `select count(*) as row_count, sum(cast(hash(t) as hugeint)) as hash_sum from ${name} t`,
  );
  return content;
}
