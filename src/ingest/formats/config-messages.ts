/**
 * What a file of AWS Config holds: a configuration snapshot or history (`configurationItems`), or
 * change notifications (`configurationItem`), plain or in the envelopes of SNS, SQS and EventBridge.
 */
import { isObject, type Json, type JsonObject, parseJson, textOf } from '../json.ts';
import { shown } from './payload-keys.ts';

/** Envelopes within envelopes: EventBridge in SNS in SQS in Lambda is five levels. */
const MAX_ENVELOPES = 12;

const ENVELOPE_KEYS = ['detail', 'Message', 'Sns', 'Records', 'body', 'Body', 'Messages'] as const;

export type ConfigRecord =
  | { kind: 'item'; item: Json }
  /** A message that tells of no resource, such as that a snapshot was delivered. */
  | { kind: 'other' }
  | { kind: 'bad'; reason: string; value: Json };

/** The change notifications in a document, out of their envelopes. */
export function recordsOf(document: Json): ConfigRecord[] {
  const records: ConfigRecord[] = [];
  const visit = (value: Json, depth: number): void => {
    if (depth > MAX_ENVELOPES) {
      records.push({ kind: 'bad', reason: 'envelopes are nested too deeply', value: null });
    } else if (Array.isArray(value)) {
      for (const item of value) visit(item, depth + 1);
    } else if (typeof value === 'string') {
      const parsed = parseJson(value);
      if (parsed !== undefined) visit(parsed, depth + 1);
      else records.push({ kind: 'bad', reason: `message is not JSON (${shown(value)})`, value });
    } else if (isObject(value)) {
      visitObject(value, depth);
    } else {
      records.push({ kind: 'bad', reason: 'neither a message nor an envelope', value });
    }
  };
  const visitObject = (value: JsonObject, depth: number): void => {
    const { configurationItem: item, configurationItemSummary: summary } = value;
    if (isObject(summary) && !isObject(item)) {
      records.push({ kind: 'bad', reason: oversized(value), value: summary });
      return;
    }
    if (item !== undefined && item !== null) {
      for (const one of Array.isArray(item) ? item : [item]) {
        records.push({ kind: 'item', item: one });
      }
      return;
    }
    const key = ENVELOPE_KEYS.find((name) => value[name] !== undefined && value[name] !== null);
    if (textOf(value.messageType) !== undefined) records.push({ kind: 'other' });
    else if (key !== undefined) visit(value[key] ?? null, depth + 1);
    else records.push({ kind: 'bad', reason: 'neither a message nor an envelope', value });
  };
  visit(document, 0);
  return records;
}

function oversized(message: JsonObject): string {
  const { s3DeliverySummary: summary } = message;
  const place = isObject(summary) ? textOf(summary.s3BucketLocation) : undefined;
  return `oversized notification without its item: read it from ${place ?? 'the bucket of AWS Config'}`;
}
