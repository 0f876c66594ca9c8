/**
 * One flow log record, from its tokens to a row: the same for text objects and for CloudWatch Logs.
 *
 * Rules ("Flow log records", Amazon VPC User Guide): `-` stands for "not applicable or not computable"
 * and may stand in any field; a record with log-status NODATA or SKIPDATA describes an interval, not
 * traffic; field names that are not known are kept.
 */
import { canonicalAddress } from '../../address.ts';
import { type FlowLogField, findFlowLogField } from '../../flow-log-fields.ts';
import type { Cell } from '../../tables.ts';
import { quotedStart } from '../card-numbers.ts';
import type { Sink } from '../format.ts';

export type RecordLayout = {
  names: readonly string[];
  fields: readonly (FlowLogField | undefined)[];
  logStatusIndex: number;
};

/** The layout that a list of field names describes. Names may use `-` or `_`. */
export function layoutOf(names: readonly string[]): RecordLayout {
  const fields = names.map(findFlowLogField);
  return {
    names,
    fields,
    logStatusIndex: fields.findIndex((field) => field?.name === 'log-status'),
  };
}

const MAX_INTEGER = 2_147_483_647;

/** Seconds since 1970 of 9999-12-31: beyond it a "time" is a broken number. */
const MAX_SECONDS = 253_402_300_799;

/**
 * Adds the record to `flow` or `flow_status` and returns undefined, or returns why it cannot be read.
 * A record with fewer or more tokens than the layout has names is refused whole: no value can be
 * trusted to belong to its name.
 */
export function addRecord(
  layout: RecordLayout,
  tokens: readonly string[],
  lineNumber: number,
  sink: Sink,
): string | undefined {
  if (tokens.length !== layout.names.length) {
    return `${tokens.length} fields found, ${layout.names.length} expected (${layout.names.slice(0, 4).join(' ')} ...)`;
  }
  const row: Record<string, Cell> = { line_number: lineNumber };
  let extra: Map<string, string> | undefined;
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] ?? '-';
    if (token === '-') continue;
    const field = layout.fields[index];
    if (field === undefined) {
      extra ??= new Map();
      extra.set(layout.names[index] ?? '', token);
      continue;
    }
    const value = parseValue(field, token);
    if (value === undefined) {
      return `${field.name} is not ${EXPECTED[field.type]} (value ${quotedStart(token)})`;
    }
    row[field.column] = value;
  }
  if (extra) row.extra = extra;
  const status = layout.logStatusIndex < 0 ? undefined : tokens[layout.logStatusIndex];
  if (status === 'NODATA' || status === 'SKIPDATA') {
    sink.add(
      'flow_status',
      {
        account_id: row.account_id,
        interface_id: row.interface_id,
        log_status: status,
        start_at: row.start_at,
        end_at: row.end_at,
        line_number: lineNumber,
      },
      true,
    );
    sink.count(status === 'NODATA' ? 'nodata' : 'skipdata');
    return undefined;
  }
  if (status !== undefined && status !== 'OK' && status !== '-') {
    return `log-status is not OK, NODATA or SKIPDATA (value ${quotedStart(status)})`;
  }
  sink.add('flow', row);
  return undefined;
}

const EXPECTED: Readonly<Record<FlowLogField['type'], string>> = {
  text: 'a text',
  address: 'an IP address',
  integer: 'a whole number',
  bigint: 'a whole number',
  seconds: 'a time in seconds since 1970',
};

function parseValue(field: FlowLogField, token: string): Cell {
  switch (field.type) {
    case 'text':
      return token;
    case 'address':
      return canonicalAddress(token);
    case 'integer': {
      const number = parseWhole(token);
      return number !== undefined && number <= MAX_INTEGER ? number : undefined;
    }
    case 'bigint': {
      const number = parseWhole(token);
      if (number === undefined) return undefined;
      return number <= Number.MAX_SAFE_INTEGER ? number : parseBig(token);
    }
    case 'seconds': {
      const number = parseWhole(token);
      return number !== undefined && number <= MAX_SECONDS
        ? BigInt(number) * 1_000_000n
        : undefined;
    }
  }
}

const MAX_BIGINT = 2n ** 63n - 1n;

function parseBig(token: string): bigint | undefined {
  const value = BigInt(token);
  return value <= MAX_BIGINT ? value : undefined;
}

/** The number that a token of decimal digits stands for; undefined for anything else. */
function parseWhole(token: string): number | undefined {
  if (token.length === 0 || token.length > 20) return undefined;
  let value = 0;
  for (let index = 0; index < token.length; index += 1) {
    const digit = token.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}

/** True if every token is a field name or looks like one, and two at least are known. */
export function isHeader(tokens: readonly string[]): boolean {
  // Records hold numbers and dashes, names open with a letter: this decides nearly every line.
  if (tokens.some((token) => token.charCodeAt(0) < 65)) return false;
  const known = tokens.filter((token) => findFlowLogField(token) !== undefined).length;
  return known >= 2 && tokens.every((token) => /^[a-z][a-z0-9_-]*$/i.test(token));
}

/** Tokens of a line: separated by blanks or tabs, one or several (AWS's own samples have both). */
export function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  let from = -1;
  for (let index = 0; index <= text.length; index += 1) {
    const code = index < text.length ? text.charCodeAt(index) : 32;
    if (code === 32 || code === 9) {
      if (from >= 0) tokens.push(text.slice(from, index));
      from = -1;
    } else if (from < 0) {
      from = index;
    }
  }
  return tokens;
}
