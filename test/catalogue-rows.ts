/**
 * Tables of the catalogue in an in-memory DuckDB, and rows for them written as plain objects. Times are
 * texts such as `2026-10-01 00:00:00`, UTC.
 */
import { type Database, openDatabase } from '../src/database.ts';
import {
  columnDefinitions,
  findTable,
  quoteName,
  quoteText,
  TABLES,
  type Table,
} from '../src/tables.ts';

export type Value = string | number | boolean | null | readonly string[];
export type Row = Readonly<Record<string, Value>>;

/** A database in which each table of the catalogue, or of some layers, exists and is empty. */
export async function openTables(
  layers: readonly Table['layer'][] = ['ingest', 'staging', 'mart'],
): Promise<Database> {
  const database = await openDatabase();
  for (const table of TABLES.filter(({ layer }) => layers.includes(layer))) {
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
export async function addRows(
  database: Database,
  name: string,
  rows: readonly Row[],
): Promise<void> {
  const columns = findTable(name).columns.map((column) => column.name);
  for (const column of new Set(rows.flatMap((row) => Object.keys(row)))) {
    if (!columns.includes(column)) throw new Error(`table ${name} has no column ${column}`);
  }
  for (let from = 0; from < rows.length; from += 500) {
    const values = rows
      .slice(from, from + 500)
      .map((row) => `(${columns.map((column) => literal(row[column])).join(', ')})`);
    await database.connection.run(`insert into ${quoteName(name)} values ${values.join(', ')}`);
  }
}

/** `addRows` for thousands of rows: all of them are one JSON text. All rows have the columns of the first. */
export async function addManyRows(
  database: Database,
  name: string,
  rows: readonly Row[],
): Promise<void> {
  const { columns } = findTable(name);
  const structure = Object.fromEntries(
    Object.keys(rows[0] ?? {}).map((key) => {
      const column = columns.find((one) => one.name === key);
      if (!column) throw new Error(`table ${name} has no column ${key}`);
      return [key, column.type];
    }),
  );
  await database.connection.run(
    `insert into ${quoteName(name)} by name
     select unnest(from_json($rows::json, ${quoteText(JSON.stringify([structure]))}), max_depth := 2)`,
    { rows: JSON.stringify(rows) },
  );
}
