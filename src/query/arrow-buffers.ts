/**
 * The buffers of an Arrow column that is being built: they double when full, and are used again for
 * the next batch.
 */
import {
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBValue,
  type DuckDBVector,
} from '@duckdb/node-api';
import * as arrow from 'apache-arrow';

/** Collects one column of one batch. `finish` empties it; its data must be used before more is added. */
export type ColumnBuilder = {
  type: arrow.DataType;
  append(value: DuckDBValue): void;
  /** Appends the first items of a vector at once; false, and nothing appended, if it cannot. */
  appendVector?(vector: DuckDBVector, count: number): boolean;
  sizeBytes(): number;
  finish(): arrow.Data;
};

/** Values that a new buffer holds. */
export const FIRST_CAPACITY = 1024;

/** What holds values of one size. */
export type Values =
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** The buffer, or one at least twice as long that begins with its content. */
export function grown<Array extends Values>(
  old: Array,
  needed: number,
  create: (size: number) => Array,
): Array {
  if (old.length >= needed) return old;
  const next = create(Math.max(needed, old.length * 2));
  new Uint8Array(next.buffer).set(new Uint8Array(old.buffer, old.byteOffset, old.byteLength));
  return next;
}

/** The bit at a place, from the least significant of the first byte. */
export function bitAt(bits: Uint8Array, index: number): boolean {
  return (((bits[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
}

/** Null bits, from the least significant; set for values, as Arrow has them. */
export function createValidity() {
  let bits = new Uint8Array(FIRST_CAPACITY / 8);
  let length = 0;
  let nullCount = 0;
  return {
    push(isValid: boolean): void {
      const index = length >> 3;
      if ((length & 7) === 0) {
        bits = grown(bits, index + 1, (size) => new Uint8Array(size));
        bits[index] = 0;
      }
      if (isValid) bits[index] = (bits[index] ?? 0) | (1 << (length & 7));
      else nullCount += 1;
      length += 1;
    },
    /** As many pushes as `count`, of bits in the same order; null for all valid. */
    pushBits(count: number, added: Uint8Array | null): void {
      if ((length & 7) !== 0) {
        for (let at = 0; at < count; at += 1) this.push(!added || bitAt(added, at));
        return;
      }
      const start = length >> 3;
      const byteCount = (count + 7) >> 3;
      bits = grown(bits, start + byteCount, (size) => new Uint8Array(size));
      if (added) bits.set(added.subarray(0, byteCount), start);
      else bits.fill(0xff, start, start + byteCount);
      // What comes next is added to the last byte.
      const last = start + byteCount - 1;
      if ((count & 7) !== 0) bits[last] = (bits[last] ?? 0) & ((1 << (count & 7)) - 1);
      for (let at = 0; added && at < count; at += 1) if (!bitAt(added, at)) nullCount += 1;
      length += count;
    },
    length: () => length,
    take() {
      const taken = {
        length,
        nullCount,
        nullBitmap: nullCount > 0 ? bits.slice(0, (length + 7) >> 3) : null,
      };
      length = 0;
      nullCount = 0;
      return taken;
    },
  };
}

/** The stored number behind a value of DuckDB: days, micros, scaled integers. */
export function storedNumber(value: DuckDBValue): number | bigint {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue) {
    return value.micros;
  }
  if (value instanceof DuckDBDateValue) return value.days;
  if (value instanceof DuckDBTimestampSecondsValue) return value.seconds;
  if (value instanceof DuckDBTimestampMillisecondsValue) return value.millis;
  if (value instanceof DuckDBTimestampNanosecondsValue) return value.nanos;
  if (value instanceof DuckDBDecimalValue) return value.value;
  throw new Error(`unexpected value ${String(value)}`);
}

/** Offsets of a column of variable length, one more than it has values. */
export function createOffsets() {
  let offsets = new Int32Array(FIRST_CAPACITY);
  return {
    set(index: number, offset: number): void {
      if (index >= offsets.length) {
        offsets = grown(offsets, index + 1, (size) => new Int32Array(size));
      }
      offsets[index] = offset;
    },
    take: (length: number): Int32Array => offsets.subarray(0, length + 1),
  };
}

/** `arrow.makeData` is typed for each type alone; a column's type is known only when it runs. */
export function makeColumn(props: {
  type: arrow.DataType;
  length: number;
  nullCount: number;
  nullBitmap: Uint8Array | null;
  data?: Values;
  valueOffsets?: Int32Array;
  child?: arrow.Data;
  children?: arrow.Data[];
}): arrow.Data {
  return arrow.makeData(props as unknown as Parameters<typeof arrow.makeData>[0]);
}
