/**
 * Trend Micro Deep Security and Cloud One Workload Security as Amazon SNS messages: JSON with an
 * absolute time, the EC2 instance and the AWS account, wrapped by whatever delivered it.
 *
 * An object holds JSON documents: one a line, one printed over several lines, or one after the other
 * with nothing between, as Firehose stores what SNS gives it. A document counts as one line and may hold
 * several events; deliveries happen at least once, and a repeated event has the same `event_id`.
 * Sources: "Events in JSON format" and "Set up Amazon SNS" of the Deep Security manual.
 */
import { canonicalAddress } from '../../address.ts';
import type { Cell, Format, Sink } from '../format.ts';
import { type JsonRecord, MAX_VALUE_BYTES } from '../json-splitter.ts';
import { jsonValuesIn, readJsonValues } from '../json-values.ts';
import { type Disposition, dispositionOf, hostOf, type Module } from './deep-security-event.ts';
import {
  type JsonObject,
  protocolOf,
  shown,
  textOf,
  wholeNumber,
  withoutPayload,
} from './payload-keys.ts';
import { decodedData, eventsOf, type FoundEvent } from './sns-envelope.ts';
import { parseIsoTime } from './syslog-time.ts';

const MAX_PORT = 65_535;

export const deepSecuritySns: Format = {
  name: 'deep_security_sns',
  kind: 'ips_events',
  recognises(head) {
    const text = head.toString('utf8');
    // Not at the very start only: an object may open with a broken line.
    if (!/(?:^|\n)\ufeff?[^\S\n]*[[{]/.test(text)) return false;
    if (jsonValuesIn(text).values.some((value) => eventsOf(value).events.length > 0)) return true;
    return isOpenDocument(text);
  },
  read: (object, sink) =>
    readJsonValues(
      object,
      {
        onRecord(record) {
          const problem = recordProblem(record) ?? addEvents(record, sink);
          if (problem !== undefined)
            sink.reject(record.lineNumber, problem, record.bytes, record.sizeBytes);
        },
        onBlankLine: () => sink.count('blank'),
      },
      sink.drain,
    ),
};

/**
 * True if the start of a document, longer than what is there of it, shows the keys of an event, or of an
 * envelope with an event in the text or in the data of its message. A quote without a backslash before
 * it is no part of a text, so that what an event of another format quotes does not count.
 */
function isOpenDocument(text: string): boolean {
  if (!/^\ufeff?\s*[[{]/.test(text)) return false;
  if (/[{,\s]"EventType"\s{0,8}:/.test(text)) return /[{,\s]"(?:LogDate|EventID)"/.test(text);
  const data = /[{,\s]"data"\s{0,8}:\s{0,8}"([A-Za-z0-9+/]{40,})/.exec(text)?.[1];
  if (data !== undefined) return isOpenDocument(decodedData(data.slice(0, data.length & ~3)) ?? '');
  return (
    /[{,\s]"(?:Message|[Bb]ody)"\s{0,8}:\s{0,8}"/.test(text) &&
    /\\"EventType\\{1,7}"/.test(text) &&
    /\\"(?:LogDate|EventID)\\{1,7}"/.test(text)
  );
}

/** Why a record cannot be read as JSON, if it cannot. */
function recordProblem({ value, bytes, sizeBytes, isCut }: JsonRecord): string | undefined {
  if (isCut) return 'the object ends or is damaged within this line';
  if (sizeBytes > bytes.length) {
    return `document of ${sizeBytes} bytes is over ${MAX_VALUE_BYTES}; store one event a line`;
  }
  return value === undefined ? `not JSON (${shown(bytes.toString('utf8', 0, 400))})` : undefined;
}

/**
 * Adds the events of a document; the first row counts as its line. Where a part of it cannot be read,
 * the line counts as a reject (the reason is returned) and the events that can be read are extra rows.
 */
function addEvents({ value, lineNumber, isPrinted }: JsonRecord, sink: Sink): string | undefined {
  const { events, problems } = eventsOf(value);
  const rows: Record<string, Cell>[] = [];
  for (const [index, found] of events.entries()) {
    const row = rowOf(found, isPrinted ? index + 1 : lineNumber);
    if (typeof row === 'string') problems.push(`event ${index + 1} of ${events.length}: ${row}`);
    else rows.push(row);
  }
  for (const [index, row] of rows.entries()) {
    sink.add('ips_event', row, index > 0 || problems.length > 0);
  }
  if (rows.length === 0) return problems[0] ?? 'no event in it';
  if (problems.length === 0) return undefined;
  return `a part was not read (events read: ${rows.length}): ${problems.slice(0, 3).join('; ')}`;
}

const MODULES: Readonly<Record<string, Module>> = {
  SystemEvent: 'system',
  PacketLog: 'firewall',
  FirewallEvent: 'firewall',
  PayloadLog: 'intrusion_prevention',
  IntrusionPreventionEvent: 'intrusion_prevention',
  AntiMalwareEvent: 'anti_malware',
  WebReputationEvent: 'web_reputation',
  IntegrityEvent: 'integrity',
  IntegrityMonitoringEvent: 'integrity',
  LogInspectionEvent: 'log_inspection',
  AppControlEvent: 'application_control',
  ApplicationControlEvent: 'application_control',
  DeviceControlEvent: 'device_control',
};

function rowOf(found: FoundEvent, lineNumber: number): Record<string, Cell> | string {
  const { event } = found;
  const at = eventTime(event);
  if (at === undefined) return `LogDate is not an ISO 8601 time (${shown(event.LogDate)})`;
  const kept = withoutPayload(event);
  if (kept === undefined) return 'the event is nested too deeply';
  const text = (key: string): string | undefined => textOf(event[key]);
  const address = (key: string): string | undefined => canonicalAddress(text(key) ?? '');
  const type = text('EventType') ?? '';
  const module = Object.hasOwn(MODULES, type) ? (MODULES[type] ?? 'other') : 'other';
  const isPacket = module === 'intrusion_prevention' || module === 'firewall';
  const identity = [text('TenantID'), type, text('EventID')];
  const host = hostOf([text('Hostname'), text('HostLastIPUsed')]);
  const instance = text('HostInstanceID');
  const owner = text('HostOwnerID');
  // A packet rule's name may open with its id: "1000552 - Generic Cross Site Scripting".
  const rule = /^(\d{1,9}) ?[-:] ?(.+)$/.exec(text('Reason') ?? '');
  return {
    event_id: identity.every((part) => part !== undefined) ? identity.join('/') : undefined,
    product: 'deep_security',
    format: 'deep_security_sns',
    module,
    event_at: at,
    received_at: found.receivedAt,
    time_source: 'record',
    host_id: text('HostID'),
    ...host,
    // A WorkSpace has an id of its own (ws-...), which is no EC2 instance.
    instance_id: instance && /^i-[0-9a-f]{8,17}$/.test(instance) ? instance : host.instance_id,
    account_id: owner && /^\d{12}$/.test(owner) ? owner : undefined,
    signature_id: rule?.[1] ?? (module === 'system' ? text('Number') : undefined),
    signature_name: rule?.[2] ?? text('Reason') ?? text('Title') ?? text('MalwareName'),
    category: text('ApplicationType') ?? text('MajorVirusTypeString'),
    severity: severityOf(event, module),
    severity_raw: text('Severity') ?? text('SeverityString'),
    action_raw: text('ActionString') ?? text('Action') ?? text('ScanResultString'),
    disposition: dispositionOfEvent(event, module),
    direction: directionOf(event),
    protocol: protocolOf(event.Protocol) ?? protocolOf(event.ProtocolString),
    source_address: address('SourceIP'),
    source_port: wholeNumber(event.SourcePort, MAX_PORT),
    destination_address: address('DestinationIP'),
    destination_port: wholeNumber(event.DestinationPort, MAX_PORT),
    user_name: isPacket ? undefined : (text('UserName') ?? text('User') ?? text('ActionBy')),
    event_count: wholeNumber(event.RepeatCount, Number.MAX_SAFE_INTEGER),
    original: kept.original,
    dropped_keys: kept.droppedKeys,
    line_number: lineNumber,
  };
}

/** `LogDate`, else the time at which the driver saw the packet, which is in microseconds. */
function eventTime(event: JsonObject): bigint | undefined {
  const logged = typeof event.LogDate === 'string' ? parseIsoTime(event.LogDate) : undefined;
  if (logged !== undefined) return logged;
  if (event.LogDate !== undefined) return undefined;
  const driver = wholeNumber(event.DriverTime, Number.MAX_SAFE_INTEGER);
  return driver === undefined || driver === 0 ? undefined : BigInt(driver);
}

/** "Action" of packet events: 1 to 5 were done, 6 was logged, 129 to 133 would have been done. */
function dispositionOfEvent(event: JsonObject, module: Module): Disposition {
  const words = textOf(event.ActionString);
  const byWords = dispositionOf(module, {
    action: words,
    result: textOf(event.ScanResultString),
  });
  if (module !== 'intrusion_prevention' && module !== 'firewall') return byWords;
  const action = wholeNumber(event.Action, 255);
  if (action === undefined || action === 0 || byWords === 'detected') return byWords;
  if (action > 128) return 'detected';
  if (action <= 5) return 'blocked';
  return action === 6 ? 'logged' : byWords;
}

const SEVERITIES: ReadonlyMap<string, string> = new Map([
  ['1', 'low'],
  ['2', 'medium'],
  ['3', 'high'],
  ['4', 'critical'],
  ...['low', 'medium', 'high', 'critical'].map((name) => [name, name] as const),
]);

/** System events have a scale of their own. */
const SYSTEM_SEVERITIES: ReadonlyMap<string, string> = new Map([
  ['info', 'low'],
  ['information', 'low'],
  ['warning', 'medium'],
  ['error', 'high'],
]);

function severityOf(event: JsonObject, module: Module): string | undefined {
  const words = textOf(event.SeverityString)?.toLowerCase() ?? '';
  if (module === 'system') return SYSTEM_SEVERITIES.get(words);
  return SEVERITIES.get(words) ?? SEVERITIES.get(textOf(event.Severity) ?? '');
}

function directionOf(event: JsonObject): string | undefined {
  const number = textOf(event.Direction);
  const words = textOf(event.DirectionString)?.toLowerCase();
  if (number === '0' || words === 'incoming') return 'inbound';
  return number === '1' || words === 'outgoing' ? 'outbound' : undefined;
}
