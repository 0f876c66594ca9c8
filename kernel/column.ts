/**
 * A column of a row group. Texts and addresses keep a dictionary of the distinct tokens, and for each row
 * the number of its entry: a token is checked and converted once, when it is first met. Numbers are kept
 * as they are: parsing one is cheaper than finding it.
 */

/** Rows of a row group; as in PARQUET_OPTIONS of `src/lake-batch.ts`. */
export const GROUP_ROWS: u32 = 122880;

/** How the tokens of a column are read: the types of `src/flow-log-fields.ts`, and the log status. */
export const TEXT: i32 = 0;
export const ADDRESS: i32 = 1;
export const STATUS: i32 = 2;
/** From here on numbers. */
export const INTEGER: i32 = 3;
export const BIGINT: i32 = 4;
export const SECONDS: i32 = 5;

/** Entry of a token, or number, that the column's type does not allow. */
export const INVALID: u32 = 0xffffffff;
export const INVALID_NUMBER: i64 = -2;
/** A number that is not there: all that can be are 0 or more. */
export const NO_NUMBER: i64 = -1;

const MAX_INTEGER: u64 = 2147483647;
const MAX_BIGINT: u64 = 9223372036854775807;
/** Seconds since 1970 of the last second of the year 9999. */
const MAX_SECONDS: u64 = 253402300799;

const FIRST_ENTRIES: u32 = 64;
const TEXT_BLOCK_BYTES: u32 = 65536;

/** Writes the canonical spelling of an address at `target`; returns its length, 0 for no address. */
// @ts-ignore: decorator
@external("host", "canonicalAddress")
declare function canonicalAddress(text: usize, size: u32, target: usize): u32;

const canonicalBuffer: usize = heap.alloc(64);

/** Masks that keep the first n of eight bytes, for n from 0 to 8. */
const MASKS: usize = memory.data<u64>([
  0, 0xff, 0xffff, 0xffffff, 0xffffffff, 0xffffffffff, 0xffffffffffff, 0xffffffffffffff,
  0xffffffffffffffff,
]);

// @ts-ignore: decorator
@inline
function lowBytes(at: usize, size: u32): u64 {
  const count = <usize>min<u32>(size, 8);
  return load<u64>(at) & load<u64>(MASKS + (count << 3));
}

// @ts-ignore: decorator
@inline
function highBytes(at: usize, size: u32): u64 {
  if (size <= 8) return 0;
  const count = <usize>min<u32>(size - 8, 8);
  return load<u64>(at + 8) & load<u64>(MASKS + (count << 3));
}

/** A distinct token: 32 bytes, so that two share a cache line. */
// @ts-ignore: decorator
@unmanaged
export class Entry {
  /** First sixteen bytes of the token, zeros behind its end. */
  low: u64;
  high: u64;
  /** The token, kept in the column's text blocks, the canonical spelling behind it if it has another. */
  token: u32;
  tokenSize: u32;
  /** Size of the canonical spelling, or 0 if that is the token itself. */
  otherSize: u32;
  /** Place in the dictionary page, given while a page is made. */
  code: u32;
}

const ENTRY_SHIFT: usize = 5;

// @ts-ignore: decorator
@unmanaged
export class Column {
  /** The newest token: most columns repeat it. */
  lastLow: u64;
  lastHigh: u64;
  lastSize: u32;
  lastEntry: u32;
  type: i32;
  /** A row: the `u32` of an entry, 0 for null, or an `i64`. */
  rows: usize;
  /** Rows that there is room for. */
  capacity: u32;
  /** Rows that hold a value or null; those behind are null. */
  filled: u32;
  entries: usize;
  entriesBlock: usize;
  entryCount: u32;
  entryCapacity: u32;
  /** Open addressing: a slot is the hash (upper half) and the number of an entry; 0 is empty. */
  slots: usize;
  slotMask: u32;
  /** Blocks of kept tokens, each beginning with the address of the one before it. */
  block: usize;
  blockAt: u32;
  blockSize: u32;
  textBytes: u32;
}

