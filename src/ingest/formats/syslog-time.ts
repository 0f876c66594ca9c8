/**
 * Event times from the header of a syslog line. Deep Security's CEF has no time among its keys, so
 * the header is the only one there is, and most headers (RFC 3164) have neither a year nor a zone.
 *
 * All times are microseconds since 1970, UTC. Nothing here reads the clock: the year that a header
 * leaves out follows from the time at which the line was received.
 */

export type SyslogTime = {
  at: bigint;
  /** `syslog_header_without_year` says that the year was worked out, not read. */
  source: 'syslog_header' | 'syslog_header_without_year';
};

const ISO_TIME =
  /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|z|[+-]\d\d:?\d\d)?(?=\s|$)/;

const BSD_TIME =
  /^([A-Z][a-z]{2}) {1,2}(\d{1,2}) (?:(\d{4}) )?(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?=[\s:]|$)/;

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** Characters in which the time must end, blanks before it included. */
const MAX_TIME_LENGTH = 64;

const MINUTE_MICROSECONDS = 60_000_000n;

/** A header may be this much ahead of the receive time: a clock that is off, or a zone. */
const AHEAD_MICROSECONDS = 2n * 24n * 60n * MINUTE_MICROSECONDS;

/** Minutes east of UTC of `Z`, `+02:00` or `+0200`. Undefined for anything else. */
export function parseOffset(text: string): number | undefined {
  if (text === 'Z' || text === 'z') return 0;
  const match = /^([+-])(\d\d):?(\d\d)$/.exec(text);
  if (!match) return undefined;
  const hours = Number(match[2]);
  const minutes = Number(match[3]);
  if (hours > 14 || minutes > 59) return undefined;
  const offset = hours * 60 + minutes;
  return match[1] === '-' ? -offset : offset;
}

/**
 * Microseconds since 1970 of an ISO 8601 time at the start of the text, with or without the colon in
 * its offset (`+0000`, as Suricata writes it). Without an offset, `offsetMinutes` is its zone.
 * Undefined if there is no such time, or no such day.
 */
export function parseIsoTime(text: string, offsetMinutes = 0): bigint | undefined {
  const match = ISO_TIME.exec(text);
  if (!match) return undefined;
  const offset = match[8] === undefined ? offsetMinutes : parseOffset(match[8]);
  if (offset === undefined) return undefined;
  return microseconds(
    Number(match[1]),
    Number(match[2]),
    Number(match[3]),
    [match[4], match[5], match[6]],
    match[7],
    offset,
  );
}

function microseconds(
  year: number,
  month: number,
  day: number,
  [hour, minute, second]: readonly (string | undefined)[],
  fraction: string | undefined,
  offsetMinutes: number,
): bigint | undefined {
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const midnight = new Date(0);
  midnight.setUTCFullYear(year, month - 1, day);
  // A day that does not exist, such as 30 February, moves into the next month.
  if (midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== day) return undefined;
  const seconds = (Number(hour) * 60 + Number(minute)) * 60 + Number(second);
  const micros = BigInt((fraction ?? '').padEnd(6, '0').slice(0, 6));
  return (
    BigInt(midnight.getTime() + seconds * 1000) * 1000n +
    micros -
    BigInt(offsetMinutes) * MINUTE_MICROSECONDS
  );
}

/**
 * The time in a syslog header: what stands before the message. Understands an octet count, `<PRI>`,
 * the version digit of RFC 5424, ISO 8601 with or without PRI, and RFC 3164 with one or two blanks
 * before the day. Where a relay put its own header in front, the last `<PRI>` is the sender's.
 *
 * A year left out is the latest that puts the time no more than two days after `receivedAt`
 * (the rule of Logstash's syslog filter, which covers both sides of New Year).
 * `offsetMinutes` is the zone of headers that state none.
 */
export function syslogTime(
  header: string,
  receivedAt: Date,
  offsetMinutes = 0,
): SyslogTime | undefined {
  const starts = [0];
  for (const { 0: priority, index } of header.matchAll(/<\d{1,3}>/g)) {
    starts.push(index + priority.length);
  }
  for (const start of starts.reverse()) {
    // What may stand before the time: a byte order mark, a quote, the version digit of RFC 5424.
    const text = header
      .slice(start, start + MAX_TIME_LENGTH)
      .replace(/^[\s"\ufeff]+/, '')
      .replace(/^1 (?=\d{4}-)/, '');
    const time = headerTime(text, receivedAt, offsetMinutes);
    if (time !== undefined) return time;
  }
  return undefined;
}

function headerTime(text: string, receivedAt: Date, offsetMinutes: number): SyslogTime | undefined {
  const iso = parseIsoTime(text, offsetMinutes);
  if (iso !== undefined) return { at: iso, source: 'syslog_header' };
  const match = BSD_TIME.exec(text);
  const month = MONTHS.indexOf(match?.[1] ?? '') + 1;
  if (!match || month === 0) return undefined;
  const inYear = (year: number): bigint | undefined =>
    microseconds(
      year,
      month,
      Number(match[2]),
      [match[4], match[5], match[6]],
      match[7],
      offsetMinutes,
    );
  if (match[3] !== undefined) {
    const at = inYear(Number(match[3]));
    return at === undefined ? undefined : { at, source: 'syslog_header' };
  }
  const year = receivedAt.getUTCFullYear();
  const at = latestReceived([year + 1, year, year - 1].map(inYear), receivedAt);
  return at === undefined ? undefined : { at, source: 'syslog_header_without_year' };
}

/**
 * The latest of the times that a text without a full year may mean, but none more than two days after
 * it was received. Undefined if there is none.
 */
export function latestReceived(
  times: readonly (bigint | undefined)[],
  receivedAt: Date,
): bigint | undefined {
  const limit = BigInt(receivedAt.getTime()) * 1000n + AHEAD_MICROSECONDS;
  let latest: bigint | undefined;
  for (const time of times) {
    if (time === undefined || time > limit) continue;
    if (latest === undefined || time > latest) latest = time;
  }
  return latest;
}
