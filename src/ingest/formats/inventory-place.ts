/** Where and when an inventory was taken: what its content, the configuration and the path say. */
import type { LocalObject } from '../format.ts';
import type { Place } from '../inventory-series.ts';
import type { Json, JsonObject } from '../json.ts';

/** Account and region by the configuration, else by the path. */
export function placeOfPath(object: LocalObject): Place {
  const account = object.hints.accountId ?? /[/=](\d{12})(?=[/_])/.exec(object.uri)?.[1];
  const region =
    object.hints.region ?? /[/=]((?:[a-z]{2}|us-gov)-[a-z]{4,10}-\d)(?=[/_])/.exec(object.uri)?.[1];
  return { accountId: account, region };
}

/** The time in a top-level key, the configuration or the path, in this order. */
export function takenTime(document: JsonObject, object: LocalObject): Date | undefined {
  const stated = document.taken_at ?? document.TakenAt ?? document.takenAt;
  const statedTime = typeof stated === 'string' ? readTime(stated) : undefined;
  return statedTime ?? object.hints.takenAt ?? timeOfPath(object.uri);
}

/** The last time in a path, as 2026-11-02T13-59-30Z with or without separators. */
export function timeOfPath(uri: string): Date | undefined {
  const times = [
    ...uri.matchAll(
      /(\d{4})-?(\d{2})-?(\d{2})T(\d{2})[-:]?(\d{2})(?:[-:]?(\d{2})(?:\.\d{1,9})?)?Z/g,
    ),
  ];
  const last = times.at(-1);
  if (!last) return undefined;
  const [, year, month, day, hour, minute, second = '00'] = last;
  return readTime(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/**
 * A time as ISO 8601 writes it, with `Z` or an offset: without either it would be the local time of
 * whichever machine reads it. A date alone is its first instant in UTC. A number is seconds since 1970,
 * as version 1 of the AWS CLI prints times.
 */
export function readTime(value: Json): Date | undefined {
  if (typeof value === 'number') {
    const time = new Date(Math.round(value * 1000));
    return value > 0 && !Number.isNaN(time.getTime()) ? time : undefined;
  }
  if (typeof value !== 'string') return undefined;
  const match =
    /^(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/.exec(
      value,
    );
  const day = match?.[1] === undefined ? Number.NaN : Date.parse(match[1]);
  // JavaScript reads 30 February as 2 March; that is no date.
  if (Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== match?.[1])
    return undefined;
  const time = new Date(value);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
