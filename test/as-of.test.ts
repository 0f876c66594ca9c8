import { describe, expect, test } from 'vitest';
import { configAsOf, parseAsOf, readPeriod } from '../src/as-of.ts';
import type { Config } from '../src/config.ts';

const time = (text: string): Date => new Date(text);
const now = time('2026-11-20T00:00:00Z');

describe('parseAsOf', () => {
  test.each([
    ['2026-11-02', '2026-11-02T00:00:00.000Z'],
    ['2026-11-02T06Z', '2026-11-02T06:00:00.000Z'],
    ['2026-11-02T06:30Z', '2026-11-02T06:30:00.000Z'],
    ['2026-11-02T06:30:15Z', '2026-11-02T06:30:15.000Z'],
  ])('reads %s', (text, expected) => {
    expect(parseAsOf(text).toISOString()).toBe(expected);
  });

  test.each([
    '',
    'yesterday',
    '2026-11-31',
    '2026-11-02T24:00Z',
    '2026-11-02T06:30:15',
    '2026-11-02T06:30:15+01:00',
    '2026-11-02 06:30Z',
    '1793491200',
  ])('refuses %j and shows a time', (text) => {
    expect(() => parseAsOf(text)).toThrow(/no UTC time\n.*--as-of 2026-11-02T06:00:00Z/);
  });
});

describe('a configuration as of a moment', () => {
  const fixed = {
    period: { start: time('2026-11-01'), end: time('2026-11-08') },
  } as unknown as Config;
  const scheduled = {
    ...fixed,
    schedule: { since: '2026-10-01', wait_hours: 24, packs: [{ pack: 'soc2', every: 'day' }] },
  } as Config;

  test('with a fixed period keeps it, and lists of it what had begun', () => {
    const asOf = time('2026-11-03T05:00:00Z');
    expect(configAsOf(fixed, { asOf, now }).period).toEqual(fixed.period);
    expect(readPeriod(fixed, asOf).end).toEqual(time('2026-11-04'));
    expect(readPeriod(fixed, time('2026-12-01')).end).toEqual(time('2026-11-08'));
    expect(readPeriod(fixed, undefined)).toEqual(fixed.period);
  });

  test('with a schedule reads from its first day to the end of the day', () => {
    const asOf = time('2026-11-03T05:00:00Z');
    const { period } = configAsOf(scheduled, { asOf, now });
    expect(period).toEqual({ start: time('2026-10-01'), end: time('2026-11-04') });
    const live = configAsOf(scheduled, { asOf: undefined, now });
    expect(live.period.end).toEqual(time('2026-11-21'));
  });

  test('refuses a moment that lies ahead, or before a fixed period', () => {
    const at = (config: Config, asOf: string) => () =>
      configAsOf(config, { asOf: time(asOf), now });
    expect(at(fixed, '2026-11-20T00:00:01Z')).toThrow('lies ahead');
    expect(at(scheduled, '2027-01-01')).toThrow('lies ahead');
    expect(at(fixed, '2026-10-31T23:59:59Z')).toThrow('lies before the period');
    expect(at(scheduled, '2026-09-01')).not.toThrow();
  });
});
