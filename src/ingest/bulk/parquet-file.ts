/**
 * A Parquet file made of ready pages: the layout of "Apache Parquet, File Format", with the schema that
 * the engine itself writes for the same table, so that files of both are read together.
 *
 * A column that no row has a value for costs a page of a few bytes and counts its nulls in the footer.
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Column } from '../../tables.ts';
import { TOOL_VERSION } from '../../version.ts';
import { type Chunk, chunkMetadata, emptyPages, pagesOf } from './parquet-pages.ts';
import { leavesOf, schemaOf } from './parquet-schema.ts';
import { encodeStruct, type ThriftValue } from './thrift.ts';

const MAGIC = Buffer.from('PAR1');

export type ParquetFile = {
  path: string;
  /** Writes a row group; `chunks` go by column name, and those left out are null in every row. */
  writeGroup(rowCount: number, chunks: ReadonlyMap<string, Chunk>): void;
  /** Writes the footer. The file is of no use before. */
  close(): void;
};

/** Begins a file with these columns, all optional. MAP columns must stay without values. */
export function createParquetFile(path: string, columns: readonly Column[]): ParquetFile {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const file = openSync(path, 'wx', 0o600);
  const groups: ThriftValue[] = [];
  let position = 0;
  let rowTotal = 0;
  const write = (bytes: Uint8Array): void => {
    for (let from = 0; from < bytes.length; ) from += writeSync(file, bytes, from);
    position += bytes.length;
  };
  write(MAGIC);
  return {
    path,
    writeGroup(rowCount, chunks) {
      const start = position;
      let rawSize = 0;
      const metas: ThriftValue[] = [];
      for (const column of columns) {
        for (const leaf of leavesOf(column)) {
          const chunk = chunks.get(column.name);
          const pages = chunk
            ? pagesOf(chunk, rowCount)
            : { ...emptyPages(leaf, rowCount), dictionary: undefined };
          const at = position;
          for (const part of pages.parts) write(part);
          rawSize += pages.rawSize;
          metas.push(chunkMetadata(leaf, chunk, rowCount, at, position - at, pages));
        }
      }
      groups.push({
        struct: [
          [1, { list: metas }],
          [2, { i64: rawSize }],
          [3, { i64: rowCount }],
          [5, { i64: start }],
          [6, { i64: position - start }],
          [7, { i16: Math.min(groups.length, 32767) }],
        ],
      });
      rowTotal += rowCount;
    },
    close() {
      const leafCount = columns.reduce((count, column) => count + leavesOf(column).length, 0);
      const footer = encodeStruct([
        [1, { i32: 1 }],
        [2, { list: schemaOf(columns) }],
        [3, { i64: rowTotal }],
        [4, { list: groups }],
        [6, { binary: `flowproof version ${TOOL_VERSION}` }],
        [7, { list: Array.from({ length: leafCount }, () => ({ struct: [[1, { struct: [] }]] })) }],
      ]);
      write(footer);
      const size = Buffer.alloc(4);
      size.writeUInt32LE(footer.length);
      write(size);
      write(MAGIC);
      closeSync(file);
    },
  };
}
