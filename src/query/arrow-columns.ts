/**
 * What a column of a result becomes in Arrow, and the builders that collect its values.
 *
 * Integers, floats, booleans, dates, timestamps (unit as in DuckDB, `UTC` for those with a zone),
 * decimals, text, bytes, lists, structs and maps keep their types. HUGEINT becomes decimal(38, 0).
 * Everything else (time, interval, uuid, enum, bit, union, variant, ...) is its text.
 */
import {
  type DuckDBArrayType,
  DuckDBArrayValue,
  type DuckDBDecimalType,
  type DuckDBListType,
  DuckDBListValue,
  type DuckDBMapType,
  DuckDBMapValue,
  type DuckDBStructType,
  DuckDBStructValue,
  type DuckDBType,
  DuckDBTypeId,
} from '@duckdb/node-api';
import * as arrow from 'apache-arrow';
import { FlowproofError } from '../errors.ts';
import {
  bitAt,
  type ColumnBuilder,
  createOffsets,
  createValidity,
  FIRST_CAPACITY,
  grown,
  makeColumn,
  storedNumber,
  type Values,
} from './arrow-buffers.ts';
import { bytesBuilder } from './arrow-bytes.ts';
import { itemsOf } from './arrow-vectors.ts';

const MAX_DECIMAL = 10n ** 38n;

type FixedType = readonly [new () => arrow.DataType, new (size: number) => Values];

/** Types whose values all have one size: what they become, and what holds them. */
const FIXED: ReadonlyMap<DuckDBTypeId, FixedType> = new Map<DuckDBTypeId, FixedType>([
  [DuckDBTypeId.TINYINT, [arrow.Int8, Int8Array]],
  [DuckDBTypeId.SMALLINT, [arrow.Int16, Int16Array]],
  [DuckDBTypeId.INTEGER, [arrow.Int32, Int32Array]],
  [DuckDBTypeId.BIGINT, [arrow.Int64, BigInt64Array]],
  [DuckDBTypeId.UTINYINT, [arrow.Uint8, Uint8Array]],
  [DuckDBTypeId.USMALLINT, [arrow.Uint16, Uint16Array]],
  [DuckDBTypeId.UINTEGER, [arrow.Uint32, Uint32Array]],
  [DuckDBTypeId.UBIGINT, [arrow.Uint64, BigUint64Array]],
  [DuckDBTypeId.FLOAT, [arrow.Float32, Float32Array]],
  [DuckDBTypeId.DOUBLE, [arrow.Float64, Float64Array]],
  [DuckDBTypeId.DATE, [arrow.DateDay, Int32Array]],
  [DuckDBTypeId.TIMESTAMP, [arrow.TimestampMicrosecond, BigInt64Array]],
  [DuckDBTypeId.TIMESTAMP_S, [arrow.TimestampSecond, BigInt64Array]],
  [DuckDBTypeId.TIMESTAMP_MS, [arrow.TimestampMillisecond, BigInt64Array]],
  [DuckDBTypeId.TIMESTAMP_NS, [arrow.TimestampNanosecond, BigInt64Array]],
]);

/** A builder for a column of that type. Its `append` throws QUERY_FAILED for a decimal too long. */
export function createColumnBuilder(type: DuckDBType): ColumnBuilder {
  const fixed = FIXED.get(type.typeId);
  if (fixed) return fixedBuilder(new fixed[0](), fixed[1]);
  switch (type.typeId) {
    case DuckDBTypeId.TIMESTAMP_TZ:
      return fixedBuilder(new arrow.TimestampMicrosecond('UTC'), BigInt64Array);
    case DuckDBTypeId.BOOLEAN:
      return booleanBuilder();
    case DuckDBTypeId.HUGEINT:
      return decimalBuilder(new arrow.Decimal(0, 38, 128));
    case DuckDBTypeId.DECIMAL: {
      const { scale, width } = type as DuckDBDecimalType;
      return decimalBuilder(new arrow.Decimal(scale, width, 128));
    }
    case DuckDBTypeId.BLOB:
      return bytesBuilder(new arrow.Binary());
    case DuckDBTypeId.LIST:
    case DuckDBTypeId.ARRAY:
      return listBuilder(createColumnBuilder((type as DuckDBListType | DuckDBArrayType).valueType));
    case DuckDBTypeId.STRUCT: {
      const { entryNames, entryTypes } = type as DuckDBStructType;
      return structBuilder(entryNames, entryTypes.map(createColumnBuilder));
    }
    case DuckDBTypeId.MAP: {
      const { keyType, valueType } = type as DuckDBMapType;
      return mapBuilder(createColumnBuilder(keyType), createColumnBuilder(valueType));
    }
    default:
      return bytesBuilder(new arrow.Utf8());
  }
}

function booleanBuilder(): ColumnBuilder {
  const validity = createValidity();
  const values = createValidity();
  return {
    type: new arrow.Bool(),
    append(value) {
      validity.push(value !== null);
      values.push(value === true);
    },
    sizeBytes: () => validity.length() >> 2,
    finish() {
      const { length, nullBitmap } = values.take();
      // No bitmap means that nothing was false, so every bit is set.
      const data = nullBitmap ?? new Uint8Array((length + 7) >> 3).fill(0xff);
      return makeColumn({ type: new arrow.Bool(), ...validity.take(), data });
    },
  };
}

