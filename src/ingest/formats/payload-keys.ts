/**
 * The keys of an IPS event: which of them are payload and are dropped, what is kept as `original`, and
 * how a value of any type becomes a cell.
 *
 * Bytes taken from packets, bodies and files may hold card numbers, so they never reach the lake
 * (pci-dss-4.0.1:3.3 and 3.5). Their names do, in `dropped_keys`, so that a reader knows what was there.
 */
import { protocolNumber } from '../../protocol.ts';
import { quotedStart } from '../card-numbers.ts';

/** An object of a parsed JSON document; its values have yet to be looked at. */
export type JsonObject = { [key: string]: unknown };

/** What is kept of an event, and the paths (`http.http_request_body`) of what is not. */
export type KeptKeys = { original: string; droppedKeys: string[] };

/** Deepest nesting of an event that is kept; the deepest real EVE records have less than ten levels. */
const MAX_DEPTH = 64;

/** Payload keys, in lower case and without `_`, `-` and blanks, at any depth of an event. */
const PAYLOAD_KEYS: ReadonlySet<string> = new Set([
  // Deep Security: CEF, then SNS.
  'trendmicrodspacketdata',
  'trendmicrodsrawpacketdata',
  'packetdata',
  'rawpacketdata',
  'rawdata',
  'data',
  // Suricata: the packet, the stream around it, and what a rule captured from them.
  'payload',
  'payloadprintable',
  'payloadbase64',
  'packet',
  'flowvars',
  'pktvars',
  // Bodies, messages and statements that an application protocol carried.
  'body',
  'bodyprintable',
  'requestbody',
  'responsebody',
  'httpbody',
  'httpbodyprintable',
  'httprequestbody',
  'httprequestbodyprintable',
  'httpresponsebody',
  'httpresponsebodyprintable',
  'simplequery',
  // Snort 3.
  'b64data',
  // Secrets that a protocol carried in the clear.
  'password',
  'saslresponse',
  'secretkey',
  // Files.
  'content',
  'contents',
  'filecontent',
  'filecontents',
  'filedata',
]);

/** Payload keys whose name alone says too little: parent and key. */
const PAYLOAD_PATHS: ReadonlySet<string> = new Set([
  'publish.message',
  'ftp.commanddata',
  // POP3 commands, PASS among them.
  'request.args',
  'http.authorization',
  'http.proxyauthorization',
]);

const plain = (key: string): string => key.toLowerCase().replace(/[^a-z0-9]/g, '');

/** True if the key holds bytes of a packet, a body or a file. `parent` is the key above it. */
export function isPayloadKey(key: string, parent = ''): boolean {
  const name = plain(key);
  return PAYLOAD_KEYS.has(name) || PAYLOAD_PATHS.has(`${plain(parent)}.${name}`);
}

/**
 * The event as JSON without its payload keys. Undefined if it is nested too deeply to be an event:
 * such a document would overflow the stack. Halves of surrogate pairs become U+FFFD, because the
 * engine's JSON functions refuse a whole query over one of them. `isKept` says which objects a format
 * keeps by their path though their key is that of a payload elsewhere.
 */
export function withoutPayload(
  event: JsonObject,
  isKept: (path: string) => boolean = () => false,
): KeptKeys | undefined {
  const dropped = new Set<string>();
  const kept = keep(event, '', '', 0, dropped, isKept);
  return kept === TOO_DEEP
    ? undefined
    : { original: JSON.stringify(kept), droppedKeys: [...dropped].sort() };
}

const TOO_DEEP = Symbol('nested too deeply');

function keep(
  value: unknown,
  key: string,
  path: string,
  depth: number,
  dropped: Set<string>,
  isKept: (path: string) => boolean,
): unknown {
  if (typeof value === 'string') return wellFormed(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return TOO_DEEP;
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value) {
      const kept = keep(item, key, path, depth + 1, dropped, isKept);
      if (kept === TOO_DEEP) return TOO_DEEP;
      items.push(kept);
    }
    return items;
  }
  const entries: [string, unknown][] = [];
  for (const [name, item] of Object.entries(value)) {
    const itemPath = path === '' ? wellFormed(name) : `${path}.${wellFormed(name)}`;
    if (isPayloadKey(name, key) && !(isJsonObject(item) && isKept(itemPath))) {
      dropped.add(itemPath);
      continue;
    }
    const kept = keep(item, name, itemPath, depth + 1, dropped, isKept);
    if (kept === TOO_DEEP) return TOO_DEEP;
    entries.push([wellFormed(name), kept]);
  }
  return Object.fromEntries(entries);
}

function wellFormed(text: string): string {
  return text.replace(/[\ud800-\udfff]/gu, '\ufffd');
}

/** True for a JSON object, and not for a list or null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text of a value: strings that are not blank, and numbers. Undefined for anything else. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  return text === '' ? undefined : wellFormed(text);
}

/** The whole number from 0 to `max` that a value stands for, as number or decimal text. */
export function wholeNumber(value: unknown, max: number): number | undefined {
  const text = textOf(value);
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const number = Number(text);
  return number <= max ? number : undefined;
}

/** The IANA number of a protocol's name or number. Names such as `constructor` have none. */
export function protocolOf(value: unknown): number | undefined {
  return wholeNumber(protocolNumber(textOf(value) ?? ''), 255);
}

/** A value found in an event, short enough for the reason of a reject. */
export function shown(value: unknown): string {
  if (value === undefined) return 'no value';
  if (typeof value === 'string') return `value ${quotedStart(value)}`;
  if (typeof value !== 'object' || value === null) return `value ${String(value)}`;
  if (Array.isArray(value)) return 'value is a list';
  const keys = Object.keys(value).slice(0, 5).join(', ');
  return `value is an object of keys ${quotedStart(keys)}`;
}
