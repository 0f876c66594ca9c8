/**
 * Keys of GuardDuty findings, which start with a small letter in events and exports and with a capital in
 * the API's answers; some findings have both (`rdsLoginAttemptAction.LoginAttributes`).
 */
import { isJsonObject, type JsonObject, textOf } from './payload-keys.ts';

/** The value under a key, in either spelling. `key` starts with a small letter. */
export function at(object: JsonObject, key: string): unknown {
  return object[key] ?? object[`${key.charAt(0).toUpperCase()}${key.slice(1)}`];
}

/** The text or number under a key, as text. */
export function textAt(object: JsonObject, key: string): string | undefined {
  return textOf(at(object, key));
}

/** The object under a key; an empty one if there is none. */
export function objectAt(object: JsonObject, key: string): JsonObject {
  const value = at(object, key);
  return isJsonObject(value) ? value : {};
}

/** The objects of the list under a key. */
export function objectsAt(object: JsonObject, key: string): JsonObject[] {
  const value = at(object, key);
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
