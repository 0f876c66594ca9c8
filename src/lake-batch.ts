/**
 * Writing a batch of objects to the lake: rows gather in the engine, go to Parquet files in the
 * staging folder, and become visible together (`commitBatch` in `lake.ts`).
 */
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api';
import { commitBatch, stagingFolder } from './lake.ts';
import { asIs, type Convert, converterOf } from './lake-cells.ts';
import {
  type Cell,
  columnDefinitions,
  quoteName,
  quoteText,
  TABLES,
  type Table,
} from './tables.ts';

const CHUNK_ROWS = 2048;
const FLUSH_ROWS = 250_000;

/** Parquet settings of every file of the lake. */
export const PARQUET_OPTIONS = 'format parquet, compression zstd, row_group_size 122880';

/**
 * Rows of a table that wait in the engine. Most columns of `flow` never get a value from one flow log,
 * and writing their nulls row by row was most of the cost of a row: so the engine's tables hold only
 * the columns that were used so far, and a new column begins another table, with all before it.
 */
type Part = { name: string; columns: number[]; appender: DuckDBAppender; types: DuckDBType[] };

type Stage = {
  table: Table;
  indexes: ReadonlyMap<string, number>;
  converters: readonly Convert[];
  /** Values of the rows not yet in the engine, by column; undefined for a column without any. */
  values: (DuckDBValue[] | undefined)[];
  usedColumns: Set<number>;
  parts: Part[];
  pendingRows: number;
  stagedRows: number;
  fileCount: number;
};

/** A row by column name; columns left out are null. */
export type Row = Readonly<Record<string, Cell>>;

export type BatchWriter = {
  /** Where its files are written, and what their names begin with: for writers beside this one. */
  place: { folder: string; batchId: string };
  /** Adds a row. The second record, where given, wins over the first. */
  addRow(table: string, row: Row, filled?: Row): void;
  /** Adds the rows of a select whose columns are the named ones, in this order; returns how many. */
  insertRows(table: string, columns: readonly string[], select: string): Promise<number>;
  /** Writes out what has gathered, once it is much. */
  drain(): Promise<void>;
  /** Rows added since the writer was made. */
  rowCount(): number;
  /** Makes all rows permanent and visible. */
  commit(): Promise<void>;
};

const PREFIX = 'stage_';

/**
 * Opens a batch. `name` makes the names of its files: the same objects in the same lake give the same
 * names. The connection must belong to the calling run alone. Once `signal` is aborted, draining throws its
 * reason: so a run stops within a long object too.
 */
export async function openBatch(
  connection: DuckDBConnection,
  root: string,
  name: string,
  signal?: AbortSignal,
): Promise<BatchWriter> {
  const batchId = createHash('sha256').update(name).digest('hex').slice(0, 20);
  const folder = join(stagingFolder(root), batchId);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const stages = new Map<string, Stage>();
  for (const table of TABLES) {
    if (table.layer === 'ingest') stages.set(table.name, openStage(table));
  }
  let rows = 0;
  const stageOf = (name: string): Stage => {
    const stage = stages.get(name);
    if (!stage) throw new Error(`ingest does not write ${name}`);
    return stage;
  };

  const drain = async (): Promise<void> => {
    signal?.throwIfAborted();
    for (const stage of stages.values()) {
      if (stage.pendingRows >= CHUNK_ROWS) await appendPending(connection, stage);
      if (stage.stagedRows + stage.pendingRows >= FLUSH_ROWS) {
        await flush(connection, stage, folder, batchId);
      }
    }
  };

  return {
    place: { folder, batchId },
    addRow(name, row, filled) {
      const stage = stageOf(name);
      setCells(stage, row);
      if (filled) setCells(stage, filled);
      stage.pendingRows += 1;
      rows += 1;
    },
    async insertRows(name, columns, select) {
      const stage = stageOf(name);
      const part = await partFor(
        connection,
        stage,
        columns.map((column) => indexOf(stage, column)),
      );
      const result = await connection.run(
        `insert into ${quoteName(part.name)} (${columns.map(quoteName).join(', ')}) ${select}`,
      );
      stage.stagedRows += result.rowsChanged;
      rows += result.rowsChanged;
      return result.rowsChanged;
    },
    drain,
    rowCount: () => rows,
    async commit() {
      for (const stage of stages.values()) {
        await flush(connection, stage, folder, batchId);
        for (const part of stage.parts) {
          part.appender.closeSync();
          await connection.run(`drop table ${quoteName(part.name)}`);
        }
      }
      await commitBatch(root, batchId);
    },
  };
}