export function createColumn(type: i32): Column {
  const column = changetype<Column>(heap.alloc(offsetof<Column>()));
  memory.fill(changetype<usize>(column), 0, offsetof<Column>());
  column.type = type;
  return column;
}

// @ts-ignore: decorator
@inline
export function isNumber(column: Column): bool {
  return column.type >= INTEGER;
}

/** Forgets all rows and entries; the memory is kept for what comes next. */
export function resetColumn(column: Column): void {
  column.filled = 0;
  column.lastSize = 0;
  column.textBytes = 0;
  while (column.block != 0) {
    const before = load<u32>(column.block);
    heap.free(column.block);
    column.block = before;
  }
  column.blockAt = 0;
  column.blockSize = 0;
  if (column.entries == 0) return;
  column.entryCount = 1;
  memory.fill(column.slots, 0, (<usize>column.slotMask + 1) << 3);
}

/** Gives back all memory of the column. */
export function freeColumn(column: Column): void {
  resetColumn(column);
  if (column.entries != 0) {
    heap.free(column.entriesBlock);
    heap.free(column.slots);
  }
  if (column.rows != 0) heap.free(column.rows);
  heap.free(changetype<usize>(column));
}

/** Makes room for so many rows, and nulls of those before `row` that have no value yet. */
export function fillColumn(column: Column, row: u32, capacity: u32): void {
  const shift: usize = isNumber(column) ? 3 : 2;
  if (column.capacity < capacity) {
    const rows = heap.alloc(<usize>capacity << shift);
    if (column.rows == 0) {
      if (!isNumber(column)) makeEntries(column, FIRST_ENTRIES);
    } else {
      memory.copy(rows, column.rows, <usize>column.filled << shift);
      heap.free(column.rows);
    }
    column.rows = rows;
    column.capacity = capacity;
  }
  if (column.filled < row) {
    const null_ = isNumber(column) ? 0xff : 0;
    const at = column.rows + (<usize>column.filled << shift);
    memory.fill(at, <u8>null_, <usize>(row - column.filled) << shift);
    column.filled = row;
  }
}

function makeEntries(column: Column, capacity: u32): void {
  column.entriesBlock = heap.alloc((<usize>capacity << ENTRY_SHIFT) + 64);
  column.entries = (column.entriesBlock + 63) & ~63;
  column.entryCapacity = capacity;
  column.slotMask = capacity * 2 - 1;
  const slotBytes = (<usize>column.slotMask + 1) << 3;
  column.slots = heap.alloc(slotBytes);
  memory.fill(column.slots, 0, slotBytes);
  if (column.entryCount == 0) column.entryCount = 1;
}

// @ts-ignore: decorator
@inline
export function entryAt(column: Column, index: u32): Entry {
  return changetype<Entry>(column.entries + (<usize>index << ENTRY_SHIFT));
}

// @ts-ignore: decorator
@inline
export function textOf(entry: Entry): usize {
  return entry.otherSize == 0 ? entry.token : entry.token + entry.tokenSize;
}

// @ts-ignore: decorator
@inline
export function textSizeOf(entry: Entry): u32 {
  return entry.otherSize == 0 ? entry.tokenSize : entry.otherSize;
}

function hashOf(low: u64, high: u64, at: usize, size: u32): u32 {
  let hash = (low ^ rotl<u64>(high, 29) ^ size) * 0x9e3779b97f4a7c15;
  for (let from: u32 = 16; from < size; from += 8) {
    hash = (rotl<u64>(hash, 27) ^ lowBytes(at + from, size - from)) * 0x9e3779b97f4a7c15;
  }
  // Low bits of a product know nothing of the high bits of its factors: the second one brings them down.
  hash = (hash ^ (hash >> 32)) * 0xd6e8feb86659fd93;
  return <u32>(hash >> 32);
}

