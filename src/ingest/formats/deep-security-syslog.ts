/**
 * Lines of syslog that hold Deep Security events, as CEF or as LEEF: a collector may write both into one
 * file, so each line is read as what it is.
 */
import type { Cell, LocalObject, ReadResult, Sink } from '../format.ts';
import { lineProblem } from '../line-splitter.ts';
import { readLines } from '../lines.ts';
import { type CefEvent, cefStart, foldLabels, parseCef } from './cef.ts';
import { columnsOf } from './deep-security-event.ts';
import { type LeefEvent, leefStart, parseLeef } from './leef.ts';
import { leefTime } from './leef-time.ts';
import { type KeptKeys, shown, withoutPayload } from './payload-keys.ts';
import { parseOffset, syslogTime } from './syslog-time.ts';

/** Lines at the start of an object in which an event must show itself. */
const HEAD_LINES = 20;

/** How the header of an event of Trend Micro opens. */
const OPENINGS = {
  CEF: /^CEF:[ \t]{0,4}[\d.]{1,7}\|Trend Micro\|/,
  LEEF: /^LEEF:[ \t]{0,4}[\d.]{1,7}\|Trend Micro\|/,
} as const;

/** Which format a line has, if any: what stands first counts, as the other is then in a value. */
function formatOf(text: string): keyof typeof OPENINGS | undefined {
  const cef = cefStart(text);
  const leef = leefStart(text);
  if (cef < 0 && leef < 0) return undefined;
  return cef >= 0 && (leef < 0 || cef < leef) ? 'CEF' : 'LEEF';
}

/** True if the start of the content shows events of Trend Micro in this format. */
export function isSyslogOf(head: Buffer, format: keyof typeof OPENINGS): boolean {
  const lines = head
    .toString('utf8')
    .split('\n', HEAD_LINES * 5)
    .map((line) => line.replace(/^\ufeff/, '').trim())
    .filter((line) => line !== '')
    .slice(0, HEAD_LINES);
  // The text of a JSON event may quote a line.
  if (lines[0]?.startsWith('{') || lines[0]?.startsWith('[')) return false;
  return lines.some((line) => {
    if (formatOf(line) !== format) return false;
    return OPENINGS[format].test(line.slice(format === 'CEF' ? cefStart(line) : leefStart(line)));
  });
}

/** Reads an object of syslog lines. */
export async function readSyslogEvents(object: LocalObject, sink: Sink): Promise<ReadResult> {
  const { utcOffset } = object.hints;
  const offset = utcOffset === undefined ? 0 : parseOffset(utcOffset);
  if (offset === undefined) {
    return {
      lineCount: 0,
      damage: `the zone of its source is not like +02:00 (${shown(utcOffset)})`,
    };
  }
  return readLines(
    object,
    (line) => {
      const text = line.bytes.toString('utf8');
      if (!line.isCut && text.trim() === '') return sink.count('blank');
      const row = lineProblem(line) ?? rowOf(text, object.modifiedAt, offset);
      if (typeof row === 'string') sink.reject(line.number, row, line.bytes, line.sizeBytes);
      else sink.add('ips_event', { ...row, line_number: line.number });
    },
    sink.drain,
  );
}

type Row = Record<string, Cell>;

/** The row of a line, or why it has none. */
function rowOf(text: string, receivedAt: Date, offsetMinutes: number): Row | string {
  const format = formatOf(text);
  if (!format) return 'neither "CEF:" nor "LEEF:" and a version number in the line';
  return format === 'CEF'
    ? cefRow(text, receivedAt, offsetMinutes)
    : leefRow(text, receivedAt, offsetMinutes);
}

