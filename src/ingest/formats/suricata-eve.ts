/**
 * Suricata's EVE JSON, one event a line (suricata.io: "Eve JSON Output", and its schema.json).
 *
 * `alert.action` is what the rule wanted, `verdict.action` what became of the packet: the verdict
 * decides where there is one. An alert that let the packet through is `detected`, never `allowed`,
 * so that it cannot be read as a permitted connection. Addresses are those of the packet, which may
 * have gone from server to client.
 */
import { canonicalAddress } from '../../address.ts';
import type { Cell, Format } from '../format.ts';
import { type Line, MAX_LINE_BYTES, readLines } from '../lines.ts';
import {
  isJsonObject,
  type JsonObject,
  protocolOf,
  shown,
  textOf,
  wholeNumber,
  withoutPayload,
} from './payload-keys.ts';
import { parseIsoTime } from './syslog-time.ts';

const MAX_PORT = 65_535;

/** Lines at the start of an object in which an event must show itself. */
const HEAD_LINES = 20;

export const suricataEve: Format = {
  name: 'suricata_eve',
  kind: 'ips_events',
  recognises(head) {
    const lines = head
      .toString('utf8')
      .split('\n', HEAD_LINES * 5)
      .filter((line) => line.trim() !== '')
      .slice(0, HEAD_LINES);
    if (lines.some((line) => isEve(parseJson(line)))) return true;
    // A first line longer than the head cannot be parsed; its keys stand at its start all the same.
    const text = lines.length === 1 ? (lines[0] ?? '').trim() : '';
    return text.startsWith('{"timestamp":"') && text.slice(0, 4096).includes('"event_type":"');
  },
  async read(object, sink) {
    return readLines(
      object.path,
      (line) => {
        const text = line.bytes.toString('utf8');
        if (!line.isCut && text.trim() === '') return sink.count('blank');
        const row = lineProblem(line) ?? rowOf(text, line.number);
        if (typeof row === 'string') sink.reject(line.number, row, line.bytes);
        else sink.add('ips_event', row);
      },
      sink.drain,
    );
  },
};

function lineProblem(line: Line): string | undefined {
  if (line.isCut) return 'the object ends or is damaged within this line';
  if (line.sizeBytes > line.bytes.length) {
    return `line of ${line.sizeBytes} bytes is longer than an event may be (${MAX_LINE_BYTES})`;
  }
  return undefined;
}

function isEve(value: unknown): boolean {
  return (
    isJsonObject(value) &&
    typeof value.event_type === 'string' &&
    typeof value.timestamp === 'string' &&
    value.EventType === undefined
  );
}

/** The value of a JSON text; undefined if it is none. JSON itself has no undefined. */
function parseJson(text: string): unknown {
  try {
    // Trimmed, because a byte order mark is white space to trim() and an error to JSON.
    return JSON.parse(text.trim());
  } catch {
    return undefined;
  }
}

function rowOf(text: string, lineNumber: number): Record<string, Cell> | string {
  const event = parseJson(text);
  if (!isJsonObject(event)) return `not a JSON object (${shown(text)})`;
  const type = textOf(event.event_type);
  if (type === undefined) return `no event_type (${shown(event.event_type)})`;
  const at = typeof event.timestamp === 'string' ? parseIsoTime(event.timestamp) : undefined;
  if (at === undefined) return `timestamp is not an ISO 8601 time (${shown(event.timestamp)})`;
  const kept = withoutPayload(event);
  if (kept === undefined) return 'the event is nested too deeply';
  const alert = isJsonObject(event.alert) ? event.alert : {};
  const verdict = isJsonObject(event.verdict) ? event.verdict : {};
  const flow = isJsonObject(event.flow) ? event.flow : {};
  const address = (value: unknown): string | undefined => canonicalAddress(textOf(value) ?? '');
  const isPacket = type === 'alert' || type === 'drop';
  const action = isPacket
    ? (textOf(verdict.action) ?? textOf(alert.action) ?? (type === 'drop' ? 'drop' : undefined))
    : textOf(flow.action);
  return {
    product: 'suricata',
    format: 'suricata_eve',
    module: moduleOf(type),
    event_at: at,
    time_source: 'record',
    host_name: textOf(event.host),
    signature_id: textOf(alert.signature_id),
    signature_name: textOf(alert.signature),
    category: textOf(alert.category),
    severity: SEVERITIES.get(textOf(alert.severity) ?? ''),
    severity_raw: textOf(alert.severity),
    action_raw: action,
    disposition: dispositionOf(type, alert, verdict),
    protocol: type === 'stats' ? null : protocolOf(event.proto),
    source_address: address(event.src_ip),
    source_port: wholeNumber(event.src_port, MAX_PORT),
    destination_address: address(event.dest_ip),
    destination_port: wholeNumber(event.dest_port, MAX_PORT),
    client_address: address(event.xff ?? alert.xff),
    event_count: isPacket ? 1 : undefined,
    original: kept.original,
    dropped_keys: kept.droppedKeys,
    line_number: lineNumber,
  };
}

/** Suricata's priorities, 1 the highest, as classification.config names them; it has no critical. */
const SEVERITIES: ReadonlyMap<string, string> = new Map([
  ['1', 'high'],
  ['2', 'medium'],
  ['3', 'low'],
  ['4', 'low'],
]);

function moduleOf(type: string): string {
  if (type === 'alert' || type === 'drop') return 'intrusion_prevention';
  if (type === 'flow' || type === 'netflow') return 'flow';
  return type === 'stats' ? 'heartbeat' : 'other';
}

function dispositionOf(type: string, alert: JsonObject, verdict: JsonObject): string {
  if (type === 'drop') return 'blocked';
  if (type !== 'alert') return 'logged';
  const decided = textOf(verdict.action)?.toLowerCase();
  if (decided === 'drop' || decided === 'reject') return 'blocked';
  if (decided === 'alert' || decided === 'pass' || decided === 'accept') return 'detected';
  const wanted = textOf(alert.action)?.toLowerCase();
  if (wanted === 'blocked') return 'blocked';
  return wanted === 'allowed' ? 'detected' : 'unknown';
}
