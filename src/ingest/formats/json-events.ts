/**
 * Objects that hold JSON events, for every IPS format of that kind: one document a line, in whatever
 * envelope it came, or one document printed over several lines.
 *
 * A line may hold several events, and an event may give several rows: the first row counts as the line.
 * Where a part of a line cannot be read, the line counts as a reject and its other rows are extra.
 */
import type { Cell, LocalObject, ReadResult, Sink } from '../format.ts';
import { parseJson } from '../json.ts';
import { lineProblem } from '../line-splitter.ts';
import { readContentHead, readLines } from '../lines.ts';
import { eventsIn, type FoundEvent, isControlMessage } from './event-envelope.ts';
import { type JsonObject, shown } from './payload-keys.ts';
import { parseOffset } from './syslog-time.ts';

export type Row = Record<string, Cell>;

/** Highest number of a TCP or UDP port. */
export const MAX_PORT = 65_535;

/** A document over several lines is held in memory; objects of event pipelines are far smaller. */
const MAX_DOCUMENT_BYTES = 64 * 1024 * 1024;

const LINE_END = Buffer.from('\n');

/** Lines at the start of an object in which an event must show itself. */
const HEAD_LINES = 20;

/** An export of CloudWatch Logs to S3 puts the time of the event and a blank before each message. */
const EXPORT_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z (?=\s*[[{])/;

export type EventReading = {
  /** True for an event of the format; it is not looked into for an envelope. */
  isEvent: (event: JsonObject) => boolean;
  /** The rows of an event, or why it gives none. */
  rowsOf: (found: FoundEvent, lineNumber: number) => readonly Row[] | string;
  /** Hears of each event that gave rows, behind them: for what else the event tells. */
  onRead?: (found: FoundEvent, lineNumber: number) => void;
  /** True if the object may be one document over several lines, as command line tools print it. */
  mayBePrinted?: boolean;
};

/** Reads an object of JSON events. */
export async function readJsonEvents(
  object: LocalObject,
  sink: Sink,
  reading: EventReading,
): Promise<ReadResult> {
  if (reading.mayBePrinted) {
    const result = await readPrinted(object, sink, reading);
    if (result) return result;
  }
  return readLines(
    object,
    (line) => {
      const text = line.bytes.toString('utf8');
      if (!line.isCut && text.trim() === '') return sink.count('blank');
      const problem = lineProblem(line) ?? addEvents(text, line.number, false, sink, reading);
      if (problem !== undefined) sink.reject(line.number, problem, line.bytes, line.sizeBytes);
    },
    sink.drain,
  );
}

/** Minutes east of UTC of times without a zone, as the source's configuration says; else UTC. */
export function offsetOf(object: LocalObject): number {
  return parseOffset(object.hints.utcOffset ?? 'Z') ?? 0;
}

/** Events among the first lines of an object, out of their envelopes, for recognising a format. */
export function headEvents(head: Buffer, isEvent: (event: JsonObject) => boolean): JsonObject[] {
  return headLines(head)
    .map((line) => parseJson(line.replace(EXPORT_TIME, '')))
    .filter((document) => document !== undefined)
    .flatMap((document) => eventsIn(document, isEvent).events.map(({ event }) => event));
}

/**
 * The start of the content where its first line is no JSON document: one longer than the head, or the
 * first of a printed document. Its keys stand there all the same. Empty if there is none.
 */
export function openingText(head: Buffer): string {
  const text = head
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart();
  if (!/^[[{]/.test(text)) return '';
  return parseJson(headLines(head)[0] ?? '') === undefined ? text : '';
}

function headLines(head: Buffer): string[] {
  return head
    .toString('utf8')
    .split('\n', HEAD_LINES * 5)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(0, HEAD_LINES);
}

/**
 * Reads the whole object as one document, which counts as one line. Undefined, and nothing read, if
 * it is none and its first line does not look as if it opened one: then its lines must be events.
 */
async function readPrinted(
  object: LocalObject,
  sink: Sink,
  reading: EventReading,
): Promise<ReadResult | undefined> {
  const first = headLines(await readContentHead(object.path))[0] ?? '';
  if (!/^[[{]/.test(first) || parseJson(first) !== undefined) return undefined;
  const parts: Buffer[] = [];
  let size = 0;
  let shortened: string | undefined;
  const { damage } = await readLines(object, (line) => {
    if (line.number > 1) size += 1;
    size += line.sizeBytes;
    if (!line.isCut) shortened ??= lineProblem(line);
    if (size > MAX_DOCUMENT_BYTES) return;
    if (line.number > 1) parts.push(LINE_END);
    parts.push(Buffer.from(line.bytes));
  });
  const bytes = Buffer.concat(parts);
  const text = bytes.toString('utf8');
  if (!/^[[{]\s*[[{]?$/.test(first) && parseJson(text) === undefined) return undefined;
  const problem =
    size > MAX_DOCUMENT_BYTES
      ? `document of ${size} bytes is over ${MAX_DOCUMENT_BYTES}; store one event a line`
      : (shortened ?? addEvents(text, 1, true, sink, reading));
  if (problem !== undefined) sink.reject(1, problem, bytes, size);
  return { lineCount: 1, ...(damage === undefined ? {} : { damage }) };
}

/** Adds the rows of a line or document. Returns why it is a reject, if it is one. */
function addEvents(
  text: string,
  lineNumber: number,
  isPrinted: boolean,
  sink: Sink,
  reading: EventReading,
): string | undefined {
  const document = parseJson(text.replace(/^\ufeff/, '').replace(EXPORT_TIME, ''));
  if (document === undefined) return `not a JSON object (${shown(text)})`;
  if (isControlMessage(document)) return void sink.count('header');
  const { events, problems } = eventsIn(document, reading.isEvent);
  const rows: Row[] = [];
  const told: FoundEvent[] = [];
  for (const [index, found] of events.entries()) {
    const made = reading.rowsOf(found, isPrinted ? index + 1 : lineNumber);
    if (typeof made !== 'string') {
      rows.push(...made);
      told.push(found);
    } else
      problems.push(events.length > 1 ? `event ${index + 1} of ${events.length}: ${made}` : made);
  }
  for (const [index, row] of rows.entries()) {
    sink.add('ips_event', row, index > 0 || problems.length > 0);
  }
  for (const found of told) reading.onRead?.(found, lineNumber);
  if (rows.length === 0) return problems[0] ?? 'no event in it';
  if (problems.length === 0) return undefined;
  return `a part was not read (rows read: ${rows.length}): ${problems.slice(0, 3).join('; ')}`;
}
