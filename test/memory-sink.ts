/** A sink that keeps what a format gives it, for tests of formats. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { readRows } from '../src/database.ts';
import type { Format, LocalObject, ReadResult, Sink } from '../src/ingest/format.ts';
import { type Cell, findTable } from '../src/tables.ts';

export type AddedRow = { table: string; row: Readonly<Record<string, Cell>>; isExtra: boolean };

export type Rejected = { lineNumber: number; reason: string; bytes: Buffer };

export type MemorySink = Sink & {
  rows: AddedRow[];
  rejects: Rejected[];
  counts: Record<'nodata' | 'skipdata' | 'header' | 'blank', number>;
  /** Lines that ended as a row, a reject or a count: what `lineCount` must be. */
  accountedLines(): number;
};

/**
 * Makes a sink. Like the real one it refuses columns that the catalogue does not have. Formats that
 * the engine reads need the connection.
 */
export function createMemorySink(connection?: DuckDBConnection): MemorySink {
  const rows: AddedRow[] = [];
  const rejects: Rejected[] = [];
  const counts = { nodata: 0, skipdata: 0, header: 0, blank: 0 };
  let aheadRows = 0;
  const engine = (): DuckDBConnection => {
    if (!connection) throw new Error('this format needs an engine: createMemorySink(connection)');
    return connection;
  };
  const add: Sink['add'] = (table, row, isExtra = false) => {
    const names = new Set(findTable(table).columns.map((column) => column.name));
    const unknown = Object.keys(row).filter((name) => !names.has(name));
    if (unknown.length > 0) throw new Error(`${table} has no column ${unknown.join(', ')}`);
    rows.push({ table, row, isExtra });
  };
  return {
    rows,
    rejects,
    counts,
    accountedLines: () =>
      rows.filter((row) => !row.isExtra).length +
      aheadRows +
      rejects.length +
      counts.nodata +
      counts.skipdata +
      counts.header +
      counts.blank,
    add,
    count(kind, lines = 1) {
      counts[kind] += lines;
    },
    reject(lineNumber, reason, bytes) {
      rejects.push({ lineNumber, reason, bytes: Buffer.from(bytes) });
    },
    async insert(table, select, isExtra = false) {
      const selected = await readRows<Record<string, Cell>>(engine(), select);
      for (const row of selected) add(table, row, isExtra);
      return selected.length;
    },
    countAhead({ counts: { row, ...others } }) {
      aheadRows += row;
      for (const kind of ['nodata', 'skipdata', 'header', 'blank'] as const) {
        counts[kind] += others[kind];
      }
    },
    query: (sql) => readRows(engine(), sql),
    drain: async () => {},
  };
}

export type ReadOptions = Partial<Omit<LocalObject, 'path' | 'sizeBytes'>> & {
  connection?: DuckDBConnection;
};

/** An object as a source would hand it over, received on 2026-11-20 unless `options` says otherwise. */
export function memoryObject(path: string, sizeBytes: number, options: ReadOptions): LocalObject {
  return {
    objectId: options.objectId ?? 'object-1',
    uri: options.uri ?? 'file:///logs/object',
    path,
    sizeBytes,
    modifiedAt: options.modifiedAt ?? new Date('2026-11-20T12:00:00Z'),
    hints: options.hints ?? {},
  };
}

/** Reads content with a format, by way of a temporary file as in real runs. */
export async function readContent(
  format: Format,
  content: string | Uint8Array,
  options: ReadOptions = {},
): Promise<{ sink: MemorySink; result: ReadResult }> {
  const folder = await mkdtemp(join(tmpdir(), 'flowproof-format-'));
  try {
    const bytes = Buffer.from(content);
    const path = join(folder, 'object');
    await writeFile(path, bytes);
    const sink = createMemorySink(options.connection);
    const result = await format.read(memoryObject(path, bytes.length, options), sink);
    return { sink, result };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
