import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  closedUntil,
  endOfDay,
  nextStart,
  plannedPacks,
  schedulePeriod,
  startOfDay,
} from '../src/schedule.ts';
import { EVERY, type Every, type Schedule } from '../src/schedule-schema.ts';

const time = (text: string): Date => new Date(text);
const day = (date: Date): string => date.toISOString().slice(0, 10);

function schedule(since: string, every: readonly Every[], wait_hours = 24): Schedule {
  return { since, wait_hours, packs: every.map((one) => ({ pack: `by-${one}`, every: one })) };
}

test.each<[Every, string, string]>([
  ['day', '2026-02-28', '2026-03-01'],
  ['day', '2028-02-28', '2028-02-29'],
  // A Monday, a Wednesday and a Sunday.
  ['week', '2026-11-02', '2026-11-09'],
  ['week', '2026-11-04', '2026-11-09'],
  ['week', '2026-11-08', '2026-11-09'],
  ['week', '2026-12-30', '2027-01-04'],
  ['month', '2026-11-01', '2026-12-01'],
  ['month', '2026-01-31', '2026-02-01'],
  ['month', '2026-12-15', '2027-01-01'],
  ['quarter', '2026-01-01', '2026-04-01'],
  ['quarter', '2026-06-30', '2026-07-01'],
  ['quarter', '2026-11-17', '2027-01-01'],
])('the %s of %s ends before %s', (every, start, end) => {
  expect(day(nextStart(every, time(start)))).toBe(end);
});

test('the first period is cut by the first day, and each is due when its last day is closed', () => {
  const planned = plannedPacks(schedule('2026-11-10', EVERY), time('2026-12-02T00:00:00Z'));
  const of = (every: Every) =>
    planned
      .filter((one) => one.every === every)
      .map(({ period, dueAt }) => `${day(period.start)} ${day(period.end)} ${dueAt.toISOString()}`);
  expect(of('day')).toHaveLength(23);
  expect(of('week')).toEqual([
    '2026-11-10 2026-11-16 2026-11-17T00:00:00.000Z',
    '2026-11-16 2026-11-23 2026-11-24T00:00:00.000Z',
    '2026-11-23 2026-11-30 2026-12-01T00:00:00.000Z',
    '2026-11-30 2026-12-07 2026-12-08T00:00:00.000Z',
  ]);
  expect(of('month')).toEqual([
    '2026-11-10 2026-12-01 2026-12-02T00:00:00.000Z',
    '2026-12-01 2027-01-01 2027-01-02T00:00:00.000Z',
  ]);
  expect(of('quarter')).toEqual(['2026-11-10 2027-01-01 2027-01-02T00:00:00.000Z']);
});

test('days close so long after their end, and not before the first', () => {
  const from = schedule('2026-11-10', ['day'], 36);
  const closed = (text: string): string => closedUntil(from, time(text)).toISOString();
  expect(closed('2026-11-10T05:00:00Z')).toBe('2026-11-10T00:00:00.000Z');
  expect(closed('2026-11-12T11:59:59Z')).toBe('2026-11-10T00:00:00.000Z');
  expect(closed('2026-11-12T12:00:00Z')).toBe('2026-11-11T00:00:00.000Z');
});

test('what is read goes from the first day to the end of this one', () => {
  const { start, end } = schedulePeriod({ since: '2026-11-10' }, time('2026-11-12T00:00:00Z'));
  expect([day(start), day(end)]).toEqual(['2026-11-10', '2026-11-13']);
  const before = schedulePeriod({ since: '2026-11-10' }, time('2026-10-01T00:00:00Z'));
  expect([day(before.start), day(before.end)]).toEqual(['2026-11-10', '2026-11-11']);
  expect(plannedPacks(schedule('2026-11-10', EVERY), time('2026-11-09T23:59:59Z'))).toEqual([]);
});

describe('at any moment', () => {
  const moments = fc.record({
    since: fc.integer({ min: 18_000, max: 22_000 }).map((days) => day(new Date(days * 86_400_000))),
    hours: fc.integer({ min: 0, max: 24 * 200 }),
    wait: fc.integer({ min: 0, max: 72 }),
  });

  test('the periods of a kind follow each other without gap, from the first day to the moment', () => {
    fc.assert(
      fc.property(moments, fc.constantFrom(...EVERY), ({ since, hours, wait }, every) => {
        const asOf = new Date(time(since).getTime() + hours * 3_600_000);
        const planned = plannedPacks(schedule(since, [every], wait), asOf);
        let next = time(since).getTime();
        for (const { period, dueAt } of planned) {
          expect(period.start.getTime()).toBe(next);
          expect(dueAt.getTime() - period.end.getTime()).toBe(wait * 3_600_000);
          next = period.end.getTime();
        }
        expect(next).toBeGreaterThan(asOf.getTime());
        expect(planned.at(-1)?.period.start.getTime()).toBeLessThanOrEqual(asOf.getTime());
      }),
    );
  });

  test('a pack stands behind all that end before it begins; what is due is closed', () => {
    fc.assert(
      fc.property(moments, ({ since, hours, wait }) => {
        const asOf = new Date(time(since).getTime() + hours * 3_600_000);
        const all = schedule(since, EVERY, wait);
        const planned = plannedPacks(all, asOf);
        for (const [index, one] of planned.entries()) {
          const behind = planned.slice(index + 1);
          expect(behind.filter((other) => other.period.end <= one.period.start)).toEqual([]);
          expect(one.dueAt <= asOf).toBe(one.period.end <= closedUntil(all, asOf));
        }
      }),
    );
  });
});

test('midnight belongs to the day that it begins', () => {
  expect(startOfDay(time('2026-11-10T00:00:00Z')).toISOString()).toBe('2026-11-10T00:00:00.000Z');
  expect(endOfDay(time('2026-11-10T00:00:00Z')).toISOString()).toBe('2026-11-11T00:00:00.000Z');
});