/** The entry of the token, made if it is new; INVALID if the type of the column does not allow it. */
// @ts-ignore: decorator
@inline
export function entryOf(column: Column, at: usize, size: u32): u32 {
  const low = lowBytes(at, size);
  const high = highBytes(at, size);
  if (
    size == column.lastSize &&
    low == column.lastLow &&
    high == column.lastHigh &&
    (size <= 16 || hasSameRest(at, entryAt(column, column.lastEntry).token, size))
  ) {
    return column.lastEntry;
  }
  if (size == 1 && low == 0x2d) return 0;
  return findEntry(column, at, size, low, high);
}

// @ts-ignore: decorator
@inline
function hasSameRest(a: usize, b: usize, size: u32): bool {
  for (let from: u32 = 16; from < size; from += 8) {
    if (lowBytes(a + from, size - from) != lowBytes(b + from, size - from)) return false;
  }
  return true;
}

function findEntry(column: Column, at: usize, size: u32, low: u64, high: u64): u32 {
  const hash = hashOf(low, high, at, size);
  let place = hash & column.slotMask;
  for (;;) {
    const slot = load<u64>(column.slots + (<usize>place << 3));
    if (slot == 0) break;
    if (<u32>(slot >> 32) == hash) {
      const entry = entryAt(column, <u32>slot);
      if (
        entry.low == low &&
        entry.high == high &&
        entry.tokenSize == size &&
        (size <= 16 || hasSameRest(at, entry.token, size))
      ) {
        remember(column, <u32>slot, size, low, high);
        return <u32>slot;
      }
    }
    place = (place + 1) & column.slotMask;
  }
  return addEntry(column, at, size, low, high, hash);
}

// @ts-ignore: decorator
@inline
function remember(column: Column, index: u32, size: u32, low: u64, high: u64): void {
  column.lastLow = low;
  column.lastHigh = high;
  column.lastSize = size;
  column.lastEntry = index;
}

function addEntry(column: Column, at: usize, size: u32, low: u64, high: u64, hash: u32): u32 {
  let otherSize: u32 = 0;
  if (column.type == ADDRESS) {
    if (!isDottedAddress(at, size)) {
      otherSize = size > 48 ? 0 : canonicalAddress(at, size, canonicalBuffer);
      if (otherSize == 0) return INVALID;
    }
  } else if (column.type == STATUS) {
    if (!isLogStatus(low, size)) return INVALID;
  }
  if (column.entryCount == column.entryCapacity) growEntries(column);
  const index = column.entryCount;
  column.entryCount = index + 1;
  const entry = entryAt(column, index);
  entry.low = low;
  entry.high = high;
  entry.tokenSize = size;
  entry.otherSize = otherSize;
  entry.token = <u32>keepText(column, at, size, otherSize);
  column.textBytes += size + otherSize + 4;
  setSlot(column, hash, index);
  remember(column, index, size, low, high);
  return index;
}

/** True for OK, NODATA and SKIPDATA. */
function isLogStatus(low: u64, size: u32): bool {
  if (size == 2) return isOk(low);
  return (size == 6 && isNodata(low)) || (size == 8 && low == 0x4154414450494b53);
}

// @ts-ignore: decorator
@inline
export function isOk(low: u64): bool {
  return low == 0x4b4f;
}

// @ts-ignore: decorator
@inline
export function isNodata(low: u64): bool {
  return low == 0x415441444f4e;
}

// @ts-ignore: decorator
@inline
function setSlot(column: Column, hash: u32, index: u32): void {
  let place = hash & column.slotMask;
  while (load<u64>(column.slots + (<usize>place << 3)) != 0) place = (place + 1) & column.slotMask;
  store<u64>(column.slots + (<usize>place << 3), (<u64>hash << 32) | index);
}

function growEntries(column: Column): void {
  const entries = column.entries;
  const entriesBlock = column.entriesBlock;
  const slots = column.slots;
  const slotCount = column.slotMask + 1;
  makeEntries(column, column.entryCapacity * 2);
  memory.copy(column.entries, entries, <usize>column.entryCount << ENTRY_SHIFT);
  for (let place: u32 = 0; place < slotCount; place++) {
    const slot = load<u64>(slots + (<usize>place << 3));
    if (slot != 0) setSlot(column, <u32>(slot >> 32), <u32>slot);
  }
  heap.free(entriesBlock);
  heap.free(slots);
}

