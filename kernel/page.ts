/**
 * Pages of a column chunk, as Apache Parquet wants them: a dictionary page where it saves bytes, and one
 * data page of definition levels and values (data page version 1), both compressed with Snappy.
 */
import { writeDeltas, writeHybrid, writeVarint } from './bits';
import { Column, Entry, entryAt, INTEGER, isNumber, NO_NUMBER, textOf, textSizeOf } from './column';
import { createRoom, roomFor } from './room';
import { compress, compressedBound } from './snappy';

const NO_CODE: u32 = 0xffffffff;

/** Encodings of a data page, by Parquet's numbers. */
const PLAIN: i32 = 0;
const DELTA_BINARY_PACKED: i32 = 5;
const RLE_DICTIONARY: i32 = 8;

/** Where the two pages stand, compressed, and how large they were. Sizes are 0 for no dictionary. */
export let dictionaryAt: usize = 0;
export let dictionarySize: u32 = 0;
export let dictionaryRawSize: u32 = 0;
export let dictionaryCount: u32 = 0;
export let dataAt: usize = 0;
export let dataSize: u32 = 0;
export let dataRawSize: u32 = 0;
/** Encoding of the values of the data page. */
export let encoding: i32 = 0;
export let nullCount: u32 = 0;
/** Least and greatest value: numbers, or the address and size of texts. */
export let least: i64 = 0;
export let greatest: i64 = 0;
export let leastText: usize = 0;
export let leastTextSize: u32 = 0;
export let greatestText: usize = 0;
export let greatestTextSize: u32 = 0;

const codesRoom = createRoom();
const orderRoom = createRoom();
const levelsRoom = createRoom();
const valuesRoom = createRoom();
const rawRoom = createRoom();
const packedRoom = createRoom();

/** Makes the pages of the first `rowCount` rows, of which only `filled` may hold values. */
export function writePage(column: Column, filled: u32, rowCount: u32): bool {
  if (column.rows == 0) return false;
  return isNumber(column)
    ? writeNumbers(column, filled, rowCount)
    : writeTexts(column, filled, rowCount);
}

function writeTexts(column: Column, filled: u32, rowCount: u32): bool {
  const codes = roomFor(codesRoom, <usize>rowCount << 2);
  const order = roomFor(orderRoom, <usize>column.entryCount << 2);
  const levels = roomFor(levelsRoom, <usize>rowCount << 2);
  for (let index: u32 = 1; index < column.entryCount; index++) entryAt(column, index).code = NO_CODE;

  // Only entries that a row uses go into the page, in the order of their first use.
  let valueCount: u32 = 0;
  let distinct: u32 = 0;
  let plainBytes: u64 = 0;
  let dictionaryBytes: u64 = 0;
  for (let row: u32 = 0; row < filled; row++) {
    const index = load<u32>(column.rows + (<usize>row << 2));
    store<u32>(levels + (<usize>row << 2), index == 0 ? 0 : 1);
    if (index == 0) continue;
    const entry = entryAt(column, index);
    if (entry.code == NO_CODE) {
      entry.code = distinct;
      store<u32>(order + (<usize>distinct << 2), index);
      distinct += 1;
      dictionaryBytes += textSizeOf(entry) + 4;
    }
    plainBytes += textSizeOf(entry) + 4;
    store<u32>(codes + (<usize>valueCount << 2), entry.code);
    valueCount += 1;
  }
  if (valueCount == 0) return false;
  nullCount = rowCount - valueCount;
  findTextRange(column, order, distinct);

  const bitWidth = bitWidthOf(distinct);
  const indexBytes = (<u64>valueCount * bitWidth) / 8;
  const isPlain = plainBytes <= dictionaryBytes + indexBytes;
  makeRoom(<usize>plainBytes + <usize>dictionaryBytes + <usize>indexBytes, rowCount);

  startPages();
  if (!isPlain) {
    let to = raw;
    for (let code: u32 = 0; code < distinct; code++) {
      to = writeText(entryAt(column, load<u32>(order + (<usize>code << 2))), to);
    }
    endDictionary(distinct, to);
  }
  let to = writeLevels(levels, filled, rowCount, raw);
  if (isPlain) {
    for (let value: u32 = 0; value < valueCount; value++) {
      const code = load<u32>(codes + (<usize>value << 2));
      to = writeText(entryAt(column, load<u32>(order + (<usize>code << 2))), to);
    }
    encoding = PLAIN;
  } else {
    store<u8>(to, <u8>bitWidth);
    to = writeHybrid(codes, valueCount, bitWidth, to + 1);
  }
  endData(to);
  return true;
}

