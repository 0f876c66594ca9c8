/**
 * Values as text, and a result as a table for people: aligned columns on a terminal, of text that
 * cannot drive the terminal. Log content is hostile; only visible characters of it reach a terminal.
 */
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

/** Widest cell shown, in terminal columns; what is cut ends in an ellipsis and is counted. */
export const MAX_CELL_WIDTH = 80;

/** Controls, bidirectional overrides and other invisible characters, less the joiners of emoji. */
const INVISIBLE = /(?!\u200c|\u200d)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

const WIDE =
  /^(?![\uff61-\uffdc])[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;

const EMOJI = /\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f/u;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

const DIM = ['\u001b[2m', '\u001b[22m'] as const;

/**
 * The text with every control or invisible character made visible: ESC as the symbol for escape
 * (U+241B), a line feed as U+240A, others as `<U+202E>`.
 */
export function visibleText(text: string): string {
  return text.replace(INVISIBLE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    if (code === 0x7f) return '\u2421';
    return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
  });
}

function isPrintableAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}

/** Columns that the text takes on a terminal; wide scripts and emoji take two. */
export function textWidth(text: string): number {
  if (isPrintableAscii(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment);
  return width;
}

function graphemeWidth(grapheme: string): number {
  return WIDE.test(grapheme) || EMOJI.test(grapheme) ? 2 : 1;
}

/** The start of the text that fits into the widest cell, and whether anything was cut. */
function cutToFit(text: string): { text: string; isCut: boolean } {
  // A grapheme may be several code units long, but no text this long can fit into a cell.
  const start = text.length > MAX_CELL_WIDTH * 16 ? text.slice(0, MAX_CELL_WIDTH * 16) : text;
  if (start.length === text.length && textWidth(text) <= MAX_CELL_WIDTH) {
    return { text, isCut: false };
  }
  let width = 0;
  let kept = '';
  for (const { segment } of graphemes.segment(start)) {
    width += graphemeWidth(segment);
    if (width > MAX_CELL_WIDTH - 1) break;
    kept += segment;
  }
  return { text: `${kept}…`, isCut: true };
}

export type TableColumn = { name: string; isNumber: boolean };

export type TableInput = {
  columns: readonly TableColumn[];
  /** Text of each cell; null where the value is null. */
  rows: readonly (readonly (string | null)[])[];
  /** Rows of the whole result, shown or not. */
  rowCount: number;
  milliseconds: number;
  /** True to dim nulls by an escape sequence; only for terminals. */
  isTerminal: boolean;
};

/**
 * Header, rule, rows and a last line `N rows in M ms`, which also says how many rows are not shown
 * and how many cells were cut.
 */
export function renderTable(input: TableInput): string {
  const { lines, cutCount } = tableLines(input);
  return `${[...lines, '', summary(input, cutCount)].join('\n')}\n`;
}

/** Header, rule and rows alone, and how many cells were cut to fit. */
export function tableLines(input: Pick<TableInput, 'columns' | 'rows' | 'isTerminal'>): {
  lines: string[];
  cutCount: number;
} {
  let cutCount = 0;
  const cells = input.rows.map((row) =>
    row.map((cell) => {
      if (cell === null) return { text: 'null', width: 4, isNull: true };
      // Cutting before replacing keeps the work small for cells of many kilobytes.
      const cut = cutToFit(visibleText(cell.slice(0, MAX_CELL_WIDTH * 16 + 1)));
      if (cut.isCut) cutCount += 1;
      return { text: cut.text, width: textWidth(cut.text), isNull: false };
    }),
  );
  const names = input.columns.map((column) => cutToFit(visibleText(column.name)).text);
  const widths = names.map((name, index) =>
    cells.reduce((widest, row) => Math.max(widest, row[index]?.width ?? 0), textWidth(name)),
  );
  const line = (texts: readonly string[], ofWidths: readonly number[]): string =>
    texts
      .map((text, index) => {
        const blanks = ' '.repeat(Math.max(0, (widths[index] ?? 0) - (ofWidths[index] ?? 0)));
        return input.columns[index]?.isNumber ? blanks + text : text + blanks;
      })
      .join('  ')
      .trimEnd();
  const lines = [
    line(names, names.map(textWidth)),
    widths.map((width) => '─'.repeat(width)).join('  '),
    ...cells.map((row) =>
      line(
        row.map((cell) =>
          cell.isNull && input.isTerminal ? DIM[0] + cell.text + DIM[1] : cell.text,
        ),
        row.map((cell) => cell.width),
      ),
    ),
  ];
  return { lines, cutCount };
}

function summary(input: TableInput, cutCount: number): string {
  const { rowCount, rows } = input;
  const count = `${rowCount} ${rowCount === 1 ? 'row' : 'rows'} in ${Math.round(input.milliseconds)} ms`;
  const hidden = rowCount - rows.length;
  const notes = [
    ...(hidden > 0 ? [`${hidden} more not shown`] : []),
    ...(cutCount > 0 ? [`${cutCount} ${cutCount === 1 ? 'cell' : 'cells'} cut`] : []),
  ];
  if (notes.length === 0) return count;
  return `${count}; ${notes.join(', ')}: use the csv or json format to see all`;
}

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
