/**
 * What a result becomes as text, and where it goes: CSV, JSON lines, and the sink that writes to
 * standard output or, whole or not at all, to a file.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import {
  type DuckDBConnection,
  type DuckDBResult,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import { FlowproofError, messageOf } from '../errors.ts';
import { defuse } from '../spreadsheet.ts';
import { quoteName, quoteText } from '../tables.ts';
import {
  jsonString,
  jsonText,
  numberColumns,
  plainText,
  renderTable,
  visibleText,
} from '../text-table.ts';

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
export async function writeJson(result: DuckDBResult, sink: Sink): Promise<number> {
  const keys = result.deduplicatedColumnNames().map((name) => `${jsonString(name)}:`);
  let text = '';
  return forEachRow(
    result,
    (cell) => {
      text += `{${keys.map((key, column) => key + jsonText(cell(column))).join(',')}}\n`;
    },
    async () => {
      const written = text;
      text = '';
      return sink.write(written);
    },
  );
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
  tempFolder: string,
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
  const path = join(tempFolder, `query-${process.pid}-${randomUUID()}.parquet`);
  try {
    const copied = await connection.runAndReadAll(
      `copy (select ${select.join(', ')} from (\n${statement}\n) as result (${columns.join(', ')}))
       to ${quoteText(path)} (format parquet, compression zstd)`,
      parameters,
    );
    await writeFileBytes(path, sink);
    return Number(copied.getRows()[0]?.[0] ?? 0);
  } finally {
    await rm(path, { force: true });
  }
}

/** Copies a file to the sink. */
async function writeFileBytes(path: string, sink: Sink): Promise<void> {
  for await (const bytes of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    if (!(await sink.write(bytes as Buffer))) return;
  }
}

/** Where a result goes. */
export type Sink = {
  isTerminal: boolean;
  /** False once the reader has gone away (`| head`): nothing more is wanted, and it is no error. */
  isOpen(): boolean;
  /** Resolves when the bytes are taken: true if more is wanted. */
  write(data: string | Uint8Array): Promise<boolean>;
  /** Makes a file appear under its name. */
  finish(): Promise<void>;
  /** Removes what was written to a file. */
  abandon(): Promise<void>;
};

/** True for standard output that a person looks at. */
export function isTerminal(stream: NodeJS.WritableStream): boolean {
  return 'isTTY' in stream && stream.isTTY === true;
}

const GONE = new Set(['EPIPE', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_PREMATURE_CLOSE']);

/** A sink on a stream that stays open; a broken pipe closes the sink and is not thrown. */
export function streamSink(stream: NodeJS.WritableStream): Sink {
  let open = true;
  // Without a listener a broken pipe would end the process; the write's own callback reports it.
  const ignore = (): void => {};
  stream.on('error', ignore);
  const release = (): void => {
    setImmediate(() => stream.off('error', ignore));
  };
  return {
    isTerminal: isTerminal(stream),
    isOpen: () => open,
    write: (data) =>
      new Promise((resolve, reject) => {
        if (!open || data.length === 0) return resolve(open);
        stream.write(data, (error) => {
          if (!error) return resolve(true);
          open = false;
          if (GONE.has((error as NodeJS.ErrnoException).code ?? '')) return resolve(false);
          reject(unwritable('standard output', error));
        });
      }),
    finish: async () => release(),
    abandon: async () => release(),
  };
}

/**
 * A sink on a file: written beside it under a temporary name, readable by its owner only, and renamed
 * at the end. A device or pipe is written directly. Throws QUERY_REFUSED for a place inside the lake
 * and USAGE for one that cannot be written.
 */
export async function fileSink(output: string, lakeFolder?: string): Promise<Sink> {
  try {
    const folder = await realpath(dirname(output));
    if (lakeFolder !== undefined) await refuseInside(output, folder, lakeFolder);
    const target = join(folder, basename(output));
    const found = await stat(target).catch(() => undefined);
    if (found?.isDirectory()) throw new Error('it is a folder');
    const isDirect = found !== undefined && !found.isFile();
    const path = isDirect ? target : `${target}.${process.pid}.part`;
    if (!isDirect) await rm(path, { force: true });
    const file = await open(path, isDirect ? 'w' : 'wx', 0o600);
    const guarded = async (act: () => Promise<unknown>): Promise<void> => {
      await act().catch((thrown: unknown) => {
        throw unwritable(output, thrown);
      });
    };
    return {
      isTerminal: false,
      isOpen: () => true,
      write: async (data) => {
        await guarded(() => file.appendFile(data));
        return true;
      },
      finish: () =>
        guarded(async () => {
          if (!isDirect) await file.sync();
          await file.close();
          if (!isDirect) await rename(path, target);
        }),
      abandon: async () => {
        await file.close().catch(() => {});
        if (!isDirect) await rm(path, { force: true });
      },
    };
  } catch (thrown) {
    throw thrown instanceof FlowproofError ? thrown : unwritable(output, thrown);
  }
}

async function refuseInside(output: string, folder: string, lakeFolder: string): Promise<void> {
  const lake = await realpath(lakeFolder);
  if (folder !== lake && !folder.startsWith(lake.endsWith(sep) ? lake : lake + sep)) return;
  throw new FlowproofError('QUERY_REFUSED', {
    place: `--output ${output}`,
    problem: 'it lies inside the lake, which queries never change',
    remedy: 'Name a file outside the lake, such as --output ./result.csv.',
  });
}

function unwritable(place: string, thrown: unknown): FlowproofError {
  return new FlowproofError('USAGE', {
    place,
    problem: `cannot be written (${messageOf(thrown)})`,
    remedy: 'Name a file in a folder that exists, may be written to and has room.',
    cause: thrown,
  });
}