// @ts-ignore: decorator
@inline
function writeText(entry: Entry, to: usize): usize {
  const size = textSizeOf(entry);
  store<u32>(to, size);
  memory.copy(to + 4, textOf(entry), size);
  return to + 4 + size;
}

/** Distinct numbers beyond which a dictionary is no gain over differences. */
const MAX_DISTINCT: u32 = 4096;
const NUMBER_SLOTS: u32 = 16384;
/** A slot is an `i64` and the code of it plus one, 16 bytes in all. */
const numberSlots: usize = heap.alloc(<usize>NUMBER_SLOTS << 4);

function writeNumbers(column: Column, filled: u32, rowCount: u32): bool {
  const codes = roomFor(codesRoom, <usize>rowCount << 2);
  const values = roomFor(valuesRoom, <usize>rowCount << 3);
  const levels = roomFor(levelsRoom, <usize>rowCount << 2);
  const order = roomFor(orderRoom, <usize>(MAX_DISTINCT + 1) << 3);
  memory.fill(numberSlots, 0, <usize>NUMBER_SLOTS << 4);

  let valueCount: u32 = 0;
  let distinct: u32 = 0;
  let last: i64 = NO_NUMBER;
  let lastCode: u32 = 0;
  least = i64.MAX_VALUE;
  greatest = i64.MIN_VALUE;
  for (let row: u32 = 0; row < filled; row++) {
    const value = load<i64>(column.rows + (<usize>row << 3));
    store<u32>(levels + (<usize>row << 2), value == NO_NUMBER ? 0 : 1);
    if (value == NO_NUMBER) continue;
    store<i64>(values + (<usize>valueCount << 3), value);
    if (value < least) least = value;
    if (value > greatest) greatest = value;
    if (distinct <= MAX_DISTINCT) {
      if (value != last) {
        last = value;
        lastCode = codeOfNumber(value, distinct);
        if (lastCode == distinct) {
          store<i64>(order + (<usize>distinct << 3), value);
          distinct += 1;
        }
      }
      store<u32>(codes + (<usize>valueCount << 2), lastCode);
    }
    valueCount += 1;
  }
  if (valueCount == 0) return false;
  nullCount = rowCount - valueCount;
  const width: u32 = column.type == INTEGER ? 4 : 8;
  makeRoom(<usize>valueCount * 9 + <usize>(MAX_DISTINCT * 8), rowCount);

  startPages();
  const bitWidth = bitWidthOf(distinct);
  const hasDictionary =
    distinct <= MAX_DISTINCT &&
    distinct * width + (valueCount * bitWidth) / 8 < valueCount * width;
  if (hasDictionary) {
    let to = raw;
    for (let code: u32 = 0; code < distinct; code++) {
      to = writeNumber(load<i64>(order + (<usize>code << 3)), width, to);
    }
    endDictionary(distinct, to);
  }
  let to = writeLevels(levels, filled, rowCount, raw);
  if (hasDictionary) {
    store<u8>(to, <u8>bitWidth);
    to = writeHybrid(codes, valueCount, bitWidth, to + 1);
  } else {
    to = writeDeltas(values, valueCount, width == 4, to);
    encoding = DELTA_BINARY_PACKED;
  }
  endData(to);
  return true;
}

/** The code of a number: that of its slot, or the next one, which takes a slot. */
// @ts-ignore: decorator
@inline
function codeOfNumber(value: i64, next: u32): u32 {
  let slot = slotOfNumber(<u32>((<u64>value * 0x9e3779b97f4a7c15) >> 50));
  let code = load<u32>(slot, 8);
  while (code != 0 && load<i64>(slot) != value) {
    slot = slot == numberSlots + (<usize>(NUMBER_SLOTS - 1) << 4) ? numberSlots : slot + 16;
    code = load<u32>(slot, 8);
  }
  if (code != 0) return code - 1;
  store<i64>(slot, value);
  store<u32>(slot, next + 1, 8);
  return next;
}

