/**
 * Log Event Extended Format, versions 1.0 and 2.0 (IBM, "LEEF event components"): a header whose fields
 * `|` separates, and `key=value` attributes that a tab separates, or in 2.0 what the header says.
 *
 * Values are not escaped against the separator of attributes: text that holds it and is no attribute
 * belongs to the value before. A key that stands twice keeps its first value, because what an attacker
 * sent stands in values.
 */
import { quotedStart } from '../card-numbers.ts';
import { type Extension, PATH_KEYS, parseExtension, unescapeValue } from './cef.ts';

export type LeefEvent = {
  /** What stands before `LEEF:`, trimmed: the syslog header, or nothing. */
  syslogHeader: string;
  leefVersion: string;
  vendor: string;
  product: string;
  productVersion: string;
  eventId: string;
  /** What separates the attributes, as it was found. */
  delimiter: string;
  /** Keys in their order, values unescaped; the first of equals. */
  attributes: ReadonlyMap<string, string>;
  rawPaths: ReadonlyMap<string, string>;
  duplicates: readonly { key: string; value: string }[];
  /** Text before the first key, which belongs to none. */
  unkeyedText: string;
};

const MARK = /LEEF:[ \t]{0,4}(?=\d{1,3}(?:\.\d{1,3})?\|)/;

/** Version, vendor, product, product version, event id. */
const HEADER_FIELDS = 5;

const KEY = /^[A-Za-z0-9_.[\]-]{1,128}$/;

/** What rsyslog writes for a tab, because it is a control character. */
const ESCAPED_TAB = '#011';

/** Where LEEF starts in the text, or -1. For recognising a line without parsing it. */
export function leefStart(text: string): number {
  return text.search(MARK);
}

/** The event of a line without its line end, or why the line is none. Never throws. */
export function parseLeef(line: string): LeefEvent | string {
  const mark = MARK.exec(line);
  if (!mark) return 'no "LEEF:" and version number in the line';
  const body = line.slice(mark.index + mark[0].length);
  const fields: string[] = [];
  let from = 0;
  while (fields.length < HEADER_FIELDS) {
    const end = body.indexOf('|', from);
    if (end < 0) return `${fields.length + 1} header fields found, ${HEADER_FIELDS} expected`;
    fields.push(body.slice(from, end).trim());
    from = end + 1;
  }
  const [leefVersion = '', vendor = '', product = '', productVersion = '', eventId = ''] = fields;
  const rest = body.slice(from);
  const stated = leefVersion.startsWith('1') ? undefined : statedDelimiter(rest);
  const text = stated === undefined ? rest : rest.slice(stated.length);
  const delimiter = stated?.delimiter ?? foundDelimiter(text);
  const extension =
    delimiter === undefined ? parseExtension(text) : parseAttributes(text, delimiter);
  if (extension.values.size === 0 && extension.unkeyedText !== '') {
    return `no key among the attributes (value ${quotedStart(extension.unkeyedText)})`;
  }
  return {
    syslogHeader: line
      .slice(0, mark.index)
      .replace(/^\ufeff/, '')
      .replaceAll('"', '')
      .trim(),
    leefVersion,
    vendor,
    product,
    productVersion,
    eventId,
    delimiter: delimiter ?? ' ',
    attributes: extension.values,
    rawPaths: extension.rawPaths,
    duplicates: extension.duplicates,
    unkeyedText: extension.unkeyedText,
  };
}

/**
 * The sixth field of a 2.0 header and its length with its pipe: one character, its code in hexadecimal
 * (`x09`, `0x09`), or nothing for a tab. The field may be left out altogether, as Deep Security does;
 * then what stands up to the next pipe is an attribute, which is longer.
 */
function statedDelimiter(text: string): { delimiter: string; length: number } | undefined {
  const end = text.indexOf('|');
  if (end < 0 || end > 6) return undefined;
  const field = text.slice(0, end);
  const length = end + 1;
  if (field === '') return { delimiter: '\t', length };
  const code = /^0?[xX]([0-9A-Fa-f]{1,4})$/.exec(field)?.[1];
  if (code !== undefined) {
    return { delimiter: String.fromCharCode(Number.parseInt(code, 16)), length };
  }
  return [...field].length === 1 ? { delimiter: field, length } : undefined;
}

/**
 * What stands for the tab where the header does not say otherwise. Undefined if there is none: then a
 * relay made blanks of the tabs, or there is one attribute only, and the rules of CEF tell keys.
 */
function foundDelimiter(text: string): string | undefined {
  if (text.includes('\t')) return '\t';
  const at = text.indexOf(ESCAPED_TAB);
  const isTab = at >= 0 && /^[A-Za-z0-9_.-]{1,128}=/.test(text.slice(at + ESCAPED_TAB.length));
  return isTab ? ESCAPED_TAB : undefined;
}

function parseAttributes(text: string, delimiter: string): Extension {
  const result: Extension = {
    values: new Map(),
    rawPaths: new Map(),
    duplicates: [],
    unkeyedText: '',
  };
  const parts: { key: string; texts: string[] }[] = [];
  const unkeyed: string[] = [];
  for (const part of text.split(delimiter)) {
    const equals = part.indexOf('=');
    const key = part.slice(0, Math.max(equals, 0)).trim();
    if (KEY.test(key)) parts.push({ key, texts: [part.slice(equals + 1)] });
    else (parts.at(-1)?.texts ?? unkeyed).push(part);
  }
  result.unkeyedText = unkeyed.join(delimiter).trim();
  for (const { key, texts } of parts) {
    const raw = texts.join(delimiter).trim();
    const value = unescapeValue(key, raw);
    if (result.values.has(key)) {
      result.duplicates.push({ key, value });
      continue;
    }
    result.values.set(key, value);
    if (PATH_KEYS.has(key) && value !== raw) result.rawPaths.set(key, raw);
  }
  return result;
}
