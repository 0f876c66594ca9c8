/**
 * Suricata's EVE JSON, one event a line (suricata.io: "Eve JSON Output", and its schema.json). What an
 * event means is in `eve-event.ts`.
 */
import type { Format } from '../format.ts';
import { eveColumns } from './eve-event.ts';
import { headEvents, offsetOf, openingText, type Row, readJsonEvents } from './json-events.ts';
import { type JsonObject, shown, textOf, withoutPayload } from './payload-keys.ts';
import { addSensorReport } from './suricata-stats.ts';
import { parseIsoTime } from './syslog-time.ts';

export const suricataEve: Format = {
  name: 'suricata_eve',
  kind: 'ips_events',
  recognises(head) {
    if (headEvents(head, isEve).some(isEve)) return true;
    const text = openingText(head).slice(0, 4096);
    // An alert of Wazuh opens with a time as well, and may hold an event of Suricata.
    if (!text.startsWith('{"timestamp":"') || text.includes('"rule":{')) return false;
    return text.includes('"event_type":"');
  },
  async read(object, sink) {
    const offset = offsetOf(object);
    return readJsonEvents(object, sink, {
      isEvent: isEve,
      rowsOf({ event }, lineNumber) {
        const row = rowOf(event, lineNumber, offset);
        return typeof row === 'string' ? row : [row];
      },
      onRead: ({ event }, lineNumber) => addSensorReport(event, lineNumber, sink),
    });
  },
};

function isEve(event: JsonObject): boolean {
  return (
    typeof event.event_type === 'string' &&
    typeof event.timestamp === 'string' &&
    event.EventType === undefined
  );
}

function rowOf(event: JsonObject, lineNumber: number, offsetMinutes: number): Row | string {
  const type = textOf(event.event_type);
  if (type === undefined) return `no event_type (${shown(event.event_type)})`;
  const at =
    typeof event.timestamp === 'string' ? parseIsoTime(event.timestamp, offsetMinutes) : undefined;
  if (at === undefined) return `timestamp is not an ISO 8601 time (${shown(event.timestamp)})`;
  const kept = withoutPayload(event);
  if (kept === undefined) return 'the event is nested too deeply';
  return {
    product: 'suricata',
    format: 'suricata_eve',
    event_at: at,
    time_source: 'record',
    host_name: textOf(event.host),
    ...eveColumns(event),
    original: kept.original,
    dropped_keys: kept.droppedKeys,
    line_number: lineNumber,
  };
}
