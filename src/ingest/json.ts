/** JSON values as the formats handle them. */

export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };

/**
 * JSON with sorted keys and sorted lists: EC2 gives lists in no particular order. Halves of surrogate
 * pairs become U+FFFD, because the engine's JSON functions refuse a whole query over one of them.
 */
export function canonicalJson(value: Json, without: ReadonlySet<string> = new Set()): string {
  if (Array.isArray(value)) {
    return `[${value
      .map((item) => canonicalJson(item, without))
      .sort()
      .join(',')}]`;
  }
  if (isObject(value)) {
    const members = Object.keys(value)
      .filter((key) => !without.has(key))
      .sort()
      .map((key) => `${jsonText(key)}:${canonicalJson(value[key] ?? null, without)}`);
    return `{${members.join(',')}}`;
  }
  return typeof value === 'string' ? jsonText(value) : JSON.stringify(value);
}

function jsonText(text: string): string {
  return JSON.stringify(text.replace(/[\ud800-\udfff]/gu, '\ufffd'));
}

/** The value of a JSON text; undefined if it is none. JSON itself has no undefined. */
export function parseJson(text: string): Json | undefined {
  try {
    // Trimmed, because a byte order mark is white space to trim() and an error to JSON.
    return JSON.parse(text.trim()) as Json;
  } catch {
    return undefined;
  }
}

/** True for an object that is no list. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The objects of a list; none for anything else, as the API may give null for a list. */
export function objectsOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** A text that is not empty. */
export function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/**
 * What is kept of a value that is rejected: a text as it is, all else as JSON. A value that is nested
 * deeper than the stack reaches, which can be parsed but not printed, is kept as `null`.
 */
export function rejectedBytes(value: unknown): Buffer {
  if (typeof value === 'string') return Buffer.from(value);
  try {
    return Buffer.from(JSON.stringify(value) ?? 'null');
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    return Buffer.from('null');
  }
}
