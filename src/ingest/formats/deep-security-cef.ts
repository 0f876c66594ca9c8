/**
 * Trend Micro Deep Security and Cloud One Workload Security as CEF over syslog, one event a line.
 *
 * The module follows from the product first and from the signature id second: id 100 is a stateful
 * firewall drop from an agent and a system event from a manager. What an agent in detect mode would
 * have done (`IDS:Reset`) did not happen, and is never `blocked`. Sources: "Syslog message formats"
 * and "Event lists" of the Deep Security manual.
 */
import { canonicalAddress } from '../../address.ts';
import type { Cell, Format, LocalObject, ReadResult, Sink } from '../format.ts';
import { type Line, MAX_LINE_BYTES, readLines } from '../lines.ts';
import { type CefEvent, cefStart, foldLabels, parseCef } from './cef.ts';
import { protocolOf, shown, textOf, wholeNumber, withoutPayload } from './payload-keys.ts';
import { parseOffset, syslogTime } from './syslog-time.ts';

export type Module =
  | 'intrusion_prevention'
  | 'firewall'
  | 'integrity'
  | 'log_inspection'
  | 'anti_malware'
  | 'web_reputation'
  | 'application_control'
  | 'device_control'
  | 'system'
  | 'other';

export type Disposition = 'blocked' | 'detected' | 'allowed' | 'logged' | 'unknown';

const MAX_PORT = 65_535;

/** Lines at the start of an object in which CEF must show itself. */
const HEAD_LINES = 20;

export const deepSecurityCef: Format = {
  name: 'deep_security_cef',
  kind: 'ips_events',
  recognises(head) {
    const lines = head
      .toString('utf8')
      .split('\n', HEAD_LINES * 5)
      .map((line) => line.replace(/^\ufeff/, '').trim())
      .filter((line) => line !== '')
      .slice(0, HEAD_LINES);
    // The text of a JSON event may quote a CEF line.
    if (lines[0]?.startsWith('{') || lines[0]?.startsWith('[')) return false;
    return lines.some((line) => {
      const start = cefStart(line);
      return start >= 0 && /^CEF:[ \t]{0,4}[\d.]{1,7}\|Trend Micro\|/.test(line.slice(start));
    });
  },
  read: readDeepSecurityCef,
};

async function readDeepSecurityCef(object: LocalObject, sink: Sink): Promise<ReadResult> {
  const { utcOffset } = object.hints;
  const offset = utcOffset === undefined ? 0 : parseOffset(utcOffset);
  if (offset === undefined) {
    return {
      lineCount: 0,
      damage: `the zone of its source is not like +02:00 (${shown(utcOffset)})`,
    };
  }
  return readLines(
    object.path,
    (line) => {
      const text = line.bytes.toString('utf8');
      if (!line.isCut && text.trim() === '') return sink.count('blank');
      const row = lineProblem(line) ?? rowOf(text, line.number, object.modifiedAt, offset);
      if (typeof row === 'string') sink.reject(line.number, row, line.bytes);
      else sink.add('ips_event', row);
    },
    sink.drain,
  );
}

/** Why the line did not arrive whole, if it did not. */
export function lineProblem(line: Line): string | undefined {
  if (line.isCut) return 'the object ends or is damaged within this line';
  if (line.sizeBytes > line.bytes.length) {
    return `line of ${line.sizeBytes} bytes is longer than an event may be (${MAX_LINE_BYTES})`;
  }
  return undefined;
}

