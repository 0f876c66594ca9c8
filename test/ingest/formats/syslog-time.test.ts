import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIsoTime, parseOffset, syslogTime } from '../../../src/ingest/formats/syslog-time.ts';

const isoOf = (at: bigint | undefined): string | undefined =>
  at === undefined ? undefined : new Date(Number(at / 1000n)).toISOString();

const RECEIVED = new Date('2026-11-20T12:00:00Z');

describe('parseOffset', () => {
  it.each([
    ['Z', 0],
    ['+02:00', 120],
    ['-0330', -210],
    ['+14:00', 840],
    ['+15:00', undefined],
    ['+01:60', undefined],
    ['02:00', undefined],
    ['', undefined],
  ])('%j is %s minutes', (text, minutes) => {
    expect(parseOffset(text)).toBe(minutes);
  });
});

describe('parseIsoTime', () => {
  it.each([
    ['2023-09-18T06:13:41.532140+0000', '2023-09-18T06:13:41.532Z'],
    ['2021-10-06T01:29:43-07:00', '2021-10-06T08:29:43.000Z'],
    ['2021-10-06 01:29:43,5Z', '2021-10-06T01:29:43.500Z'],
    ['2024-02-29T00:00:00Z rest', '2024-02-29T00:00:00.000Z'],
    ['2023-02-29T00:00:00Z', undefined],
    ['2023-13-01T00:00:00Z', undefined],
    ['2023-01-01T24:00:00Z', undefined],
    ['2023-01-01T00:00:60Z', undefined],
    ['2023-01-01T00:00:00+25:00', undefined],
    ['2023-01-01T00:00:00Zebra', undefined],
    ['20230101T000000Z', undefined],
    ['', undefined],
  ])('%j is %s', (text, expected) => {
    expect(isoOf(parseIsoTime(text))).toBe(expected);
  });

  it('keeps microseconds, and cuts what is finer', () => {
    expect(parseIsoTime('1970-01-01T00:00:01.532140+0000')).toBe(1_532_140n);
    expect(parseIsoTime('1970-01-01T00:00:01.123456789Z')).toBe(1_123_456n);
  });

  it('uses the given zone only where none is stated', () => {
    expect(isoOf(parseIsoTime('2026-01-01T00:00:00', 120))).toBe('2025-12-31T22:00:00.000Z');
    expect(isoOf(parseIsoTime('2026-01-01T00:00:00Z', 120))).toBe('2026-01-01T00:00:00.000Z');
  });
});

