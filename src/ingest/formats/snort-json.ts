/**
 * Snort 3's alert_json, one alert a line (docs.snort.org: "Alert Logging"; `alert_json` of the Snort 3
 * reference). Which fields there are is configured; a field without a value is left out.
 *
 * The action is what became of the packet: `would_drop` and `cant_drop` did not happen, and `allow`
 * let it through. A rewritten packet was let through as well. All of these are `detected`.
 */
import { canonicalAddress } from '../../address.ts';
import type { Format, LocalObject } from '../format.ts';
import { PRIORITIES } from './eve-event.ts';
import {
  headEvents,
  MAX_PORT,
  offsetOf,
  openingText,
  type Row,
  readJsonEvents,
} from './json-events.ts';
import {
  type JsonObject,
  protocolOf,
  shown,
  textOf,
  wholeNumber,
  withoutPayload,
} from './payload-keys.ts';
import { snortTime } from './snort-time.ts';

/** Generator, signature and revision. */
const RULE = /^(\d{1,10}):(\d{1,10}):\d{1,10}$/;

export const snortJson: Format = {
  name: 'snort_alert_json',
  kind: 'ips_events',
  recognises(head) {
    if (headEvents(head, isAlert).some(isAlert)) return true;
    const text = openingText(head).slice(0, 4096);
    return /^\{ ?"\w+" : /.test(text) && /, "(?:rule|sid|src_ap|src_addr)" : /.test(text);
  },
  async read(object, sink) {
    const offset = offsetOf(object);
    return readJsonEvents(object, sink, {
      isEvent: isAlert,
      rowsOf({ event, receivedAt }, lineNumber) {
        const row = rowOf(event, object, offset);
        if (typeof row === 'string') return row;
        return [{ ...row, received_at: receivedAt, line_number: lineNumber }];
      },
    });
  },
};

/** No field is in every configuration: the rule, or the addresses and what else only Snort has. */
function isAlert(event: JsonObject): boolean {
  if (event.event_type !== undefined || event.EventType !== undefined) return false;
  if (typeof event.rule === 'string' && RULE.test(event.rule)) return true;
  const hasTime = event.timestamp !== undefined || event.seconds !== undefined;
  const hasSignature = typeof event.sid === 'number' && typeof event.gid === 'number';
  const hasEnds = typeof event.src_ap === 'string' || typeof event.src_addr === 'string';
  return hasTime && (hasSignature || (hasEnds && typeof event.action === 'string'));
}

function rowOf(event: JsonObject, object: LocalObject, offsetMinutes: number): Row | string {
  if (!isAlert(event)) return `not an alert of Snort (${shown(event)})`;
  const time = snortTime(event.timestamp, event.seconds, object.modifiedAt, offsetMinutes);
  if (time === undefined) {
    return `neither seconds (${shown(event.seconds)}) nor timestamp (${shown(event.timestamp)}) is a time of Snort`;
  }
  const kept = withoutPayload(event);
  if (kept === undefined) return 'the event is nested too deeply';
  const rule = RULE.exec(textOf(event.rule) ?? '');
  const generator = rule?.[1] ?? textOf(event.gid);
  const signature = rule?.[2] ?? textOf(event.sid);
  const category = textOf(event.class);
  const protocol = protocolOf(event.proto);
  const source = endOf(event.src_ap, event.src_addr, event.src_port, protocol);
  const destination = endOf(event.dst_ap, event.dst_addr, event.dst_port, protocol);
  const isIpv6 = source.address?.includes(':') || destination.address?.includes(':');
  return {
    product: 'snort',
    format: 'snort_alert_json',
    module: 'intrusion_prevention',
    event_at: time.at,
    time_source: time.source,
    // The same number means another signature under another generator; 1 is that of text rules.
    signature_id: signature === undefined ? undefined : `${generator ?? 1}:${signature}`,
    signature_name: textOf(event.msg),
    category: category === 'none' ? undefined : category,
    severity: PRIORITIES.get(textOf(event.priority) ?? ''),
    severity_raw: textOf(event.priority),
    action_raw: textOf(event.action),
    disposition: dispositionOf(textOf(event.action)),
    // Snort has one name for both versions of ICMP.
    protocol: protocol === 1 && isIpv6 ? 58 : protocol,
    source_address: source.address,
    source_port: source.port,
    destination_address: destination.address,
    destination_port: destination.port,
    event_count: 1,
    original: kept.original,
    dropped_keys: kept.droppedKeys,
  };
}

type End = { address: string | undefined; port: number | undefined };

/** `192.0.2.7:443`, or `2001:db8::7:443` without brackets; the port is 0 where the protocol has none. */
function endOf(both: unknown, address: unknown, port: unknown, protocol?: number): End {
  const text = textOf(both) ?? '';
  const colon = text.lastIndexOf(':');
  const number = wholeNumber(port ?? text.slice(colon + 1), MAX_PORT);
  const hasPorts = protocol === undefined || protocol === 6 || protocol === 17;
  return {
    address: canonicalAddress(textOf(address) ?? text.slice(0, Math.max(colon, 0))),
    port: number === 0 && !hasPorts ? undefined : number,
  };
}

const DISPOSITIONS: ReadonlyMap<string, string> = new Map([
  ...['drop', 'block', 'reset'].map((name) => [name, 'blocked'] as const),
  ...['force_drop', 'force_block', 'force_reset'].map((name) => [name, 'blocked'] as const),
  // As Snort 2 and the actions of rules name it.
  ...['reject', 'react'].map((name) => [name, 'blocked'] as const),
  ...['allow', 'trust', 'rewrite', 'force_rewrite'].map((name) => [name, 'detected'] as const),
]);

function dispositionOf(action: string | undefined): string {
  const word = action?.toLowerCase() ?? '';
  if (/^(?:would|cant|can't|could)_/.test(word)) return 'detected';
  return DISPOSITIONS.get(word) ?? 'unknown';
}
