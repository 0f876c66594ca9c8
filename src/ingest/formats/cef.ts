/**
 * ArcSight Common Event Format: one line to its syslog header, its seven CEF header fields and its
 * extension. Knows no product, no time and no meaning of keys.
 *
 * The text is hostile: a user agent or a file name may hold ` act=Log` or a thousand backslashes. So
 * a key that stands twice keeps its first value, and every step looks at each character a fixed number
 * of times.
 */
import { quotedStart } from '../card-numbers.ts';

export type CefEvent = {
  /** What stands before `CEF:`, trimmed: the syslog header, or nothing. */
  syslogHeader: string;
  cefVersion: string;
  vendor: string;
  product: string;
  productVersion: string;
  signatureId: string;
  name: string;
  severity: string;
  /** Keys in their order, values unescaped and without trailing blanks; the first of equals. */
  extension: ReadonlyMap<string, string>;
  /** Path values as they stood, where unescaping changed them. */
  rawPaths: ReadonlyMap<string, string>;
  /** Later values of keys that stood before. */
  duplicates: readonly { key: string; value: string }[];
  /** Text before the first key, which belongs to none. */
  unkeyedText: string;
};

const MARK = /CEF:[ \t]{0,4}(?=\d{1,3}(?:\.\d{1,3})?\|)/;

/** A key has white space or nothing before it and `=` after it: `cn1`, `ad.field`, `list[0]`. */
const KEY = /(?:^|[ \t\r\n])([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*(?:\[\d{1,9}\])?)=/g;

const HEADER_FIELDS = 7;

/** Keys of Windows paths, which agents often write without escaping their backslashes. */
export const PATH_KEYS: ReadonlySet<string> = new Set([
  'filePath',
  'fname',
  'sproc',
  'oldfilePath',
]);

/** Where CEF starts in the text, or -1. For recognising a line without parsing it. */
export function cefStart(text: string): number {
  return text.search(MARK);
}

/** The event of a line without its line end, or why the line is none. Never throws. */
export function parseCef(line: string): CefEvent | string {
  const mark = MARK.exec(line);
  if (!mark) return 'no "CEF:" and version number in the line';
  const before = line.slice(0, mark.index).replace(/^\ufeff/, '');
  // A line that was exported as one quoted cell opens with a quote, and so ends with one.
  const isQuoted = before.endsWith('"') || before.startsWith('"');
  const text = withoutTrailingBlanks(line.slice(mark.index + mark[0].length));
  const body = isQuoted && text.endsWith('"') ? text.slice(0, -1) : text;
  const { fields, end } = splitHeader(body);
  if (fields.length < HEADER_FIELDS) {
    return `${fields.length} header fields found, ${HEADER_FIELDS} expected`;
  }
  const [cefVersion, vendor, product, productVersion, signatureId, name, severity] = fields;
  const extension = parseExtension(body.slice(end));
  if (extension.values.size === 0 && extension.unkeyedText !== '') {
    return `no key in the extension (value ${quotedStart(extension.unkeyedText)})`;
  }
  return {
    syslogHeader: before.replaceAll('"', '').trim(),
    cefVersion: cefVersion ?? '',
    vendor: vendor ?? '',
    product: product ?? '',
    productVersion: productVersion ?? '',
    signatureId: signatureId ?? '',
    name: name ?? '',
    severity: severity ?? '',
    extension: extension.values,
    rawPaths: extension.rawPaths,
    duplicates: extension.duplicates,
    unkeyedText: extension.unkeyedText,
  };
}

/**
 * The fields up to the seventh unescaped `|`, and where the extension starts. Scanned from the left:
 * in `\\|` the backslash is escaped and the pipe is not. An event without extension may lack the last
 * pipe.
 */
function splitHeader(body: string): { fields: string[]; end: number } {
  const fields: string[] = [];
  let from = 0;
  for (let index = 0; index < body.length; index += 1) {
    const character = body[index];
    if (character === '\\') {
      index += 1;
    } else if (character === '|') {
      fields.push(headerText(body.slice(from, index)));
      from = index + 1;
      if (fields.length === HEADER_FIELDS) return { fields, end: from };
    }
  }
  fields.push(headerText(body.slice(from)));
  return { fields, end: body.length };
}

function headerText(text: string): string {
  return text.replace(/\\([\\|])/g, '$1').trim();
}

export type Extension = {
  values: Map<string, string>;
  rawPaths: Map<string, string>;
  duplicates: { key: string; value: string }[];
  unkeyedText: string;
};

/** Keys and values of an extension; a value runs to the next key, whatever it holds. */
export function parseExtension(text: string): Extension {
  const result: Extension = {
    values: new Map(),
    rawPaths: new Map(),
    duplicates: [],
    unkeyedText: '',
  };
  let key: string | undefined;
  let from = 0;
  const close = (end: number): void => {
    const raw = text.slice(from, end);
    if (key === undefined) {
      result.unkeyedText = raw.trim();
      return;
    }
    const trimmed = withoutTrailingBlanks(raw);
    const value = unescapeValue(key, trimmed);
    if (result.values.has(key)) {
      result.duplicates.push({ key, value });
      return;
    }
    result.values.set(key, value);
    if (PATH_KEYS.has(key) && value !== trimmed) result.rawPaths.set(key, trimmed);
  };
  for (const match of text.matchAll(KEY)) {
    close(match.index);
    key = match[1];
    from = match.index + match[0].length;
  }
  close(text.length);
  return result;
}

const BLANKS: readonly string[] = [' ', '\t', '\r', '\n'];

/** A loop, because a regular expression for trailing blanks is quadratic in inner runs of blanks. */
export function withoutTrailingBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && BLANKS.includes(text[end - 1] ?? '')) end -= 1;
  return text.slice(0, end);
}

/**
 * `\\`, `\=`, `\|`, `\n` and `\r` in one pass; other backslashes stay. A path that starts as no
 * escaped path can (`C:\x`, `\\host\x`) was not escaped, so its `\n` is a backslash and a letter.
 */
export function unescapeValue(key: string, text: string): string {
  if (!text.includes('\\')) return text;
  if (PATH_KEYS.has(key) && /^"?(?:[A-Za-z]:\\[^\\=]|\\\\[^\\]+\\[^\\=])/.test(text)) {
    return text.replaceAll('\\=', '=');
  }
  return text.replace(/\\([\\=|nr])/g, (_, character: string) =>
    character === 'n' ? '\n' : character === 'r' ? '\r' : character,
  );
}

/**
 * Values under their labels: `cn1=42 cn1Label=Host ID` gives `Host ID: 42`, without the quotes that
 * some agents put around a value. A label without value, or a value without label, gives nothing.
 */
export function foldLabels(extension: ReadonlyMap<string, string>): Map<string, string> {
  const folded = new Map<string, string>();
  for (const [key, label] of extension) {
    if (!key.endsWith('Label') || label === '') continue;
    const value = extension.get(key.slice(0, -'Label'.length));
    if (value !== undefined && !folded.has(label)) folded.set(label, withoutQuotes(value));
  }
  return folded;
}

/** The text without one pair of double quotes around it. */
export function withoutQuotes(text: string): string {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}
