/**
 * Which columns of the lake are free text that may hold card numbers, and their rows without them.
 * Flow records have no free text: they are not looked at.
 */
import type { Cell } from '../tables.ts';
import { maskCardNumbers, mayHoldCardNumber } from './card-numbers.ts';

type Row = Readonly<Record<string, Cell>>;

type TextColumns = {
  texts: readonly string[];
  /** A column of JSON, and which of its texts are looked at, by their key. */
  json?: { column: string; isFreeText: (key: string) => boolean };
};

/** Keys of events that hold ids, hashes, times and counts, whose digits mean something else. */
const NUMBER_WORD =
  /(?:^|[_\-. ])(?:id|ids|uid|uuid|guid|time|timestamp|hash|md5|sha1|sha256|serial|fingerprint|arn|seq|ack|bytes|packets)$/i;
const NUMBER_ENDING =
  /[a-z0-9](?:Id|ID|Ids|Uid|UID|Uuid|UUID|Guid|GUID|Time|Timestamp|Hash|Arn|ARN|Serial)$/;

/** What people name and describe of a resource; all else are ids and words of the EC2 API. */
const INVENTORY_TEXTS: ReadonlySet<string> = new Set([
  'Description',
  'GroupName',
  'Key',
  'LogGroupName',
  'PrefixListName',
  'Value',
]);

const isEventText = (key: string): boolean => !NUMBER_WORD.test(key) && !NUMBER_ENDING.test(key);

const COLUMNS: Readonly<Record<string, TextColumns>> = {
  ips_event: {
    texts: ['host_name', 'signature_name', 'category', 'action_raw', 'severity_raw', 'user_name'],
    json: { column: 'original', isFreeText: isEventText },
  },
  ips_agent: {
    texts: ['host_name', 'display_name', 'platform', 'agent_message', 'ips_message'],
    json: { column: 'original', isFreeText: isEventText },
  },
  cloudtrail_event: {
    texts: ['actor', 'source_address', 'user_agent', 'error_code', 'resource_names'],
  },
  inventory_item: {
    texts: [],
    json: { column: 'configuration', isFreeText: (key) => INVENTORY_TEXTS.has(key) },
  },
};

/** The cells of a row that held card numbers, masked, and how many; undefined if there were none. */
export function maskedCells(table: string, row: Row): { cells: Row; count: number } | undefined {
  const columns = Object.hasOwn(COLUMNS, table) ? COLUMNS[table] : undefined;
  if (!columns) return undefined;
  const cells: Record<string, Cell> = {};
  let count = 0;
  for (const name of columns.texts) {
    const cell = row[name];
    if (typeof cell !== 'string') continue;
    const masked = maskCardNumbers(cell);
    if (masked.count > 0) cells[name] = masked.text;
    count += masked.count;
  }
  const { json } = columns;
  const text = json ? row[json.column] : undefined;
  if (json && typeof text === 'string' && mayHoldCardNumber(text)) {
    const masked = maskJson(text, json.isFreeText);
    if (masked.count > 0) cells[json.column] = masked.text;
    count += masked.count;
  }
  return count === 0 ? undefined : { cells, count };
}

/** Texts of a JSON document by their keys; those in a list have the key of the list. */
function maskJson(
  text: string,
  isFreeText: (key: string) => boolean,
): { text: string; count: number } {
  let count = 0;
  const mask = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') {
      if (!isFreeText(key)) return value;
      const masked = maskCardNumbers(value);
      count += masked.count;
      return masked.text;
    }
    if (Array.isArray(value)) return value.map((item) => mask(item, key));
    if (typeof value !== 'object' || value === null) return value;
    // Keys are looked at as well: some events make keys of what they found.
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [String(mask(name, '')), mask(item, name)]),
    );
  };
  try {
    const masked = JSON.stringify(mask(JSON.parse(text), ''));
    return { text: count === 0 ? text : masked, count };
  } catch (thrown) {
    // Nested deeper than the stack reaches, or no JSON: then every number of the text counts as one of it.
    if (!(thrown instanceof RangeError || thrown instanceof SyntaxError)) throw thrown;
    return maskCardNumbers(text);
  }
}
