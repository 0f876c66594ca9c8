/**
 * The times of Snort 3's loggers (`LogTimeStamp` and the options -y and -U of the Snort 3 reference):
 * `11/18-06:13:41.532140` without a year, `26/11/18-06:13:41.532140` with `-y`. They are in the sensor's
 * zone unless it runs with `-U`. Early releases of Snort 3, and Snort 2, wrote `11/18/26-` for `-y`.
 */
import { textOf, wholeNumber } from './payload-keys.ts';
import { latestReceived, parseIsoTime } from './syslog-time.ts';

export type SnortTime = { at: bigint; source: 'record' | 'record_without_year' };

const SNORT_TIME = /^(?:(\d\d)\/)?(\d\d)\/(\d\d)-(\d\d:\d\d:\d\d(?:\.\d{1,9})?)$/;

/** 31 December 9999, the last day that every engine can write. */
const MAX_SECONDS = 253_402_300_799;

/**
 * The time of an event in microseconds. `seconds` is the same time since 1970, to be preferred, and
 * `timestamp` has the fraction. Undefined if neither is a time.
 */
export function snortTime(
  timestamp: unknown,
  seconds: unknown,
  receivedAt: Date,
  offsetMinutes: number,
): SnortTime | undefined {
  const text = textOf(timestamp) ?? '';
  const epoch = wholeNumber(seconds, MAX_SECONDS);
  if (epoch !== undefined) {
    const fraction = /:\d\d\.(\d{1,9})$/.exec(text)?.[1] ?? '';
    const micros = BigInt(fraction.padEnd(6, '0').slice(0, 6));
    return { at: BigInt(epoch) * 1_000_000n + micros, source: 'record' };
  }
  const iso = parseIsoTime(text, offsetMinutes);
  if (iso !== undefined) return { at: iso, source: 'record' };
  const match = SNORT_TIME.exec(text);
  if (!match) return undefined;
  const [, first, second = '', third = '', clock = ''] = match;
  const on = (year: number | string, month: string, day: string): bigint | undefined =>
    parseIsoTime(`${year}-${month}-${day}T${clock}`, offsetMinutes);
  if (first === undefined) {
    const year = receivedAt.getUTCFullYear();
    const times = [year + 1, year, year - 1].map((candidate) => on(candidate, second, third));
    const at = latestReceived(times, receivedAt);
    return at === undefined ? undefined : { at, source: 'record_without_year' };
  }
  // Where both orders give a day, the event is taken to be the more recent.
  const times = [on(`20${first}`, second, third), on(`20${third}`, first, second)];
  const at = latestReceived(times, receivedAt) ?? times[0] ?? times[1];
  return at === undefined ? undefined : { at, source: 'record' };
}