/** Copies a token, and its canonical spelling, to where they stay until the column is reset. */
function keepText(column: Column, at: usize, size: u32, otherSize: u32): usize {
  // 16 bytes more, as texts are read eight at a time.
  const total = size + otherSize + 16;
  if (column.block == 0 || column.blockAt + total > column.blockSize) {
    const blockSize = total + 16 > TEXT_BLOCK_BYTES ? total + 16 : TEXT_BLOCK_BYTES;
    const block = heap.alloc(blockSize);
    store<u32>(block, <u32>column.block);
    column.block = block;
    column.blockAt = 8;
    column.blockSize = blockSize;
  }
  const kept = column.block + column.blockAt;
  memory.copy(kept, at, size);
  if (otherSize > 0) memory.copy(kept + size, canonicalBuffer, otherSize);
  column.blockAt += size + otherSize;
  return kept;
}

/** The number of a token, NO_NUMBER for `-`; INVALID_NUMBER if the type does not allow it. */
// @ts-ignore: decorator
@inline
export function numberOf(column: Column, at: usize, size: u32): i64 {
  if (size == 1 && load<u8>(at) == 0x2d) return NO_NUMBER;
  const type = column.type;
  if (size <= 8) {
    const value = shortNumber(at, size);
    return type == SECONDS && value >= 0 ? value * 1000000 : value;
  }
  const limit = type == INTEGER ? MAX_INTEGER : type == BIGINT ? MAX_BIGINT : MAX_SECONDS;
  const value = longNumber(at, size, limit);
  return type == SECONDS && value >= 0 ? value * 1000000 : value;
}

/** Up to eight digits at once; all of them are below every limit. */
// @ts-ignore: decorator
@inline
function shortNumber(at: usize, size: u32): i64 {
  const shift = <u64>(64 - (size << 3));
  // Digits moved to the end of the eight bytes, with '0' before them.
  const text = (load<u64>(at) << shift) | (size == 8 ? 0 : 0x3030303030303030 >> <u64>(size << 3));
  const digits = text - 0x3030303030303030;
  if (((text + 0x4646464646464646) | digits) & 0x8080808080808080) return INVALID_NUMBER;
  let value = (digits * 10 + (digits >> 8)) & 0x00ff00ff00ff00ff;
  value = (value * 100 + (value >> 16)) & 0x0000ffff0000ffff;
  value = (value * 10000 + (value >> 32)) & 0x00000000ffffffff;
  return <i64>value;
}

/** The number that up to nineteen digits stand for. */
function longNumber(at: usize, size: u32, limit: u64): i64 {
  if (size > 19) return INVALID_NUMBER;
  let value: u64 = 0;
  for (let index: u32 = 0; index < size; index++) {
    const digit = <u32>load<u8>(at + index) - 48;
    if (digit > 9) return INVALID_NUMBER;
    value = value * 10 + digit;
  }
  return value > limit ? INVALID_NUMBER : <i64>value;
}

/** True for four decimal numbers up to 255 without leading zeros: already canonical. */
function isDottedAddress(at: usize, size: u32): bool {
  if (size < 7 || size > 15) return false;
  let parts: i32 = 0;
  let number: u32 = 0;
  let digits: i32 = 0;
  for (let index: u32 = 0; index < size; index++) {
    const byte = <u32>load<u8>(at + index);
    if (byte == 0x2e) {
      if (digits == 0) return false;
      parts++;
      number = 0;
      digits = 0;
      continue;
    }
    const digit = byte - 48;
    if (digit > 9 || (digits > 0 && number == 0)) return false;
    number = number * 10 + digit;
    digits++;
    if (number > 255) return false;
  }
  return parts == 3 && digits > 0;
}