function rowOf(
  text: string,
  lineNumber: number,
  receivedAt: Date,
  offsetMinutes: number,
): Record<string, Cell> | string {
  const event = parseCef(text);
  if (typeof event === 'string') return event;
  if (event.vendor !== 'Trend Micro' || !/(?:Deep|Workload) Security/.test(event.product)) {
    return `not an event of Deep Security (${shown(`${event.vendor}|${event.product}`)})`;
  }
  const time = syslogTime(event.syslogHeader, receivedAt, offsetMinutes);
  if (time === undefined) {
    return `no readable time in the syslog header, and CEF has no other (${shown(event.syslogHeader)})`;
  }
  const labels = foldLabels(event.extension);
  const kept = originalOf(event, labels);
  if (kept === undefined) return 'the event is nested too deeply';
  const value = (key: string): string | undefined => textOf(event.extension.get(key));
  const address = (key: string): string | undefined => canonicalAddress(value(key) ?? '');
  const module = moduleOf(event);
  return {
    product: 'deep_security',
    format: 'deep_security_cef',
    module,
    event_at: time.at,
    time_source: time.source,
    // Agents label it, but a line whose label was cut off still means the same.
    host_id: textOf(labels.get('Host ID')) ?? (value('cn1Label') ? undefined : value('cn1')),
    ...hostOf([value('dvchost'), value('dvc')]),
    signature_id: textOf(event.signatureId),
    signature_name: textOf(event.name),
    category: value('cat'),
    severity: severityOf(event.severity),
    severity_raw: textOf(event.severity),
    action_raw: value('act'),
    disposition: dispositionOf(module, {
      signatureId: event.signatureId,
      action: value('act'),
      result: value('result'),
    }),
    direction: directionOf(event),
    protocol: protocolOf(value('proto')),
    source_address: address('src'),
    source_port: wholeNumber(value('spt'), MAX_PORT),
    destination_address: address('dst'),
    destination_port: wholeNumber(value('dpt'), MAX_PORT),
    client_address: canonicalAddress(value('xff')?.split(',', 1)[0]?.trim() ?? ''),
    user_name: userOf(module, value('suser'), value('duser')),
    event_count: wholeNumber(value('cnt') ?? value('repeatCount'), Number.MAX_SAFE_INTEGER),
    original: kept.original,
    dropped_keys: kept.droppedKeys,
    line_number: lineNumber,
  };
}

/**
 * Every key of the line in one object, and the values of labelled keys a second time under their
 * labels. What is no key of the extension is under `_cef`, and last, so that no key of the line can
 * take its place.
 */
function originalOf(
  event: CefEvent,
  labels: ReadonlyMap<string, string>,
): ReturnType<typeof withoutPayload> {
  const { cefVersion, vendor, product, productVersion, signatureId, name, severity } = event;
  return withoutPayload(
    Object.fromEntries<unknown>([
      ...labels,
      ...event.extension,
      [
        '_cef',
        {
          header: { cefVersion, vendor, product, productVersion, signatureId, name, severity },
          syslogHeader: event.syslogHeader,
          rawPaths: Object.fromEntries(event.rawPaths),
          duplicates: event.duplicates.map(({ key, value }) => ({ [key]: value })),
          unkeyedText: event.unkeyedText,
          ...(event.extension.has('_cef') ? { key: event.extension.get('_cef') } : {}),
        },
      ],
    ]),
  );
}

/** Id ranges of agents: first id, last id, module. */
const AGENT_MODULES: readonly (readonly [number, number, Module])[] = [
  [10, 10, 'intrusion_prevention'],
  [20, 21, 'firewall'],
  [30, 30, 'integrity'],
  [40, 40, 'log_inspection'],
  [100, 199, 'firewall'],
  [200, 399, 'intrusion_prevention'],
  [500, 899, 'intrusion_prevention'],
  [1_000_000, 1_999_999, 'intrusion_prevention'],
  [2_000_000, 2_999_999, 'integrity'],
  [3_000_000, 3_999_999, 'log_inspection'],
  [4_000_000, 4_999_999, 'anti_malware'],
  [5_000_000, 5_999_999, 'web_reputation'],
  [6_000_000, 6_999_999, 'application_control'],
  [7_000_000, 7_999_999, 'device_control'],
];