function openStage(table: Table): Stage {
  return {
    table,
    indexes: new Map(table.columns.map((column, index) => [column.name, index])),
    converters: table.columns.map((column) => converterOf(column.type)),
    values: [],
    usedColumns: new Set(),
    parts: [],
    pendingRows: 0,
    stagedRows: 0,
    fileCount: 0,
  };
}

function indexOf(stage: Stage, column: string): number {
  const index = stage.indexes.get(column);
  if (index === undefined) throw new Error(`table ${stage.table.name} has no column ${column}`);
  return index;
}

function setCells(stage: Stage, row: Row): void {
  for (const name in row) {
    const cell = row[name];
    if (cell === undefined || cell === null) continue;
    const index = indexOf(stage, name);
    const convert = stage.converters[index] ?? asIs;
    let values = stage.values[index];
    if (values === undefined) {
      values = [];
      stage.values[index] = values;
    }
    while (values.length < stage.pendingRows) values.push(null);
    values[stage.pendingRows] = convert(cell);
  }
}

/** The newest part, if it has all columns used so far; else a new one. */
async function partFor(
  connection: DuckDBConnection,
  stage: Stage,
  columns: Iterable<number>,
): Promise<Part> {
  const before = stage.usedColumns.size;
  for (const column of columns) stage.usedColumns.add(column);
  const newest = stage.parts.at(-1);
  if (newest && stage.usedColumns.size === before) return newest;
  const used = [...stage.usedColumns].sort((a, b) => a - b);
  const name = `${PREFIX}${stage.table.name}_${stage.parts.length}`;
  const definitions = columnDefinitions({
    ...stage.table,
    columns: stage.table.columns.filter((_, index) => stage.usedColumns.has(index)),
  });
  // What a batch that failed left in this connection is not this batch's.
  await connection.run(`create or replace table ${quoteName(name)} (${definitions})`);
  const appender = await connection.createAppender(name);
  const types = used.map((_, index) => appender.columnType(index));
  const part = { name, columns: used, appender, types };
  stage.parts.push(part);
  return part;
}

async function appendPending(connection: DuckDBConnection, stage: Stage): Promise<void> {
  const { pendingRows, values } = stage;
  if (pendingRows === 0) return;
  const given = values.flatMap((column, index) => (column ? [index] : []));
  const part = await partFor(connection, stage, given);
  for (let from = 0; from < pendingRows; from += CHUNK_ROWS) {
    const length = Math.min(CHUNK_ROWS, pendingRows - from);
    const chunk = DuckDBDataChunk.create(part.types, length);
    part.columns.forEach((index, position) => {
      const cells = values[index]?.slice(from, from + length) ?? [];
      while (cells.length < length) cells.push(null);
      chunk.setColumnValues(position, cells);
    });
    part.appender.appendDataChunk(chunk);
  }
  stage.stagedRows += pendingRows;
  stage.pendingRows = 0;
  stage.values = [];
}

/** Writes the rows of a table to one file, or one a date, and empties its parts. */
async function flush(
  connection: DuckDBConnection,
  stage: Stage,
  folder: string,
  batchId: string,
): Promise<void> {
  await appendPending(connection, stage);
  if (stage.stagedRows === 0) return;
  for (const part of stage.parts) part.appender.flushSync();
  const { partition } = stage.table;
  const source = stage.parts.map((part) => selectAll(stage.table, part)).join(' union all ');
  const dates = partition
    ? (await connection.runAndReadAll(`select distinct ${quoteName(partition)} from (${source})`))
        .getRows()
        .map((row) => String(row[0]))
        .sort()
    : [undefined];
  const columns = stage.table.columns
    .filter((column) => column.name !== partition)
    .map((column) => quoteName(column.name))
    .join(', ');
  for (const date of dates) {
    const target = join(folder, stage.table.name, ...(date ? [`${partition}=${date}`] : []));
    await mkdir(target, { recursive: true, mode: 0o700 });
    const filter = date ? `where ${quoteName(partition ?? '')} = ${quoteText(date)}` : '';
    const file = join(target, `${batchId}-${stage.fileCount}.parquet`);
    await connection.run(
      `copy (select ${columns} from (${source}) ${filter}) to ${quoteText(file)} (${PARQUET_OPTIONS})`,
    );
  }
  stage.fileCount += 1;
  stage.stagedRows = 0;
  for (const part of stage.parts) await connection.run(`truncate ${quoteName(part.name)}`);
}

/** The rows of a part with every column of the table, nulls for those that it does not hold. */
function selectAll(table: Table, part: Part): string {
  const held = new Set(part.columns);
  const columns = table.columns.map((column, index) =>
    held.has(index)
      ? quoteName(column.name)
      : `cast(null as ${column.type}) as ${quoteName(column.name)}`,
  );
  return `select ${columns.join(', ')} from ${quoteName(part.name)}`;
}
