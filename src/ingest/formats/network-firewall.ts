/**
 * AWS Network Firewall's alert, flow and TLS logs, one record a line, from S3 or CloudWatch Logs
 * ("Contents of a firewall log" and "Logging for TLS inspection", AWS Network Firewall Developer Guide).
 *
 * Alert and flow records wrap an EVE event of Suricata. TLS records come from an engine of their own:
 * they have no event type, and their ports are texts. Only stateful rules that alert, drop or reject
 * write an alert, so that no record does not mean no traffic.
 */
import type { Format, LocalObject } from '../format.ts';
import { child, eveColumns } from './eve-event.ts';
import { headEvents, openingText, type Row, readJsonEvents } from './json-events.ts';
import { isJsonObject, type JsonObject, shown, textOf, withoutPayload } from './payload-keys.ts';
import { parseIsoTime } from './syslog-time.ts';

export const networkFirewall: Format = {
  name: 'aws_network_firewall',
  kind: 'ips_events',
  recognises(head) {
    if (headEvents(head, isRecord).some(isRecord)) return true;
    const text = openingText(head);
    return text.startsWith('{"firewall_name":"') && text.slice(0, 4096).includes('"event":{');
  },
  async read(object, sink) {
    return readJsonEvents(object, sink, {
      isEvent: isRecord,
      rowsOf({ event, receivedAt }, lineNumber) {
        const row = rowOf(event, object);
        if (typeof row === 'string') return row;
        return [{ ...row, received_at: receivedAt, line_number: lineNumber }];
      },
    });
  },
};

function isRecord(record: JsonObject): boolean {
  return typeof record.firewall_name === 'string' && isJsonObject(record.event);
}

function rowOf(record: JsonObject, object: LocalObject): Row | string {
  const { event } = record;
  if (!isJsonObject(event)) return `no event of a firewall (${shown(record)})`;
  const isTls = isTlsRecord(event);
  if (!isTls && textOf(event.event_type) === undefined) {
    return `no event_type (${shown(event.event_type)})`;
  }
  const at = eventTime(event.timestamp) ?? eventTime(record.event_timestamp);
  if (at === undefined) {
    return `neither timestamp (${shown(event.timestamp)}) nor event_timestamp (${shown(record.event_timestamp)}) is a time`;
  }
  const kept = withoutPayload(record);
  if (kept === undefined) return 'the event is nested too deeply';
  return {
    product: 'aws_network_firewall',
    format: 'aws_network_firewall',
    event_at: at,
    time_source: 'record',
    host_name: textOf(record.firewall_name),
    // The record does not name the account; the key of its object in S3 does.
    account_id: object.hints.accountId,
    ...eveColumns(event),
    ...(isTls ? tlsColumns(event) : alertColumns(event)),
    original: kept.original,
    dropped_keys: kept.droppedKeys,
  };
}

/** TLS records have either key and, as the guide shows them, no `event_type`. */
function isTlsRecord(event: JsonObject): boolean {
  return isJsonObject(event.tls_error) || isJsonObject(event.revocation_check);
}

/** An ISO 8601 time, or seconds since 1970 as number or text, in microseconds. */
function eventTime(value: unknown): bigint | undefined {
  const text = textOf(value) ?? '';
  const seconds = /^(\d{9,11})(?:\.(\d{1,6}))?$/.exec(text);
  if (!seconds) return parseIsoTime(text);
  return BigInt(seconds[1] ?? 0) * 1_000_000n + BigInt((seconds[2] ?? '').padEnd(6, '0'));
}

/**
 * Default actions of a policy log under names of their own, as no rule matched. Those that alert drop
 * nothing, and yet their `alert.action` says `blocked`: without a verdict it cannot be believed.
 */
function alertColumns(event: JsonObject): Row {
  const signature = textOf(child(event, 'alert').signature) ?? '';
  if (event.event_type !== 'alert' || !signature.startsWith('aws:')) return {};
  const hasVerdict = textOf(child(event, 'verdict').action) !== undefined;
  return {
    module: 'firewall',
    ...(/^aws:alert_/.test(signature) && !hasVerdict ? { disposition: 'detected' } : {}),
  };
}

/**
 * A TLS error stands for a connection that the firewall reset. A failed check of a certificate's
 * revocation was dealt with as configured: DROP, REJECT or PASS.
 */
function tlsColumns(event: JsonObject): Row {
  const check = isJsonObject(event.revocation_check) ? event.revocation_check : undefined;
  const action = textOf(check?.action);
  const status = textOf(check?.status);
  return {
    module: 'tls_inspection',
    signature_name:
      textOf(child(event, 'tls_error').error_message) ??
      (status === undefined ? undefined : `certificate revocation check: ${status}`),
    category: check ? 'revocation_check' : 'tls_error',
    action_raw: action,
    disposition: check
      ? (REVOCATION_ACTIONS.get(action?.toUpperCase() ?? '') ?? 'unknown')
      : 'blocked',
    event_count: 1,
  };
}

const REVOCATION_ACTIONS: ReadonlyMap<string, string> = new Map([
  ['DROP', 'blocked'],
  ['REJECT', 'blocked'],
  ['PASS', 'detected'],
]);
