/**
 * Wazuh's alerts.json, one alert a line (documentation.wazuh.com: "Alert management", and the manager's
 * `Eventinfo_to_jsonstr`). What the alert's `data` says of the traffic is in `wazuh-data.ts`.
 *
 * Wazuh reads what other products log, so that an alert is `logged` unless its data says what those did
 * with the traffic. An active response is a command that was sent, and by itself blocks nothing.
 */
import { canonicalAddress } from '../../address.ts';
import type { Format } from '../format.ts';
import { hostOf } from './deep-security-event.ts';
import { child } from './eve-event.ts';
import { headEvents, offsetOf, openingText, type Row, readJsonEvents } from './json-events.ts';
import {
  isJsonObject,
  type JsonObject,
  shown,
  textOf,
  wholeNumber,
  withoutPayload,
} from './payload-keys.ts';
import { parseIsoTime } from './syslog-time.ts';
import { dataColumns, userOfAlert } from './wazuh-data.ts';

export const wazuhAlert: Format = {
  name: 'wazuh_alerts',
  kind: 'ips_events',
  recognises(head) {
    if (headEvents(head, isAlert).some(isAlert)) return true;
    const text = openingText(head).slice(0, 4096);
    return /^\{"timestamp":"[^"]{1,40}","rule":\{"level":\d/.test(text);
  },
  async read(object, sink) {
    const offset = offsetOf(object);
    return readJsonEvents(object, sink, {
      isEvent: isAlert,
      rowsOf({ event, receivedAt }, lineNumber) {
        const row = rowOf(event, offset);
        if (typeof row === 'string') return row;
        return [{ ...row, received_at: receivedAt, line_number: lineNumber }];
      },
    });
  },
};

function isAlert(event: JsonObject): boolean {
  return (
    isJsonObject(event.rule) &&
    textOf(event.rule.level) !== undefined &&
    (isJsonObject(event.agent) || isJsonObject(event.manager))
  );
}

function rowOf(alert: JsonObject, offsetMinutes: number): Row | string {
  if (!isAlert(alert)) return `not an alert of Wazuh (${shown(alert)})`;
  const at = parseIsoTime(textOf(alert.timestamp) ?? '', offsetMinutes);
  if (at === undefined) return `timestamp is not an ISO 8601 time (${shown(alert.timestamp)})`;
  // `data` holds the decoded fields here, which elsewhere is the name of a payload.
  const kept = withoutPayload(withoutRawEvents(alert), (path) => path === 'data');
  if (kept === undefined) return 'the event is nested too deeply';
  const rule = child(alert, 'rule');
  const groups = [rule.groups].flat().map((group) => textOf(group)?.toLowerCase() ?? '');
  const manager = textOf(child(alert, 'manager').name);
  const id = textOf(alert.id);
  return {
    // The id is made of the time and the place in the manager's file.
    event_id: manager === undefined || id === undefined ? undefined : `${manager}/${id}`,
    product: 'wazuh',
    format: 'wazuh_alerts',
    event_at: at,
    time_source: 'record',
    ...hostColumns(alert),
    signature_id: textOf(rule.id),
    signature_name: textOf(rule.description),
    category: groups.filter((group) => group !== '').join(', ') || undefined,
    severity: severityOf(rule.level),
    severity_raw: textOf(rule.level),
    ...dataColumns(alert, groups),
    user_name: userOfAlert(alert, groups),
    original: kept.original,
    dropped_keys: [...kept.droppedKeys, ...rawEventKeys(alert)].sort(),
  };
}

/** Texts of the logs that the alert was raised from. */
const RAW_KEYS: readonly string[] = ['full_log', 'previous_output', 'previous_log'];

/** JSON in a text, or a key of it that names what a packet or a body held. */
const RAW_EVENT =
  /\{\s{0,8}\\?"|(?:^|[^a-z])(?:payload|\w{0,20}packetdata|body)\w{0,20}\\?"?\s{0,4}[=:]/i;

/**
 * A raw log that is an event itself may hold its payload: its keys stand in `data` anyway, less those.
 * A line of a plain log is kept, as it says what no key does.
 */
function rawEventKeys(alert: JsonObject): string[] {
  return RAW_KEYS.filter((key) => RAW_EVENT.test(textOf(alert[key]) ?? ''));
}

function withoutRawEvents(alert: JsonObject): JsonObject {
  const dropped = rawEventKeys(alert);
  if (dropped.length === 0) return alert;
  return Object.fromEntries(Object.entries(alert).filter(([key]) => !dropped.includes(key)));
}

/**
 * The host of the agent. What the manager (agent 000) received by syslog comes from another host, whose
 * address is the location; what it fetched from AWS comes from none.
 */
function hostColumns(alert: JsonObject): Row {
  const agent = child(alert, 'agent');
  const id = textOf(agent.id);
  const sender = canonicalAddress(textOf(alert.location) ?? '');
  if (sender !== undefined) {
    const name = textOf(child(alert, 'predecoder').hostname);
    return { host_id: undefined, ...hostOf([name]), host_address: sender };
  }
  if (textOf(child(alert, 'data').integration) === 'aws')
    return { host_id: undefined, ...hostOf([]) };
  return { host_id: id, ...hostOf([textOf(agent.name), textOf(agent.ip)]) };
}

/** The ranges of Wazuh's dashboard: up to 6 low, 11 medium, 14 high, above critical. */
function severityOf(level: unknown): string | undefined {
  const number = wholeNumber(level, 16);
  if (number === undefined) return undefined;
  if (number <= 6) return 'low';
  if (number <= 11) return 'medium';
  return number <= 14 ? 'high' : 'critical';
}
