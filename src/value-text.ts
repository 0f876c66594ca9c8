/** Values of the engine as text and as JSON. */
import {
  DuckDBArrayValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  type DuckDBResult,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTypeId,
  DuckDBUnionValue,
  type DuckDBValue,
  DuckDBVariantValue,
} from '@duckdb/node-api';

/** Types whose text a spreadsheet may take as a number, and that a table aligns to the right. */
const NUMBER_TYPES: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UTINYINT,
  DuckDBTypeId.USMALLINT,
  DuckDBTypeId.UINTEGER,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.UHUGEINT,
  DuckDBTypeId.FLOAT,
  DuckDBTypeId.DOUBLE,
  DuckDBTypeId.DECIMAL,
  DuckDBTypeId.BIGNUM,
]);

/** True for each column that holds numbers. */
export function numberColumns(result: DuckDBResult): boolean[] {
  return result.columnTypes().map((type) => NUMBER_TYPES.has(type.typeId));
}

/**
 * ISO 8601 with Z from units since 1970: no fraction if it is zero, else 3, 6 or 9 digits. Undefined
 * outside the years that JavaScript knows.
 */
function isoTime(units: bigint, unitsPerSecond: number): string | undefined {
  const perSecond = BigInt(unitsPerSecond);
  const fraction = ((units % perSecond) + perSecond) % perSecond;
  const date = new Date(Number((units - fraction) / perSecond) * 1000);
  if (Number.isNaN(date.getTime())) return undefined;
  const whole = date.toISOString().slice(0, -5);
  if (fraction === 0n) return `${whole}Z`;
  const digits = String(fraction).padStart(String(unitsPerSecond).length - 1, '0');
  return `${whole}.${digits.replace(/(?:000){1,2}$/, '')}Z`;
}

function timeText(value: DuckDBValue): string | undefined {
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue) {
    return value.isFinite ? isoTime(value.micros, 1e6) : undefined;
  }
  if (value instanceof DuckDBTimestampNanosecondsValue) {
    return value.isFinite ? isoTime(value.nanos, 1e9) : undefined;
  }
  if (value instanceof DuckDBTimestampMillisecondsValue) {
    return value.isFinite ? isoTime(value.millis, 1e3) : undefined;
  }
  if (value instanceof DuckDBTimestampSecondsValue) {
    return value.isFinite ? isoTime(value.seconds, 1) : undefined;
  }
  return undefined;
}

function isNested(value: object): boolean {
  return (
    value instanceof DuckDBListValue ||
    value instanceof DuckDBArrayValue ||
    value instanceof DuckDBMapValue ||
    value instanceof DuckDBStructValue
  );
}

/**
 * The value as text: timestamps as ISO 8601 UTC, lists, structs and maps as JSON, bytes as printable
 * ASCII and `\xAB`, anything else as DuckDB casts it to VARCHAR.
 */
export function plainText(value: Exclude<DuckDBValue, null>): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object') return String(value);
  if (value instanceof DuckDBUnionValue || value instanceof DuckDBVariantValue) {
    return value.value === null ? 'null' : plainText(value.value);
  }
  return isNested(value) ? jsonText(value) : (timeText(value) ?? value.toString());
}

const UNSAFE_IN_JSON = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** JSON text that is safe on a terminal too: C1 controls, line separators and overrides are escaped. */
export function jsonString(text: string): string {
  const json = JSON.stringify(text);
  if (!UNSAFE_IN_JSON.test(json)) return json;
  return Array.from(json, (character) => {
    if (!UNSAFE_IN_JSON.test(character)) return character;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  }).join('');
}

const MOST_EXACT_DIGITS = 15;

/**
 * The value as JSON. Integers beyond 2^53 and decimals of more than 15 digits are strings, because
 * readers of JSON would round them; NaN and the infinities are strings, because JSON has none.
 */
export function jsonText(value: DuckDBValue): string {
  switch (typeof value) {
    case 'string':
      return jsonString(value);
    case 'boolean':
      return String(value);
    case 'number':
      return Number.isFinite(value) ? JSON.stringify(value) : `"${value}"`;
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? String(value) : `"${value}"`;
  }
  if (value === null) return 'null';
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) {
    return `[${value.items.map(jsonText).join(',')}]`;
  }
  if (value instanceof DuckDBStructValue) {
    const members = Object.entries(value.entries);
    return `{${members.map(([key, item]) => `${jsonString(key)}:${jsonText(item)}`).join(',')}}`;
  }
  if (value instanceof DuckDBMapValue) {
    const members = value.entries.map(({ key, value: item }) => {
      return `${jsonString(key === null ? 'null' : plainText(key))}:${jsonText(item)}`;
    });
    return `{${members.join(',')}}`;
  }
  if (value instanceof DuckDBUnionValue || value instanceof DuckDBVariantValue) {
    return jsonText(value.value);
  }
  if (value instanceof DuckDBDecimalValue) {
    const isExact = String(value.value).replace('-', '').length <= MOST_EXACT_DIGITS;
    return isExact ? value.toString() : `"${value.toString()}"`;
  }
  return jsonString(plainText(value));
}
