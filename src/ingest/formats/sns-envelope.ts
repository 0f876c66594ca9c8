/**
 * Deep Security events out of what delivered them: SNS notifications, Lambda records, SQS bodies, Kinesis
 * and Firehose records, one within the other, with the content of each as JSON, as a text that holds JSON
 * or as such a text in Base64.
 */
import { jsonValuesIn } from '../json-values.ts';
import { isJsonObject, type JsonObject, shown, textOf } from './payload-keys.ts';
import { parseIsoTime } from './syslog-time.ts';

/** Envelopes within envelopes: SNS in SQS in Lambda in Kinesis is eight levels. */
const MAX_ENVELOPES = 12;

/** What holds the content of an envelope. */
const ENVELOPE_KEYS = [
  // SNS, Lambda's records, SQS by Lambda and by the API.
  ...['Message', 'Sns', 'Records', 'body', 'Body', 'Messages'],
  // Firehose's requests and transformations, Kinesis by Lambda and by the API.
  ...['records', 'kinesis', 'data', 'Data'],
] as const;

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
      const { values, broken } = jsonValuesIn(value);
      for (const piece of broken) problems.push(`message is not JSON (${shown(piece)})`);
      if (values.length + broken.length === 0) problems.push(`message is empty (${shown(value)})`);
      for (const item of values) visit(item, depth + 1, receivedAt);
    } else if (Array.isArray(value)) {
      for (const item of value) visit(item, depth + 1, receivedAt);
    } else if (isEvent(value)) {
      events.push({ event: value, ...(receivedAt === undefined ? {} : { receivedAt }) });
    } else {
      const envelope = isJsonObject(value) ? value : {};
      const key = ENVELOPE_KEYS.find((name) => envelope[name] !== undefined);
      const published = parseIsoTime(textOf(envelope.Timestamp) ?? '') ?? receivedAt;
      if (key === undefined) problems.push(`neither event nor envelope (${shown(value)})`);
      else visit(contentOf(envelope, key), depth + 1, published);
    }
  };
  visit(document, 0, undefined);
  return { events, problems };
}

function contentOf(envelope: JsonObject, key: string): unknown {
  const content = envelope[key];
  const isData = typeof content === 'string' && (key === 'data' || key === 'Data');
  return isData ? (decodedData(content) ?? content) : content;
}

/** The text in Base64 data; undefined if it is none, as where a tool decoded it before it was stored. */
export function decodedData(data: string): string | undefined {
  const plain = data.trim();
  if (plain === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(plain)) return undefined;
  return Buffer.from(plain, 'base64').toString('utf8');
}

function isEvent(value: unknown): value is JsonObject {
  return (
    isJsonObject(value) &&
    typeof value.EventType === 'string' &&
    (value.LogDate !== undefined || value.EventID !== undefined || value.HostID !== undefined)
  );
}
