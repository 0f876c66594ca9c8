/** Pages of a column chunk and what the footer says of them ("Apache Parquet, File Format"). */
import type { Leaf } from './parquet-schema.ts';
import { encodeStruct, type ThriftValue } from './thrift.ts';

const PLAIN = 0;
const RLE = 3;
const UNCOMPRESSED = 0;
const SNAPPY = 1;
const DATA_PAGE = 0;
const DICTIONARY_PAGE = 2;

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

/** Headers and pages in the order of the file; `dataOffset` is from the first of them. */
export type Pages = { parts: Uint8Array[]; rawSize: number; dataOffset: number };

export function pagesOf(chunk: Chunk, rowCount: number): Pages {
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
export function emptyPages(leaf: Leaf, rowCount: number): Pages {
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

/** The footer's entry of a chunk, whose pages begin at `at`. */
export function chunkMetadata(
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
