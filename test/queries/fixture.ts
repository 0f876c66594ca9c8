/**
 * Tables for tests of reports: every table of the catalogue, empty, in an in-memory DuckDB, and rows
 * written as plain objects. Times are texts such as `2026-10-01 00:00:00`, UTC.
 */
import { join } from 'node:path';
import { type Database, openDatabase, readRows } from '../../src/database.ts';
import { QUERIES_ROOT, readQueryFile } from '../../src/query-file.ts';
import { columnDefinitions, findTable, quoteName, quoteText, TABLES } from '../../src/tables.ts';

export type Value = string | number | boolean | null | readonly string[];
export type Row = Readonly<Record<string, Value>>;

/** The period of the golden tests: one day, so that both edges are midnight. */
export const PERIOD = { period_start: '2026-10-01 00:00:00', period_end: '2026-10-02 00:00:00' };

/** A database in which each table of the catalogue exists and is empty. */
export async function openEmptyTables(): Promise<Database> {
  const database = await openDatabase();
  for (const table of TABLES) {
    await database.connection.run(
      `create table ${quoteName(table.name)} (${columnDefinitions(table)})`,
    );
  }
  return database;
}

function literal(value: Value | undefined): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return quoteText(value);
  if (typeof value === 'object') return `[${value.map(quoteText).join(', ')}]`;
  return String(value);
}

/** Adds rows to a table; columns left out are null. Throws if the catalogue has no such column. */
export async function insertRows(
  database: Database,
  tableName: string,
  rows: readonly Row[],
): Promise<void> {
  const table = findTable(tableName);
  const known = new Set(table.columns.map((column) => column.name));
  for (const row of rows) {
    for (const name of Object.keys(row)) {
      if (!known.has(name)) throw new Error(`table ${tableName} has no column ${name}`);
    }
    const names = Object.keys(row).map(quoteName).join(', ');
    const values = Object.values(row).map(literal).join(', ');
    await database.connection.run(
      `insert into ${quoteName(tableName)} (${names}) values (${values})`,
    );
  }
}

type ResultValue = string | number | boolean | null;
export type ResultRow = Record<string, ResultValue>;

function plain(value: unknown): ResultValue {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString().replace('T', ' ').replace('.000Z', '');
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value;
  }
  throw new Error(`a report must not return a ${typeof value}: ${String(value)}`);
}

/** Rows of a report in its own order, with counts as numbers and times as texts. */
export async function runReport(
  database: Database,
  name: string,
  period: Readonly<Record<string, string>> = PERIOD,
): Promise<ResultRow[]> {
  const file = readQueryFile('reports', join(QUERIES_ROOT, 'reports', `${name}.sql`));
  const rows = await readRows(database.connection, file.text, period);
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([column, value]) => [column, plain(value)])),
  );
}

/** The named columns of each row, for comparing what a test is about. */
export function pick(rows: readonly ResultRow[], ...names: string[]): ResultRow[] {
  return rows.map((row) =>
    Object.fromEntries(
      names.map((name) => {
        if (!(name in row)) throw new Error(`the report has no column ${name}`);
        return [name, row[name] ?? null];
      }),
    ),
  );
}
