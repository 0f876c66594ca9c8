/**
 * Deep Security events out of what delivered them: SNS notifications, Lambda records, SQS bodies, one
 * within the other, with the content of each as JSON or as a text that holds JSON.
 */
import { isJsonObject, type JsonObject, shown, textOf } from './payload-keys.ts';
import { parseIsoTime } from './syslog-time.ts';

/** Envelopes within envelopes: SNS in SQS in Lambda is four levels. */
const MAX_ENVELOPES = 12;

/** What holds the content of an envelope: SNS, Lambda's records, SQS by Lambda and by the API. */
const ENVELOPE_KEYS = ['Message', 'Sns', 'Records', 'body', 'Body', 'Messages'] as const;

/** An event as JSON, and when its envelope says that it was published. */
export type FoundEvent = { event: JsonObject; receivedAt?: bigint };

/** The events in a parsed document, out of their envelopes, and what in it is no event. */
export function eventsOf(document: unknown): { events: FoundEvent[]; problems: string[] } {
  const events: FoundEvent[] = [];
  const problems: string[] = [];
  const visit = (value: unknown, depth: number, receivedAt: bigint | undefined): void => {
    if (depth > MAX_ENVELOPES) {
      problems.push('envelopes are nested too deeply');
    } else if (typeof value === 'string') {
      const parsed = parseJson(value);
      if (parsed === undefined) problems.push(`message is not JSON (${shown(value)})`);
      else visit(parsed, depth + 1, receivedAt);
    } else if (Array.isArray(value)) {
      for (const item of value) visit(item, depth + 1, receivedAt);
    } else if (isEvent(value)) {
      events.push({ event: value, ...(receivedAt === undefined ? {} : { receivedAt }) });
    } else {
      const envelope = isJsonObject(value) ? value : {};
      const key = ENVELOPE_KEYS.find((name) => envelope[name] !== undefined);
      const published = textOf(envelope.Timestamp);
      if (key === undefined) problems.push(`neither event nor envelope (${shown(value)})`);
      else visit(envelope[key], depth + 1, parseIsoTime(published ?? '') ?? receivedAt);
    }
  };
  if (document !== undefined) visit(document, 0, undefined);
  return { events, problems };
}

function isEvent(value: unknown): value is JsonObject {
  return (
    isJsonObject(value) &&
    typeof value.EventType === 'string' &&
    (value.LogDate !== undefined || value.EventID !== undefined || value.HostID !== undefined)
  );
}

/** The JSON value of a text; undefined if it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.trim());
  } catch {
    return undefined;
  }
}