function fixedBuilder(type: arrow.DataType, Holder: FixedType[1]): ColumnBuilder {
  const create = (size: number): Values => new Holder(size);
  const validity = createValidity();
  let values = create(FIRST_CAPACITY);
  const zero = values instanceof BigInt64Array || values instanceof BigUint64Array ? 0n : 0;
  return {
    type,
    append(value) {
      const index = validity.length();
      if (index >= values.length) values = grown(values, index + 1, create);
      values[index] = value === null ? zero : storedNumber(value);
      validity.push(value !== null);
    },
    appendVector(vector, count) {
      const found = itemsOf(vector, Holder);
      if (!found) return false;
      const index = validity.length();
      values = grown(values, index + count, create);
      copyItems(found.items.subarray(0, count), values, index);
      // What lies in the place of a null is whatever was there before.
      for (let at = 0; found.bits && at < count; at += 1) {
        if (!bitAt(found.bits, at)) values[index + at] = zero;
      }
      validity.pushBits(count, found.bits);
      return true;
    },
    sizeBytes: () => validity.length() * values.BYTES_PER_ELEMENT,
    finish() {
      const taken = validity.take();
      return makeColumn({ type, ...taken, data: values.subarray(0, taken.length) });
    },
  };
}

/** Both are of one kind, which the types of their union do not say. */
function copyItems(from: Values, to: Values, at: number): void {
  (to as Uint8Array).set(from as Uint8Array, at);
}

/** 128-bit integers in two's complement, the low half first. */
function decimalBuilder(type: arrow.Decimal): ColumnBuilder {
  const validity = createValidity();
  let words = new BigUint64Array(FIRST_CAPACITY * 2);
  return {
    type,
    append(value) {
      const index = validity.length() * 2;
      words = grown(words, index + 2, (size) => new BigUint64Array(size));
      const scaled = value === null ? 0n : BigInt(storedNumber(value));
      if (scaled >= MAX_DECIMAL || scaled <= -MAX_DECIMAL) {
        throw new FlowproofError('QUERY_FAILED', {
          place: 'query',
          problem: `${scaled} has more digits than the 38 of an Arrow decimal`,
          remedy: 'Cast the column to text: cast(... as varchar).',
        });
      }
      words[index] = BigInt.asUintN(64, scaled);
      words[index + 1] = BigInt.asUintN(64, scaled >> 64n);
      validity.push(value !== null);
    },
    sizeBytes: () => validity.length() * 16,
    finish() {
      const taken = validity.take();
      return makeColumn({
        type,
        ...taken,
        data: new Uint32Array(words.buffer, 0, taken.length * 4),
      });
    },
  };
}

function listBuilder(child: ColumnBuilder): ColumnBuilder {
  const type = new arrow.List(new arrow.Field('item', child.type, true));
  const validity = createValidity();
  const offsets = createOffsets();
  let used = 0;
  return {
    type,
    append(value) {
      if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) {
        for (const item of value.items) child.append(item);
        used += value.items.length;
      }
      validity.push(value !== null);
      offsets.set(validity.length(), used);
    },
    sizeBytes: () => child.sizeBytes(),
    finish() {
      const taken = validity.take();
      used = 0;
      return makeColumn({
        type,
        ...taken,
        valueOffsets: offsets.take(taken.length),
        child: child.finish(),
      });
    },
  };
}

function structBuilder(
  names: readonly string[],
  children: readonly ColumnBuilder[],
  isNullable: (index: number) => boolean = () => true,
): ColumnBuilder {
  const type = new arrow.Struct(
    children.map(
      (child, index) => new arrow.Field(names[index] ?? '', child.type, isNullable(index)),
    ),
  );
  const validity = createValidity();
  return {
    type,
    append(value) {
      const entries = value instanceof DuckDBStructValue ? value.entries : {};
      children.forEach((child, index) => {
        child.append(entries[names[index] ?? ''] ?? null);
      });
      validity.push(value !== null);
    },
    sizeBytes: () => children.reduce((sum, child) => sum + child.sizeBytes(), 0),
    finish() {
      const taken = validity.take();
      return makeColumn({ type, ...taken, children: children.map((child) => child.finish()) });
    },
  };
}

function mapBuilder(keys: ColumnBuilder, values: ColumnBuilder): ColumnBuilder {
  const entries = structBuilder(['key', 'value'], [keys, values], (index) => index === 1);
  const list = listBuilder(entries);
  const type = new arrow.Map_(
    new arrow.Field(
      'entries',
      entries.type as arrow.Struct<{ key: arrow.DataType; value: arrow.DataType }>,
      false,
    ),
    false,
  );
  return {
    type,
    append(value) {
      list.append(
        value instanceof DuckDBMapValue
          ? new DuckDBListValue(value.entries.map((entry) => new DuckDBStructValue({ ...entry })))
          : null,
      );
    },
    sizeBytes: () => list.sizeBytes(),
    finish() {
      const data = list.finish();
      return makeColumn({
        type,
        length: data.length,
        nullCount: data.nullCount,
        nullBitmap: data.nullCount > 0 ? data.nullBitmap : null,
        valueOffsets: data.valueOffsets as Int32Array,
        child: data.children[0] as arrow.Data,
      });
    },
  };
}
