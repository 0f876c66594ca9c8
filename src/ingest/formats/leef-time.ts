/**
 * `devTime` of a LEEF event, with its `devTimeFormat` in the letters of Java's SimpleDateFormat, or
 * without it in one of the forms that IBM lists: milliseconds since 1970, or `MMM dd yyyy HH:mm:ss` with
 * or without year, milliseconds and zone.
 */
import { parseIsoTime, parseOffset, syslogTime } from './syslog-time.ts';

export type LeefTime = { at: bigint; source: 'record' | 'record_without_year' };

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');

const DEFAULT_FORMATS = [
  'MMM dd yyyy HH:mm:ss.SSS zzz',
  'MMM dd yyyy HH:mm:ss.SSS',
  'MMM dd yyyy HH:mm:ss zzz',
  'MMM dd yyyy HH:mm:ss',
  'MMM dd HH:mm:ss.SSS zzz',
  'MMM dd HH:mm:ss.SSS',
  'MMM dd HH:mm:ss zzz',
  'MMM dd HH:mm:ss',
];

/** Longest text and format that are looked at. */
const MAX_LENGTH = 64;

/**
 * Microseconds since 1970, UTC. `offsetMinutes` is the zone of times that state none; a year left out
 * follows from the time at which the event was received. Undefined if the text is no such time, or its
 * format has letters that are not understood: a time that was guessed would be worse than none.
 */
export function leefTime(
  text: string,
  format: string | undefined,
  receivedAt: Date,
  offsetMinutes: number,
): LeefTime | undefined {
  const trimmed = text.trim();
  if (trimmed.length > MAX_LENGTH || (format?.length ?? 0) > MAX_LENGTH) return undefined;
  if (format !== undefined && format.trim() !== '') {
    return timeIn(trimmed, format.trim(), receivedAt, offsetMinutes);
  }
  if (/^\d{12,14}$/.test(trimmed)) return { at: BigInt(trimmed) * 1000n, source: 'record' };
  const iso = parseIsoTime(trimmed, offsetMinutes);
  if (iso !== undefined) return { at: iso, source: 'record' };
  for (const candidate of DEFAULT_FORMATS) {
    const time = timeIn(trimmed, candidate, receivedAt, offsetMinutes);
    if (time !== undefined) return time;
  }
  return undefined;
}

/** What a letter of the format stands for, by its place in the fields that are read. */
type Field = 'year' | 'month' | 'day' | 'hour' | 'hour12' | 'minute' | 'second' | 'fraction';
type Part = Field | 'halfDay' | 'zone';

const LETTERS: Readonly<Record<string, readonly [Part | undefined, string]>> = {
  y: ['year', '\\d{4}'],
  M: ['month', '\\d{1,2}'],
  d: ['day', '\\d{1,2}'],
  H: ['hour', '\\d{1,2}'],
  h: ['hour12', '\\d{1,2}'],
  m: ['minute', '\\d{1,2}'],
  s: ['second', '\\d{1,2}'],
  S: ['fraction', '\\d{1,9}'],
  a: ['halfDay', '[AaPp][Mm]'],
  // The day of the week, which the date tells too.
  E: [undefined, '[A-Za-z]{2,9}'],
  Z: ['zone', '[+-]\\d{4}'],
  X: ['zone', 'Z|[+-]\\d\\d:?(?:\\d\\d)?'],
  z: ['zone', '(?:UTC|GMT|Z)?(?:[+-]\\d\\d:?\\d\\d)?'],
};

function timeIn(
  text: string,
  format: string,
  receivedAt: Date,
  offsetMinutes: number,
): LeefTime | undefined {
  const parts: (Part | undefined)[] = [];
  let pattern = '';
  const addLiteral = (text: string): void => {
    for (const [piece] of text.matchAll(/\s+|\S+/g)) {
      if (piece.trim() !== '') pattern += escaped(piece);
      // Once in a row, or an odd format would have the pattern try every way to share the blanks out.
      else if (!pattern.endsWith('\\s+')) pattern += '\\s+';
    }
  };
  for (const [token] of format.matchAll(/'[^']*'|([A-Za-z])\1*|\s+|[^A-Za-z']/g)) {
    const letter = token[0] ?? '';
    if (letter === "'") {
      addLiteral(token === "''" ? "'" : token.slice(1, -1));
    } else if (!/[A-Za-z]/.test(letter)) {
      addLiteral(token);
    } else {
      const [part, digits] = LETTERS[letter] ?? [];
      if (digits === undefined || (letter === 'y' && token.length === 2)) return undefined;
      // Once each, or an odd format would have the pattern try every way to share the digits out.
      if (parts.includes(part)) return undefined;
      parts.push(part);
      pattern += `(${letter === 'M' && token.length > 2 ? '[A-Za-z]{3,9}' : digits})`;
    }
  }
  const match = new RegExp(`^${pattern}$`).exec(text);
  if (!match) return undefined;
  const found = new Map(parts.map((part, index) => [part, match[index + 1] ?? '']));
  return timeOf(found, receivedAt, offsetMinutes);
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

function timeOf(
  found: ReadonlyMap<Part | undefined, string>,
  receivedAt: Date,
  offsetMinutes: number,
): LeefTime | undefined {
  const two = (part: Part): string => (found.get(part) ?? '0').padStart(2, '0');
  const name = found.get('month') ?? '';
  const month = /^\d/.test(name)
    ? Number(name)
    : MONTHS.indexOf(name.slice(0, 3).toLowerCase()) + 1;
  const hour = found.has('hour12') ? hourOf(found) : two('hour');
  if (month < 1 || month > 12 || !found.has('day') || hour === undefined) return undefined;
  const zone = zoneOf(found.get('zone') ?? '', offsetMinutes);
  if (zone === undefined) return undefined;
  // Java reads a number of milliseconds, not a fraction.
  const milliseconds = (found.get('fraction') ?? '').padStart(3, '0');
  const clock = `${hour}:${two('minute')}:${two('second')}.${milliseconds}`;
  const year = found.get('year');
  if (year !== undefined) {
    const at = parseIsoTime(
      `${year}-${String(month).padStart(2, '0')}-${two('day')}T${clock}`,
      zone,
    );
    return at === undefined ? undefined : { at, source: 'record' };
  }
  const short = MONTHS[month - 1] ?? '';
  const header = `${short[0]?.toUpperCase()}${short.slice(1)} ${two('day')} ${clock}`;
  const time = syslogTime(header, receivedAt, zone);
  return time === undefined ? undefined : { at: time.at, source: 'record_without_year' };
}

/** Hours of half a day: 12 is the first. Without AM or PM it may be either. */
function hourOf(found: ReadonlyMap<Part | undefined, string>): string | undefined {
  const half = found.get('halfDay')?.toLowerCase();
  const hour = Number(found.get('hour12'));
  if (half === undefined || hour < 1 || hour > 12) return undefined;
  return String((hour % 12) + (half === 'pm' ? 12 : 0)).padStart(2, '0');
}

/** Minutes east of UTC. Names such as EST stand for several zones, so that none is taken. */
function zoneOf(text: string, offsetMinutes: number): number | undefined {
  if (text === '') return offsetMinutes;
  const digits = text.replace(/^(?:UTC|GMT|Z)/, '');
  if (digits === '') return 0;
  return parseOffset(/^[+-]\d\d$/.test(digits) ? `${digits}00` : digits);
}
