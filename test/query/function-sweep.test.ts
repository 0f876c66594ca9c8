/**
 * Every function that the engine has, tried with the path of a file: by itself on a connection that is only
 * locked down, and behind the gate. A function that a later version of the engine adds fails here until
 * somebody has looked at it.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, openDatabase, readRows } from '../../src/database.ts';
import { createLakeViews } from '../../src/lake.ts';
import { assertReadOnly, lockDown } from '../../src/query/gate.ts';
import { PACKAGE_ROOT } from '../../src/query-file.ts';
import { TABLES } from '../../src/tables.ts';
import { CANARY, hashesOf, makeSmallLake } from './small-lake.ts';

const REVIEWED = join(PACKAGE_ROOT, 'test', 'query', 'reviewed-functions.txt');

/** Their arguments are addresses in memory: to call them with a text proves nothing. */
const BY_ADDRESS = new Set(['arrow_scan', 'arrow_scan_dumb', 'seq_scan']);

let root: string;
let lake: string;
let database: Database;
let hashes: Record<string, string>;

beforeAll(async () => {
  ({ root, lake } = await makeSmallLake());
  hashes = await hashesOf(root);
  database = await openDatabase();
  await createLakeViews(database.connection, lake);
  await lockDown(database.connection, {
    folders: TABLES.map(({ name }) => join(lake, name)),
    memoryLimit: '500MB',
  });
});

afterAll(async () => {
  database.close();
  await rm(root, { recursive: true, force: true });
});

async function functionNames(types: readonly string[]): Promise<string[]> {
  const rows = await readRows<{ name: string }>(
    database.connection,
    `select distinct function_name as name from duckdb_functions()
     where list_contains(string_split($types, ','), function_type) and (internal or function_type = 'pragma')
     order by name`,
    { types: types.join(',') },
  );
  return rows.map(({ name }) => name);
}

/** What a statement shows, or the first line of why it does not run. */
async function outcomeOf(sql: string): Promise<string> {
  try {
    const reader = await database.connection.streamAndReadUntil(sql, 100);
    return `shows ${JSON.stringify(reader.getRowsJson())}`;
  } catch (thrown) {
    return thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : String(thrown);
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

function outsidePaths(): string[] {
  return [
    join(root, 'outside.csv'),
    join(root, 'outside.txt'),
    join(root, 'outside.json'),
    join(root, 'outside.parquet'),
    join(root, 'outside.duckdb'),
    join(root, '*'),
    join(lake, '.flowproof', 'lock'),
    join(lake, '.flowproof', 'outbox', 'message.csv'),
    join(lake, 'flow', 'flow_date=2026-11-02', 'b1-1.parquet'),
    '/proc/self/environ',
  ];
}

test('every function of the engine has been looked at', async () => {
  const known = new Set((await readFile(REVIEWED, 'utf8')).split('\n'));
  const names = await functionNames([
    'scalar',
    'aggregate',
    'macro',
    'table',
    'table_macro',
    'pragma',
  ]);
  expect(names.length).toBeGreaterThan(500);
  expect(names.filter((name) => !known.has(name))).toEqual([]);
});

describe('locked down alone', () => {
  test('no table function reads a file outside the tables, by whatever arguments', async () => {
    const names = (await functionNames(['table', 'table_macro'])).filter(
      (name) => !BY_ADDRESS.has(name),
    );
    let stoppedCount = 0;
    for (const name of names) {
      for (const path of outsidePaths()) {
        for (const args of [`'${path}'`, `['${path}']`, `'${path}', 'a'`, `'a', '${path}'`]) {
          const outcome = await outcomeOf(`from ${quoted(name)}(${args})`);
          expect(`${name}(${args}) ${outcome}`).not.toContain(CANARY);
          if (/Permission Error/.test(outcome)) stoppedCount += 1;
        }
      }
    }
    expect(stoppedCount).toBeGreaterThan(100);
  });

  test('nothing was written by them', async () => {
    expect(await hashesOf(root)).toEqual(hashes);
  });

  test('a connection that is not locked down shows the file: the sweep can fail', async () => {
    const open = await openDatabase();
    const rows = await readRows(open.connection, `from read_text('${join(root, 'outside.txt')}')`);
    expect(String(rows[0]?.content)).toContain(CANARY);
    open.close();
  });
});

describe('behind the gate', () => {
  /** As `outcomeOf`, of a statement that the gate lets through. */
  async function gatedOutcome(sql: string): Promise<string> {
    try {
      await assertReadOnly(database.connection, sql);
    } catch {
      return 'refused';
    }
    return outcomeOf(sql);
  }

  test('no table function shows a file, not even one of the lake that the ledger does not know', async () => {
    const unknown = join(lake, 'flow', 'flow_date=2026-11-02', 'unknown-0.parquet');
    const accepted: string[] = [];
    for (const name of await functionNames(['table', 'table_macro'])) {
      for (const path of [...outsidePaths(), unknown]) {
        for (const args of [
          `'${path}'`,
          `['${path}']`,
          `"${path}", object_id`,
          `'${path}', object_id`,
        ]) {
          const outcome = await gatedOutcome(`from ${quoted(name)}(${args})`);
          expect(`${name}(${args}) ${outcome}`).not.toContain(CANARY);
          if (outcome !== 'refused' && !accepted.includes(name)) accepted.push(name);
        }
      }
    }
    expect(accepted).toEqual([
      'duckdb_columns',
      'duckdb_functions',
      'duckdb_keywords',
      'duckdb_tables',
      'duckdb_types',
      'duckdb_views',
      'generate_series',
      'json_each',
      'json_tree',
      'pg_timezone_names',
      'pragma_table_info',
      'pragma_version',
      'range',
      'repeat',
      'repeat_row',
      'summary',
      'unnest',
    ]);
  });

  test('no other function shows a file or a variable of the environment', async () => {
    process.env.FLOWPROOF_CANARY = CANARY;
    const names = await functionNames(['scalar', 'aggregate', 'macro']);
    const path = join(root, 'outside.csv');
    for (const name of names.filter((one) => /^\w+$/.test(one))) {
      for (const args of [`'${path}'`, `'${path}', 1`, `'FLOWPROOF_CANARY'`, '']) {
        const outcome = await gatedOutcome(`select ${quoted(name)}(${args})`);
        expect(`${name}(${args}) ${outcome}`).not.toContain(CANARY);
      }
    }
    delete process.env.FLOWPROOF_CANARY;
  });

  test('no view of the engine shows settings, logs or files', async () => {
    const views = await readRows<{ name: string }>(
      database.connection,
      `select schema_name || '.' || view_name as name from duckdb_views() where internal order by name`,
    );
    expect(views.length).toBeGreaterThan(40);
    const refused: string[] = [];
    for (const { name } of views) {
      const outcome = await gatedOutcome(`from ${name}`);
      expect(outcome).not.toContain('memory_limit');
      expect(outcome).not.toContain('secret_directory');
      if (outcome === 'refused') refused.push(name);
    }
    expect(refused).toEqual([
      'main.duckdb_databases',
      'main.duckdb_logs',
      'main.pragma_database_list',
      'pg_catalog.pg_database',
      'pg_catalog.pg_prepared_statements',
      'pg_catalog.pg_settings',
      'pg_catalog.pg_tablespace',
    ]);
  });
});