describe('syslogTime', () => {
  it.each([
    ['<190>Jan 19 13:36:47 web-1', '2026-01-19T13:36:47.000Z', 'syslog_header_without_year'],
    ['Aug 2 12:30:38 web-1', '2026-08-02T12:30:38.000Z', 'syslog_header_without_year'],
    ['Aug  2 12:30:38 web-1', '2026-08-02T12:30:38.000Z', 'syslog_header_without_year'],
    ['Aug  2 12:30:38.25 web-1', '2026-08-02T12:30:38.250Z', 'syslog_header_without_year'],
    ['Jan 19 2024 13:36:47: web-1', '2024-01-19T13:36:47.000Z', 'syslog_header'],
    ['<190>2021-10-06T01:29:43-07:00 10.0.1.15', '2021-10-06T08:29:43.000Z', 'syslog_header'],
    ['<134>1 2026-11-19T01:02:03Z web-1 ds - - -', '2026-11-19T01:02:03.000Z', 'syslog_header'],
    ['83 <190>Jan 19 13:36:47 web-1', '2026-01-19T13:36:47.000Z', 'syslog_header_without_year'],
    ['\ufeff"<190>Jan 19 13:36:47 web-1', '2026-01-19T13:36:47.000Z', 'syslog_header_without_year'],
    [
      '2026-11-19T01:02:03Z relay <190>Nov 18 01:02:03 web-1',
      '2026-11-18T01:02:03.000Z',
      'syslog_header_without_year',
    ],
    ['2026-11-19T01:02:03Z web-1 <1> [id x="<2>"]', '2026-11-19T01:02:03.000Z', 'syslog_header'],
  ])('reads %j', (header, at, source) => {
    const time = syslogTime(header, RECEIVED);
    expect([isoOf(time?.at), time?.source]).toEqual([at, source]);
  });

  it.each([
    '',
    'web-1',
    'Foo 19 13:36:47 web-1',
    'Feb 30 01:00:00 web-1',
    'Jan 19 25:00:00 web-1',
    '<190>',
  ])('finds no time in %j', (header) => {
    expect(syslogTime(header, RECEIVED)).toBeUndefined();
  });

  it.each([
    [
      'a December header received in January',
      'Dec 31 23:59:59 h',
      '2027-01-01T00:00:05Z',
      0,
      '2026-12-31T23:59:59.000Z',
    ],
    [
      'a January header received in December, from a clock ahead',
      'Jan  1 00:00:30 h',
      '2026-12-31T23:59:50Z',
      0,
      '2027-01-01T00:00:30.000Z',
    ],
    [
      'two days ahead, to the second',
      'Nov 22 12:00:00 h',
      '2026-11-20T12:00:00Z',
      0,
      '2026-11-22T12:00:00.000Z',
    ],
    [
      'a second more than two days ahead',
      'Nov 22 12:00:01 h',
      '2026-11-20T12:00:00Z',
      0,
      '2025-11-22T12:00:01.000Z',
    ],
    [
      '29 February received in a year without',
      'Feb 29 10:00:00 h',
      '2025-01-10T00:00:00Z',
      0,
      '2024-02-29T10:00:00.000Z',
    ],
    [
      '29 February with no such year near',
      'Feb 29 10:00:00 h',
      '2026-11-20T00:00:00Z',
      0,
      undefined,
    ],
    [
      'a zone that moves the day',
      'Jan  1 01:00:00 h',
      '2026-12-31T23:30:00Z',
      120,
      '2026-12-31T23:00:00.000Z',
    ],
  ])('works out the year: %s', (_, header, received, offset, expected) => {
    expect(isoOf(syslogTime(header, new Date(received), offset)?.at)).toBe(expected);
  });
});

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const DAY = 86_400_000;

/** Whole seconds from 1980 to 2080. */
const second = fc.integer({ min: 315_532_800, max: 3_471_292_800 }).map((value) => value * 1000);

describe('properties', () => {
  it('reads back the year of any event received within 300 days and 47 hours before it', () => {
    fc.assert(
      fc.property(
        second,
        fc.integer({ min: -47 * 3_600_000, max: 300 * DAY }),
        fc.integer({ min: -14 * 60, max: 14 * 60 }),
        fc.boolean(),
        (at, delay, offset, isPadded) => {
          const local = new Date(at + offset * 60_000);
          const day = String(local.getUTCDate()).padStart(isPadded ? 2 : 1, ' ');
          const clock = local.toISOString().slice(11, 19);
          const header = `<13>${MONTHS[local.getUTCMonth()]} ${day} ${clock} web-1`;
          expect(syslogTime(header, new Date(at + delay), offset)?.at).toBe(BigInt(at) * 1000n);
        },
      ),
    );
  });

  it('reads back any time as ISO 8601 in any zone, to the microsecond', () => {
    fc.assert(
      fc.property(
        second,
        fc.integer({ min: 0, max: 999_999 }),
        fc.integer({ min: -14 * 60, max: 14 * 60 }),
        fc.constantFrom('', ':'),
        (at, micros, offset, colon) => {
          const two = (value: number): string => String(value).padStart(2, '0');
          const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${colon}${two(Math.abs(offset) % 60)}`;
          const local = new Date(at + offset * 60_000).toISOString().slice(0, 19);
          const text = `${local}.${String(micros).padStart(6, '0')}${zone}`;
          expect(parseIsoTime(text)).toBe(BigInt(at) * 1000n + BigInt(micros));
        },
      ),
    );
  });

  it('never throws, and never gives a time more than two days after it was received', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        second,
        fc.nat(40),
        fc.nat(30),
        (noise, at, day, hour) => {
          const received = new Date(at);
          syslogTime(noise, received);
          const time = syslogTime(`Dec ${day} ${hour}:00:00 ${noise}`, received);
          if (time) expect(time.at).toBeLessThanOrEqual(BigInt(at + 2 * DAY) * 1000n);
        },
      ),
    );
  });
});
