/** What a result becomes: a table for people, CSV, JSON, JSON lines, Parquet. */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type DuckDBConnection,
  type DuckDBResult,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import { defuse } from '../spreadsheet.ts';
import { quoteName, quoteText } from '../tables.ts';
import { renderTable, visibleText } from '../text-table.ts';
import { jsonString, jsonText, numberColumns, plainText } from '../value-text.ts';
import type { Sink } from './sink.ts';

/**
 * One cell by RFC 4180. Text that a spreadsheet would run gets a leading apostrophe; a null is
 * empty, empty text is `""`.
 */
export function csvCell(text: string | null, isNumber: boolean): string {
  if (text === null) return '';
  if (isNumber) return text;
  const safe = defuse(text);
  return safe === '' || /[",;\t\r\n]|^ | $/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Calls `onRow` for every row, chunk by chunk, and `onChunk` after each; returns the row count. */
export async function forEachRow(
  result: DuckDBResult,
  onRow: (cell: (column: number) => DuckDBValue) => void,
  onChunk: () => Promise<boolean>,
): Promise<number> {
  let rowCount = 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (!chunk || chunk.rowCount === 0) return rowCount;
    const vectors = Array.from({ length: chunk.columnCount }, (_, column) => {
      return chunk.getColumnVector(column);
    });
    for (let row = 0; row < chunk.rowCount; row += 1) {
      onRow((column) => vectors[column]?.getItem(row) ?? null);
    }
    rowCount += chunk.rowCount;
    if (!(await onChunk())) return rowCount;
  }
}

/** Header line and rows, lines ended by CRLF. On a terminal control characters are made visible. */
export async function writeCsv(result: DuckDBResult, sink: Sink): Promise<number> {
  const isNumber = numberColumns(result);
  const shown = sink.isTerminal ? visibleText : (text: string) => text;
  const header = result.columnNames().map((name) => csvCell(shown(name), false));
  let text = `${header.join(',')}\r\n`;
  const flush = async (): Promise<boolean> => {
    const written = text;
    text = '';
    return sink.write(written);
  };
  await flush();
  return forEachRow(
    result,
    (cell) => {
      const cells = isNumber.map((isNumeric, column) => {
        const value = cell(column);
        return csvCell(value === null ? null : shown(plainText(value)), isNumeric);
      });
      // One empty cell alone would be a blank line, which readers of CSV skip.
      text += `${cells.length === 1 && cells[0] === '' ? '""' : cells.join(',')}\r\n`;
    },
    flush,
  );
}

/** JSON lines: one object a row, so that neither writer nor reader holds more than a row. */
export async function writeJsonLines(result: DuckDBResult, sink: Sink): Promise<number> {
  const object = objectText(result);
  let text = '';
  return forEachRow(
    result,
    (cell) => {
      text += `${object(cell)}\n`;
    },
    async () => {
      const written = text;
      text = '';
      return sink.write(written);
    },
  );
}

/** One JSON array of one object a row, a line each. */
export async function writeJson(result: DuckDBResult, sink: Sink): Promise<number> {
  const object = objectText(result);
  let separator = '[\n';
  let text = '';
  const rowCount = await forEachRow(
    result,
    (cell) => {
      text += separator + object(cell);
      separator = ',\n';
    },
    async () => {
      const written = text;
      text = '';
      return sink.write(written);
    },
  );
  await sink.write(rowCount === 0 ? '[]\n' : '\n]\n');
  return rowCount;
}

function objectText(result: DuckDBResult): (cell: (column: number) => DuckDBValue) => string {
  const keys = result.deduplicatedColumnNames().map((name) => `${jsonString(name)}:`);
  return (cell) => `{${keys.map((key, column) => key + jsonText(cell(column))).join(',')}}`;
}

/** The first rows as a table; the rest is counted. `elapsed` gives the milliseconds for the last line. */
export async function writeTable(
  result: DuckDBResult,
  sink: Sink,
  options: { maxRows: number; elapsed: () => number },
): Promise<number> {
  const isNumber = numberColumns(result);
  const rows: (string | null)[][] = [];
  const rowCount = await forEachRow(
    result,
    (cell) => {
      if (rows.length >= options.maxRows) return;
      rows.push(
        isNumber.map((_, column) => {
          const value = cell(column);
          return value === null ? null : plainText(value);
        }),
      );
    },
    async () => sink.isOpen(),
  );
  const columns = result.columnNames().map((name, index) => {
    return { name, isNumber: isNumber[index] === true };
  });
  const milliseconds = options.elapsed();
  await sink.write(
    renderTable({ columns, rows, rowCount, milliseconds, isTerminal: sink.isTerminal }),
  );
  return rowCount;
}

/**
 * DuckDB writes the file, into a folder that the lock-down left open. HUGEINT, which Parquet lacks and
 * DuckDB would round to a double, becomes decimal(38, 0), and columns of one name get names of their own.
 */
export async function writeParquet(
  connection: DuckDBConnection,
  statement: string,
  parameters: Record<string, DuckDBValue> | undefined,
  place: { tempFolder: string; maxBytes?: number | undefined },
  sink: Sink,
): Promise<number> {
  const empty = await connection.stream(`from (\n${statement}\n) limit 0`, parameters);
  const types = empty.columnTypes();
  const names = empty.deduplicatedColumnNames();
  const columns = names.map((_, index) => `c${index}`);
  const casts: Partial<Record<DuckDBTypeId, string>> = {
    [DuckDBTypeId.HUGEINT]: '::decimal(38, 0)',
    [DuckDBTypeId.UHUGEINT]: '::varchar',
  };
  const select = columns.map((column, index) => {
    const type = types[index]?.typeId ?? DuckDBTypeId.VARCHAR;
    return `${column}${casts[type] ?? ''} as ${quoteName(names[index] ?? column)}`;
  });
  const path = join(place.tempFolder, `query-${process.pid}-${randomUUID()}.parquet`);
  // DuckDB has no limit for a file that it writes.
  let isTooLong = false;
  const watch = setInterval(() => {
    stat(path).then(
      ({ size }) => {
        if (size <= (place.maxBytes ?? Number.POSITIVE_INFINITY)) return;
        isTooLong = true;
        connection.interrupt();
      },
      () => {},
    );
  }, 100);
  try {
    const copied = await connection.runAndReadAll(
      `copy (select ${select.join(', ')} from (\n${statement}\n) as result (${columns.join(', ')}))
       to ${quoteText(path)} (format parquet, compression zstd)`,
      parameters,
    );
    clearInterval(watch);
    await writeFileBytes(path, sink);
    return Number(copied.getRows()[0]?.[0] ?? 0);
  } catch (thrown) {
    throw isTooLong ? new ResultTooLong() : thrown;
  } finally {
    clearInterval(watch);
    await rm(path, { force: true });
  }
}

/** What a writer throws for a result that takes more bytes than it may. */
export class ResultTooLong extends Error {}

/** Copies a file to the sink. */
async function writeFileBytes(path: string, sink: Sink): Promise<void> {
  for await (const bytes of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    if (!(await sink.write(bytes as Buffer))) return;
  }
}
