/** A lake on a real Trino, beside DuckDB, and what both say to the same statement. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Config, readConfig } from '../../src/config.ts';
import { duckdbEngine } from '../../src/engines/duckdb.ts';
import type { Engine, EngineResult, Scanned } from '../../src/engines/engine.ts';
import { literalTableView, tableStatements } from '../../src/engines/engine-tables.ts';
import { trinoEngine } from '../../src/engines/trino.ts';
import { createScopeTable } from '../../src/enrich/scope.ts';
import { readFolders } from '../../src/lake-files.ts';
import { PACKAGE_ROOT } from '../../src/query-file.ts';
import { createControlTables } from '../../src/reports/control-tables.ts';
import { TABLES, type Table } from '../../src/tables.ts';
import { openSampleLake, type SampleLake } from '../sample-lake.ts';
import { startTrino } from './trino-server.ts';

const USER = 'flowproof';

export type TrinoLake = {
  samples: SampleLake;
  config: Config;
  duckdb: Engine;
  /** What statements on Trino have read. */
  scanned: Scanned;
  /** The engine with an own schema, in which the tables that `isWanted` accepts are made. */
  openSchema(schema: string, isWanted: (table: Table) => boolean, folder?: string): Promise<Engine>;
  close(): Promise<void>;
};

/** Tables that are made of the configuration. */
const CONFIGURED = [
  'allowed_service',
  'allowed_peer',
  'card_data_match',
  'change_ticket_tag',
  'scope_match',
];

/** Starts a server over a lake that DuckDB made: that of the samples, or another with its configuration. */
export async function openTrinoLake(
  openLake: () => Promise<SampleLake> = openSampleLake,
  configFile = join(PACKAGE_ROOT, 'samples', 'flowproof.yaml'),
): Promise<TrinoLake> {
  const { FLOWPROOF_TEST_PYTHON: interpreter, FLOWPROOF_TEST_TRINO: home } = process.env;
  if (!interpreter || !home) {
    throw new Error('FLOWPROOF_TEST_TRINO is missing: use "npm run test:integration"');
  }
  const scratch = mkdtempSync(join(tmpdir(), 'flowproof-trino-'));
  const [samples, server] = await Promise.all([openLake(), startTrino(home, interpreter, scratch)]);
  const config = readConfig(configFile);
  const { connection } = samples.database;
  const duckdb = duckdbEngine(connection);
  const scanned: Scanned = { bytes: 0 };
  await createControlTables(duckdb, config);
  await createScopeTable(duckdb, config);
  return {
    samples,
    config,
    duckdb,
    scanned,
    openSchema: (schema, isWanted, folder = samples.lake) =>
      openSchema({ url: server.url, scanned }, folder, duckdb, schema, isWanted),
    close: async () => {
      samples.close();
      await server.stop();
    },
  };
}

async function openSchema(
  server: { url: string; scanned: Scanned },
  folder: string,
  duckdb: Engine,
  schema: string,
  isWanted: (table: Table) => boolean,
): Promise<Engine> {
  const trino = trinoEngine({ ...server, catalog: 'lake', schema, user: USER });
  await trino.runOwn(`create schema ${schema}`);
  const wanted = TABLES.filter(isWanted);
  const folders = await readFolders(folder);
  const location = `file://${folder}`;
  const options = { location, folders, schema, tables: wanted };
  for (const statement of tableStatements('trino', options)) await trino.runOwn(statement);
  for (const name of CONFIGURED) {
    const { rows: columns } = await duckdb.run(`describe select * from ${name}`);
    const { rows } = await duckdb.run(`select * from ${name}`);
    const typed = columns.map((column) => ({ name: String(column[0]), type: String(column[1]) }));
    await trino.runOwn(literalTableView(name, typed, rows));
  }
  return trino;
}

/** A result whose rows stand in an order of their own, for statements that give none. */
export function sorted({ columns, rows }: EngineResult): { columns: unknown; rows: string[] } {
  return { columns, rows: rows.map((row) => JSON.stringify(row)).sort() };
}