function cefRow(text: string, receivedAt: Date, offsetMinutes: number): Row | string {
  const event = parseCef(text);
  if (typeof event === 'string') return event;
  const other = otherProduct(event);
  if (other !== undefined) return other;
  const time = syslogTime(event.syslogHeader, receivedAt, offsetMinutes);
  if (time === undefined) {
    return `no readable time in the syslog header, and CEF has no other (${shown(event.syslogHeader)})`;
  }
  const labels = foldLabels(event.extension);
  const { cefVersion, vendor, product, productVersion, signatureId, name, severity } = event;
  const header = { cefVersion, vendor, product, productVersion, signatureId, name, severity };
  const kept = originalOf('_cef', header, event, event.extension, labels);
  if (kept === undefined) return 'the event is nested too deeply';
  return {
    ...columnsOf({
      format: 'deep_security_cef',
      product,
      signatureId,
      name,
      severity,
      keys: event.extension,
      labels,
    }),
    event_at: time.at,
    time_source: time.source,
    original: kept.original,
    dropped_keys: kept.droppedKeys,
  };
}

/** Keys of LEEF by the names that CEF has for them ("Syslog message formats"). */
const CEF_NAMES: ReadonlyMap<string, string> = new Map([
  ['usrName', 'suser'],
  ['srcPort', 'spt'],
  ['dstPort', 'dpt'],
  ['srcMAC', 'smac'],
  ['dstMAC', 'dmac'],
]);

function leefRow(text: string, receivedAt: Date, offsetMinutes: number): Row | string {
  const event = parseLeef(text);
  if (typeof event === 'string') return event;
  const other = otherProduct(event);
  if (other !== undefined) return other;
  const { attributes } = event;
  const stated = attributes.get('devTime');
  const time =
    (stated === undefined
      ? undefined
      : leefTime(stated, attributes.get('devTimeFormat'), receivedAt, offsetMinutes)) ??
    syslogTime(event.syslogHeader, receivedAt, offsetMinutes);
  if (time === undefined) {
    return `no readable time: neither devTime (${shown(stated)}) nor the syslog header (${shown(event.syslogHeader)})`;
  }
  const labels = foldLabels(attributes);
  const { leefVersion, vendor, product, productVersion, eventId, delimiter } = event;
  const header = { leefVersion, vendor, product, productVersion, eventId, delimiter };
  const kept = originalOf('_leef', header, event, attributes, labels);
  if (kept === undefined) return 'the event is nested too deeply';
  const keys = new Map<string, string>(attributes);
  for (const [key, value] of attributes) {
    const name = CEF_NAMES.get(key);
    // An event of application control has `suser` in both formats.
    if (name !== undefined && !attributes.has(name)) keys.set(name, value);
  }
  return {
    ...columnsOf({
      format: 'deep_security_leef',
      product,
      signatureId: eventId,
      name: attributes.get('name') ?? '',
      severity: attributes.get('sev') ?? '',
      category: attributes.get('cat'),
      keys,
      labels,
    }),
    event_at: time.at,
    time_source: time.source,
    original: kept.original,
    dropped_keys: kept.droppedKeys,
  };
}

function otherProduct({ vendor, product }: CefEvent | LeefEvent): string | undefined {
  if (vendor === 'Trend Micro' && /(?:Deep|Workload) Security/.test(product)) return undefined;
  return `not an event of Deep Security (${shown(`${vendor}|${product}`)})`;
}

/**
 * Every key of the line in one object, and the values of labelled keys a second time under their
 * labels. What is no key of the line is under `place`, and last, so that no key of the line can take
 * its place.
 */
function originalOf(
  place: '_cef' | '_leef',
  header: Readonly<Record<string, string>>,
  event: CefEvent | LeefEvent,
  keys: ReadonlyMap<string, string>,
  labels: ReadonlyMap<string, string>,
): KeptKeys | undefined {
  return withoutPayload(
    Object.fromEntries<unknown>([
      ...labels,
      ...keys,
      [
        place,
        {
          header,
          syslogHeader: event.syslogHeader,
          rawPaths: Object.fromEntries(event.rawPaths),
          duplicates: event.duplicates.map(({ key, value }) => ({ [key]: value })),
          unkeyedText: event.unkeyedText,
          ...(keys.has(place) ? { key: keys.get(place) } : {}),
        },
      ],
    ]),
  );
}
