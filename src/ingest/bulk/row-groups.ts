/**
 * What a kernel has gathered, written out: each day of a table is a file of the batch, and each time the
 * day is full a row group of it.
 */
import { join } from 'node:path';
import { FLOW_LOG_FIELDS } from '../../flow-log-fields.ts';
import { findTable } from '../../tables.ts';
import { indexOfField, type Kernel, STATUS_SOURCES, typeCode } from './kernel.ts';
import { createParquetFile, type ParquetFile } from './parquet-file.ts';
import type { Chunk } from './parquet-pages.ts';

const DAY_MILLISECONDS = 86_400_000;

/** Texts longer than this are no bounds of a column in the footer. */
const MAX_BOUND_BYTES = 64;

type BulkTable = {
  name: string;
  /** Columns in the kernel's numbering; the object's id follows them. */
  columns: readonly { name: string; isNumber: boolean; bytes: number }[];
};

/** Bytes of a number as stored, by the kernel's type code; 0 for texts. */
const NUMBER_BYTES = [0, 0, 0, 4, 8, 8] as const;

/** The tables by the kernel's number of them. */
const BULK_TABLES: readonly BulkTable[] = [
  { name: 'flow', columns: FLOW_LOG_FIELDS.map(bulkColumn) },
  {
    name: 'flow_status',
    columns: STATUS_SOURCES.flatMap((name) => {
      const field = FLOW_LOG_FIELDS[indexOfField(name)];
      return field ? [bulkColumn(field)] : [];
    }),
  },
].map((table) => ({
  ...table,
  columns: [...table.columns, { name: 'object_id', isNumber: false, bytes: 0 }],
}));

function bulkColumn(field: (typeof FLOW_LOG_FIELDS)[number]) {
  const bytes = NUMBER_BYTES[typeCode(field)] ?? 0;
  return { name: field.column, isNumber: bytes > 0, bytes };
}

export type RowGroups = {
  /** Writes out a day of the kernel and empties it. */
  flush(slot: number, isClosed: boolean): void;
  /** Writes out all days and the footers of all files. */
  finish(): void;
};

/** Begins the files of a batch: `<folder>/<table>/flow_date=<day>/<name>.parquet`. */
export function createRowGroups(kernel: Kernel, folder: string, name: string): RowGroups {
  const files = new Map<string, ParquetFile>();
  const fileOf = (table: string, day: number): ParquetFile => {
    const date = new Date(day * DAY_MILLISECONDS).toISOString().slice(0, 10);
    const path = join(folder, table, `flow_date=${date}`, `${name}.parquet`);
    let file = files.get(path);
    if (!file) {
      const { columns, partition } = findTable(table);
      file = createParquetFile(
        path,
        columns.filter((column) => column.name !== partition),
      );
      files.set(path, file);
    }
    return file;
  };
  const flush = (slot: number, isClosed: boolean): void => {
    BULK_TABLES.forEach((table, number) => {
      const rowCount = kernel.dayRows(slot, number);
      if (rowCount === 0) return;
      const chunks = new Map<string, Chunk>();
      table.columns.forEach((column, index) => {
        if (kernel.makePages(slot, number, index)) chunks.set(column.name, chunkOf(kernel, column));
      });
      kernel.makeLineNumberPage(slot, number);
      const lines = { name: 'line_number', isNumber: true, bytes: 8 };
      chunks.set('line_number', chunkOf(kernel, lines));
      fileOf(table.name, kernel.dayNumber(slot)).writeGroup(rowCount, chunks);
    });
    kernel.resetDay(slot, isClosed);
  };
  return {
    flush,
    finish() {
      for (let slot = kernel.oldestDay(); slot >= 0; slot = kernel.oldestDay()) flush(slot, true);
      for (const file of files.values()) file.close();
      files.clear();
    },
  };
}

function chunkOf(kernel: Kernel, column: BulkTable['columns'][number]): Chunk {
  const memory = kernel.bytes();
  const copy = (at: number, size: number): Buffer => Buffer.from(memory.subarray(at, at + size));
  const bounds = column.isNumber
    ? {
        least: numberBytes(kernel.least.value, column.bytes),
        greatest: numberBytes(kernel.greatest.value, column.bytes),
      }
    : textBounds(kernel, copy);
  return {
    ...(kernel.dictionarySize.value > 0
      ? {
          dictionary: {
            bytes: copy(kernel.dictionaryAt.value, kernel.dictionarySize.value),
            rawSize: kernel.dictionaryRawSize.value,
            valueCount: kernel.dictionaryCount.value,
          },
        }
      : {}),
    data: {
      bytes: copy(kernel.dataAt.value, kernel.dataSize.value),
      rawSize: kernel.dataRawSize.value,
    },
    encoding: kernel.encoding.value,
    nullCount: kernel.nullCount.value,
    ...bounds,
  };
}

function numberBytes(value: bigint, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  if (size === 4) bytes.writeInt32LE(Number(value));
  else bytes.writeBigInt64LE(value);
  return bytes;
}

function textBounds(
  kernel: Kernel,
  copy: (at: number, size: number) => Buffer,
): { least?: Buffer; greatest?: Buffer } {
  const leastSize = kernel.leastTextSize.value;
  const greatestSize = kernel.greatestTextSize.value;
  if (leastSize > MAX_BOUND_BYTES || greatestSize > MAX_BOUND_BYTES) return {};
  return {
    least: copy(kernel.leastText.value, leastSize),
    greatest: copy(kernel.greatestText.value, greatestSize),
  };
}
