/**
 * JSON events out of what delivered them: CloudWatch Logs (pulled events, subscription messages), SNS,
 * SQS, Lambda's records, EventBridge and API answers, one within the other, with the content of each as
 * JSON or as a text that holds JSON.
 */
import { parseJson } from '../json.ts';
import { isJsonObject, type JsonObject, shown, textOf, wholeNumber } from './payload-keys.ts';
import { parseIsoTime } from './syslog-time.ts';

/** Envelopes within envelopes: a subscription in SNS in SQS in Lambda is six levels. */
const MAX_ENVELOPES = 12;

/** What holds the content of an envelope. A document with none of these keys is taken for an event. */
const CONTENT_KEYS = [
  // CloudWatch Logs, then SNS, Lambda's records, SQS by Lambda and by the API.
  ...['logEvents', 'message'],
  ...['Message', 'Sns', 'Records', 'body', 'Body', 'Messages'],
  // EventBridge, then GuardDuty's get-findings.
  ...['detail', 'Findings'],
] as const;

/** An event as JSON, and when its envelope says that it was received or published. */
export type FoundEvent = { event: JsonObject; receivedAt?: bigint };

export type FoundEvents = { events: FoundEvent[]; problems: string[] };

/**
 * The events in a parsed document, out of their envelopes, and what in it is no JSON object. What
 * `isEvent` knows is an event though it may have the key of an envelope.
 */
export function eventsIn(
  document: unknown,
  isEvent: (event: JsonObject) => boolean = () => false,
): FoundEvents {
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
    } else if (isJsonObject(value)) {
      const key = isEvent(value) ? undefined : CONTENT_KEYS.find((name) => isContent(value[name]));
      if (key !== undefined) visit(value[key], depth + 1, receivedTime(value) ?? receivedAt);
      else events.push({ event: value, ...(receivedAt === undefined ? {} : { receivedAt }) });
    } else {
      problems.push(`not a JSON object (${shown(value)})`);
    }
  };
  visit(document, 0, undefined);
  return { events, problems };
}

/** True for what CloudWatch Logs sends to see whether a destination answers; it holds no event. */
export function isControlMessage(document: unknown): boolean {
  return isJsonObject(document) && document.messageType === 'CONTROL_MESSAGE';
}

function isContent(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null);
}

/** `ingestionTime` of CloudWatch Logs (milliseconds), `Timestamp` of SNS, `time` of EventBridge. */
function receivedTime(envelope: JsonObject): bigint | undefined {
  const ingested = wholeNumber(envelope.ingestionTime, Number.MAX_SAFE_INTEGER / 1000);
  if (ingested !== undefined) return BigInt(ingested) * 1000n;
  return parseIsoTime(textOf(envelope.Timestamp) ?? textOf(envelope.time) ?? '');
}