// @ts-ignore: decorator
@inline
function slotOfNumber(place: u32): usize {
  return numberSlots + (<usize>place << 4);
}

// @ts-ignore: decorator
@inline
function writeNumber(value: i64, width: u32, to: usize): usize {
  if (width == 4) store<i32>(to, <i32>value);
  else store<i64>(to, value);
  return to + width;
}

// @ts-ignore: decorator
@inline
function bitWidthOf(distinct: u32): u32 {
  return distinct <= 1 ? 0 : 32 - clz<u32>(distinct - 1);
}

let raw: usize = 0;
let packed: usize = 0;

/** Room for the values of a page, with its levels and what the encodings add. */
function makeRoom(valueBytes: usize, rowCount: u32): void {
  raw = roomFor(rawRoom, valueBytes + <usize>rowCount + 8192);
  packed = roomFor(packedRoom, compressedBound(<u32>rawRoom.size) * 2);
}

function startPages(): void {
  encoding = RLE_DICTIONARY;
  dictionarySize = 0;
  dictionaryRawSize = 0;
  dictionaryCount = 0;
  dictionaryAt = packed;
}

function endDictionary(count: u32, to: usize): void {
  dictionaryCount = count;
  dictionaryRawSize = <u32>(to - raw);
  dictionarySize = compress(raw, dictionaryRawSize, packed);
}

function endData(to: usize): void {
  dataRawSize = <u32>(to - raw);
  dataAt = packed + dictionarySize;
  dataSize = compress(raw, dataRawSize, dataAt);
}

/** Definition levels (1 for a value, 0 for null) with their size before them. */
function writeLevels(levels: usize, filled: u32, rowCount: u32, to: usize): usize {
  let at = to + 4;
  if (nullCount == 0) {
    at = writeVarint(rowCount << 1, at);
    store<u8>(at, 1);
    at += 1;
  } else {
    memory.fill(levels + (<usize>filled << 2), 0, <usize>(rowCount - filled) << 2);
    at = writeHybrid(levels, rowCount, 1, at);
  }
  store<u32>(to, <u32>(at - to - 4));
  return at;
}

function findTextRange(column: Column, order: usize, distinct: u32): void {
  for (let code: u32 = 0; code < distinct; code++) {
    const entry = entryAt(column, load<u32>(order + (<usize>code << 2)));
    const text = textOf(entry);
    const size = textSizeOf(entry);
    if (code == 0 || compareTexts(text, size, leastText, leastTextSize) < 0) {
      leastText = text;
      leastTextSize = size;
    }
    if (code == 0 || compareTexts(text, size, greatestText, greatestTextSize) > 0) {
      greatestText = text;
      greatestTextSize = size;
    }
  }
}

/** Order of bytes: below, at or above 0. */
function compareTexts(a: usize, aSize: u32, b: usize, bSize: u32): i32 {
  const order = memory.compare(a, b, aSize < bSize ? aSize : bSize);
  return order != 0 ? order : <i32>aSize - <i32>bSize;
}

/** Makes the data page of line numbers (`u32` a row), which mostly rise by one. */
export function writeLineNumberPage(lineNumbers: usize, rowCount: u32): void {
  const values = roomFor(valuesRoom, <usize>rowCount << 3);
  least = i64.MAX_VALUE;
  greatest = i64.MIN_VALUE;
  for (let row: u32 = 0; row < rowCount; row++) {
    const value = <i64>load<u32>(lineNumbers + (<usize>row << 2));
    store<i64>(values + (<usize>row << 3), value);
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  nullCount = 0;
  makeRoom(<usize>rowCount * 9, rowCount);
  startPages();
  encoding = DELTA_BINARY_PACKED;
  endData(writeDeltas(values, rowCount, false, writeLevels(0, rowCount, rowCount, raw)));
}