function moduleOf(event: CefEvent): Module {
  const id = wholeNumber(event.signatureId, Number.MAX_SAFE_INTEGER);
  // A manager's own events have ids below 7,500; it may also pass on what agents saw.
  if (event.product.includes('Manager') && (id === undefined || id < 1_000_000)) return 'system';
  if (id === undefined) return 'other';
  return AGENT_MODULES.find(([first, last]) => id >= first && id <= last)?.[2] ?? 'other';
}

/** What became of the traffic or the file, from the words and the signature id of an event. */
export function dispositionOf(
  module: Module,
  found: {
    signatureId?: string | undefined;
    action?: string | undefined;
    result?: string | undefined;
  },
): Disposition {
  if (module === 'integrity' || module === 'log_inspection' || module === 'system') return 'logged';
  const action = (found.action ?? '').toLowerCase();
  if (isDetectOnly(action)) return 'detected';
  const id = found.signatureId ?? '';
  if (module === 'application_control' && /^6001\d{3}$/.test(id)) return 'detected';
  if (module === 'application_control' && /^6002\d{3}$/.test(id)) return 'blocked';
  if (module === 'web_reputation' && id === '5000001') return 'detected';
  if (module === 'web_reputation' && id === '5000000') return 'blocked';
  if (module !== 'anti_malware') return outcomeOf(action);
  // The result says whether the action worked; an action that failed left the file where it was.
  const result = (found.result ?? '').toLowerCase();
  if (isDetectOnly(result)) return 'detected';
  const outcome = outcomeOf(result === '' ? action : result);
  if (outcome === 'unknown' && result !== '') return outcomeOf(action);
  return outcome === 'allowed' ? 'detected' : outcome;
}

const isDetectOnly = (text: string): boolean => text.startsWith('ids:') || text.includes('detect');

const OUTCOMES: readonly (readonly [RegExp, Disposition])[] = [
  [/^(?:block|reset|deny|denied|drop|insert|delete|replace|reject|prevent)/, 'blocked'],
  [/^(?:quarantine|clean|terminate|access denied)/, 'blocked'],
  [/^log/, 'logged'],
  [/^(?:allow|pass|bypass|force allow|force_allow)/, 'allowed'],
];

function outcomeOf(text: string): Disposition {
  // "Quarantine Failed" left the file where it was; "Quarantined (Scan Failed)" did not.
  if (/^[a-z ]{0,40}fail/.test(text)) return 'detected';
  return OUTCOMES.find(([pattern]) => pattern.test(text))?.[1] ?? 'unknown';
}

/** The manual's scale: 3 low, 6 medium, 8 high, 10 critical; what lies between goes with the next. */
function severityOf(text: string): string | undefined {
  const number = wholeNumber(text, 10);
  if (number === undefined) return undefined;
  if (number <= 3) return 'low';
  if (number <= 6) return 'medium';
  return number <= 8 ? 'high' : 'critical';
}

/** Only one of `in` and `out` is there; which one tells the direction, even where it is 0 bytes. */
function directionOf(event: CefEvent): string | undefined {
  const isIn = event.extension.has('in');
  if (isIn === event.extension.has('out')) return undefined;
  return isIn ? 'inbound' : 'outbound';
}

/** Name, address and instance id of the host: real lines put either into either key. */
export function hostOf(
  values: readonly (string | undefined)[],
): Record<'host_name' | 'host_address' | 'instance_id', string | undefined> {
  const given = values.filter((value) => value !== undefined);
  const name = given.find((value) => canonicalAddress(value) === undefined);
  return {
    host_name: name,
    host_address: given.map(canonicalAddress).find((address) => address !== undefined),
    instance_id: /(?:^|\[)(i-[0-9a-f]{8,17})(?:\]|$)/.exec(name ?? '')?.[1],
  };
}

function userOf(
  module: Module,
  source: string | undefined,
  destination: string | undefined,
): string | undefined {
  if (module === 'intrusion_prevention' || module === 'firewall') return undefined;
  return module === 'log_inspection' ? (destination ?? source) : (source ?? destination);
}
