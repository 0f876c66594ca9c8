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
import { encodeStruct, type ThriftStruct, type ThriftValue } from './thrift.ts';

const MAGIC = Buffer.from('PAR1');

const PLAIN = 0;
const RLE = 3;
const UNCOMPRESSED = 0;
const SNAPPY = 1;
const DATA_PAGE = 0;
const DICTIONARY_PAGE = 2;
const OPTIONAL = 1;
const REPEATED = 2;
const REQUIRED = 0;

type Physical = { type: number; converted: number; logical: ThriftStruct };

/** Physical type, converted type and logical type, by the engine's name of the type. */
const PHYSICAL: Readonly<Record<string, Physical>> = {
  VARCHAR: { type: 6, converted: 0, logical: [[1, { struct: [] }]] },
  INTEGER: { type: 1, converted: 17, logical: integerType(32) },
  BIGINT: { type: 2, converted: 18, logical: integerType(64) },
  TIMESTAMP: {
    type: 2,
    converted: 10,
    logical: [
      [
        8,
        {
          struct: [
            [1, { boolean: false }],
            [2, { struct: [[2, { struct: [] }]] }],
          ],
        },
      ],
    ],
  },
};

function integerType(bits: number): ThriftStruct {
  return [
    [
      10,
      {
        struct: [
          [1, { byte: bits }],
          [2, { boolean: true }],
        ],
      },
    ],
  ];
}

/** A page as it is stored. */
export type Page = { bytes: Uint8Array; rawSize: number };

/** The pages of one column of a row group. */
export type Chunk = {
  dictionary?: Page & { valueCount: number };
  data: Page;
  /** Encoding of the data page, by Parquet's number. */
  encoding: number;
  nullCount: number;
  /** Least and greatest value as PLAIN encoding has them, less the size of texts. */
  least?: Uint8Array;
  greatest?: Uint8Array;
};

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

type Leaf = {
  path: readonly string[];
  type: number;
  /** Bits of a definition level, and whether the leaf stands in a repeated group. */
  levelBits: number;
  isRepeated: boolean;
};

function leavesOf(column: Column): Leaf[] {
  if (column.type.startsWith('MAP')) {
    return ['key', 'value'].map((name) => ({
      path: [column.name, 'key_value', name],
      type: 6,
      levelBits: 2,
      isRepeated: true,
    }));
  }
  return [{ path: [column.name], type: physicalOf(column).type, levelBits: 1, isRepeated: false }];
}

function physicalOf(column: Column): Physical {
  const physical = PHYSICAL[column.type];
  if (!physical) throw new Error(`no Parquet type for ${column.name} ${column.type}`);
  return physical;
}

function schemaOf(columns: readonly Column[]): ThriftValue[] {
  const elements: ThriftStruct[] = [
    [
      [4, { binary: 'flowproof' }],
      [5, { i32: columns.length }],
    ],
  ];
  for (const column of columns) {
    if (column.type.startsWith('MAP')) {
      elements.push(
        [
          [3, { i32: OPTIONAL }],
          [4, { binary: column.name }],
          [5, { i32: 1 }],
          [6, { i32: 1 }],
          [10, { struct: [[2, { struct: [] }]] }],
        ],
        [
          [3, { i32: REPEATED }],
          [4, { binary: 'key_value' }],
          [5, { i32: 2 }],
        ],
        leafElement('key', REQUIRED, PHYSICAL.VARCHAR as Physical),
        leafElement('value', OPTIONAL, PHYSICAL.VARCHAR as Physical),
      );
    } else {
      elements.push(leafElement(column.name, OPTIONAL, physicalOf(column)));
    }
  }
  return elements.map((struct) => ({ struct }));
}

function leafElement(name: string, repetition: number, physical: Physical): ThriftStruct {
  return [
    [1, { i32: physical.type }],
    [3, { i32: repetition }],
    [4, { binary: name }],
    [6, { i32: physical.converted }],
    [10, { struct: physical.logical }],
  ];
}

type Pages = { parts: Uint8Array[]; rawSize: number; dataOffset: number };

function pagesOf(chunk: Chunk, rowCount: number): Pages {
  const parts: Uint8Array[] = [];
  let rawSize = 0;
  let dataOffset = 0;
  const { dictionary, data } = chunk;
  if (dictionary) {
    const header = encodeStruct([
      [1, { i32: DICTIONARY_PAGE }],
      [2, { i32: dictionary.rawSize }],
      [3, { i32: dictionary.bytes.length }],
      [
        7,
        {
          struct: [
            [1, { i32: dictionary.valueCount }],
            [2, { i32: PLAIN }],
          ],
        },
      ],
    ]);
    parts.push(header, dictionary.bytes);
    rawSize += header.length + dictionary.rawSize;
    dataOffset = header.length + dictionary.bytes.length;
  }
  const header = dataPageHeader(data.rawSize, data.bytes.length, rowCount, chunk.encoding);
  parts.push(header, data.bytes);
  return { parts, rawSize: rawSize + header.length + data.rawSize, dataOffset };
}

/** Pages of a column without values: levels of 0 in one run, for repetition too in a map. */
function emptyPages(leaf: Leaf, rowCount: number): Pages {
  const run = Buffer.concat([varint(rowCount * 2), Buffer.from([0])]);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(run.length);
  const levels = Buffer.concat([size, run]);
  const data = leaf.isRepeated ? Buffer.concat([levels, levels]) : levels;
  const header = dataPageHeader(data.length, data.length, rowCount, PLAIN);
  return { parts: [header, data], rawSize: header.length + data.length, dataOffset: 0 };
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

function dataPageHeader(rawSize: number, size: number, rowCount: number, encoding: number): Buffer {
  return encodeStruct([
    [1, { i32: DATA_PAGE }],
    [2, { i32: rawSize }],
    [3, { i32: size }],
    [
      5,
      {
        struct: [
          [1, { i32: rowCount }],
          [2, { i32: encoding }],
          [3, { i32: RLE }],
          [4, { i32: RLE }],
        ],
      },
    ],
  ]);
}

function chunkMetadata(
  leaf: Leaf,
  chunk: Chunk | undefined,
  rowCount: number,
  at: number,
  size: number,
  pages: Pages,
): ThriftValue {
  const encodings = [...new Set([RLE, PLAIN, chunk?.encoding ?? PLAIN])];
  return {
    struct: [
      [2, { i64: at }],
      [
        3,
        {
          struct: [
            [1, { i32: leaf.type }],
            [2, { list: encodings.map((i32) => ({ i32 })) }],
            [3, { list: leaf.path.map((binary) => ({ binary })) }],
            [4, { i32: chunk ? SNAPPY : UNCOMPRESSED }],
            [5, { i64: rowCount }],
            [6, { i64: pages.rawSize }],
            [7, { i64: size }],
            [9, { i64: at + pages.dataOffset }],
            [11, chunk?.dictionary ? { i64: at } : undefined],
            [
              12,
              {
                struct: [
                  [3, { i64: chunk ? chunk.nullCount : rowCount }],
                  [5, chunk?.greatest ? { binary: chunk.greatest } : undefined],
                  [6, chunk?.least ? { binary: chunk.least } : undefined],
                ],
              },
            ],
          ],
        },
      ],
    ],
  };
}
