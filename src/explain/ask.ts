/**
 * The questions of `queries/explain`: each is run for one record, as rows, or as a temporary table that
 * the questions after it read.
 */
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import { readRows } from '../database.ts';
import { listOf, QUERIES_ROOT, readQueryFile } from '../query-file.ts';
import { quoteName } from '../tables.ts';
import { ROWS } from './explanation.ts';

/** A row as JSON holds it: times as texts, whole numbers as numbers, maps as objects. */
export type PlainRow = Record<string, unknown>;

export type Values = Readonly<Record<string, DuckDBValue>>;

/** The rows of a query, with those of the values that its header names. */
export async function ask(
  connection: DuckDBConnection,
  name: string,
  values: Values,
): Promise<PlainRow[]> {
  const { text, bound } = queryOf(name, values);
  return (await readRows(connection, text, bound)).map(plainRow);
}

/** The rows of a query, or of the table made from it, with the keys of its shape and no others. */
export async function askCut(
  connection: DuckDBConnection,
  name: keyof typeof ROWS,
  values: Values | 'table',
): Promise<PlainRow[]> {
  const rows = values === 'table' ? readTable(connection, name) : ask(connection, name, values);
  return (await rows).map((row) => cutTo(name, row));
}

/** Makes the temporary table of a query anew. */
export async function makeTable(
  connection: DuckDBConnection,
  name: string,
  values: Values,
): Promise<void> {
  const { text, bound } = queryOf(name, values);
  const sql = `create or replace temporary table ${quoteName(name)} as (${text})`;
  if (Object.keys(bound).length === 0) await connection.run(sql);
  else await connection.run(sql, { ...bound });
}

/** The rows of a temporary table. */
export async function readTable(connection: DuckDBConnection, name: string): Promise<PlainRow[]> {
  return (await readRows(connection, `select * from ${quoteName(name)}`)).map(plainRow);
}

/** The row with the keys of the shape alone; those that the query does not give are null. */
export function cutTo(name: keyof typeof ROWS, row: PlainRow): PlainRow {
  return Object.fromEntries(Object.keys(ROWS[name].shape).map((key) => [key, row[key] ?? null]));
}

function queryOf(name: string, values: Values): { text: string; bound: Values } {
  const file = readQueryFile('explain', join(QUERIES_ROOT, 'explain', `${name}.sql`));
  const bound = Object.fromEntries(
    listOf(file.header.parameters).map((key) => [key, values[key] ?? null]),
  );
  return { text: file.text, bound };
}

function plainRow(row: Readonly<Record<string, unknown>>): PlainRow {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plainValue(value)]));
}

function plainValue(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z');
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return plainRow(value as PlainRow);
  }
  if (!Array.isArray(value)) return value;
  const items: readonly unknown[] = value;
  const isMap = items.length > 0 && items.every(isEntry);
  if (!isMap) return items.map(plainValue);
  return Object.fromEntries(
    items.filter(isEntry).map((entry) => [String(entry.key), plainValue(entry.value)]),
  );
}

/** The driver gives a map as a list of keys and values. */
function isEntry(item: unknown): item is { key: unknown; value: unknown } {
  return typeof item === 'object' && item !== null && 'key' in item && 'value' in item;
}
