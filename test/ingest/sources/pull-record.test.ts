import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  openStretches,
  type Pull,
  pullUri,
  readPullUri,
} from '../../../src/ingest/sources/pull-record.ts';

const PLACE = 'cloudwatch-logs://eu-west-1/vpc/flow?logs';
const at = (text: string): number => Date.parse(text);
const DAY = 86_400_000;

describe('the URI of a pull', () => {
  it('says no more than it must', () => {
    const pulledAt = at('2026-02-02T08:00Z');
    const whole = { from: at('2026-02-01'), until: at('2026-02-02'), pulledAt };
    expect(pullUri('x', whole)).toBe('x?date=2026-02-01&pulled=2026-02-02T08:00:00.000Z');
    const today = { from: at('2026-02-02'), until: pulledAt, pulledAt };
    expect(pullUri('x', today)).toBe('x?date=2026-02-02&pulled=2026-02-02T08:00:00.000Z');
    const part = { from: pulledAt - DAY, until: pulledAt - DAY + 1, pulledAt };
    expect(pullUri('x', { ...part, part: { number: 2, count: 3 } })).toBe(
      'x?date=2026-02-01&from=2026-02-01T08:00:00.000Z&until=2026-02-01T08:00:00.001Z&pulled=2026-02-02T08:00:00.000Z&part=2-3',
    );
  });

  it('is read back as it was written', () => {
    const moment = fc.integer({ min: 0, max: 10 * DAY });
    const pull = fc.record({
      day: fc.integer({ min: 0, max: 20_000 }),
      from: fc.integer({ min: 0, max: DAY - 1 }),
      length: fc.integer({ min: 1, max: DAY }),
      delay: moment,
      part: fc.option(fc.record({ number: fc.integer({ min: 1, max: 9 }), count: fc.constant(9) })),
    });
    fc.assert(
      fc.property(pull, ({ day, from, length, delay, part }) => {
        const start = day * DAY + from;
        const until = Math.min(start + length, (day + 1) * DAY);
        const made: Pull = {
          from: start,
          until,
          pulledAt: until + delay,
          ...(part ? { part } : {}),
        };
        expect(readPullUri(pullUri('cloudwatch-logs://eu-west-1/group', made))).toEqual(made);
      }),
    );
  });

  it.each([
    's3://bucket/key',
    `${PLACE}`,
    'x?date=2026-02-01',
    'x?pulled=2026-02-01',
    'x?date=y&pulled=z',
  ])('is not %s', (uri) => {
    expect(readPullUri(uri)).toBeUndefined();
  });
});

describe('openStretches', () => {
  it('agrees with looking at every moment', () => {
    const pull = fc.record({
      from: fc.integer({ min: 0, max: 50 }),
      length: fc.integer({ min: 1, max: 30 }),
      delay: fc.integer({ min: 0, max: 20 }),
    });
    fc.assert(
      fc.property(
        fc.array(pull, { maxLength: 6 }),
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        (drawn, lookBack, from, length) => {
          const pulls = drawn.map((one) => ({
            from: one.from,
            until: one.from + one.length,
            pulledAt: one.from + one.length + one.delay,
          }));
          const stretches = openStretches({ from, until: from + length }, pulls, lookBack);
          const open = new Set<number>();
          for (const stretch of stretches) {
            expect(stretch.from).toBeLessThan(stretch.until);
            for (let time = stretch.from; time < stretch.until; time += 1) {
              expect(open.has(time)).toBe(false);
              open.add(time);
            }
          }
          for (let time = from; time < from + length; time += 1) {
            const isClosed = pulls.some(
              (one) => time >= one.from && time < one.until && one.pulledAt - lookBack > time,
            );
            expect([time, open.has(time)]).toEqual([time, !isClosed]);
          }
          expect(open.size).toBeLessThanOrEqual(length);
        },
      ),
    );
  });

  it('counts a pull of several objects once all of them are there', () => {
    const pull = { from: 0, until: 10, pulledAt: 100 };
    const parts = [1, 2, 3].map((number) => ({ ...pull, part: { number, count: 3 } }));
    const day = { from: 0, until: 10 };
    expect(openStretches(day, parts, 1)).toEqual([]);
    expect(openStretches(day, parts.slice(1), 1)).toEqual([day]);
    expect(
      openStretches(day, [...parts.slice(1), { ...parts[0], pulledAt: 101 } as Pull], 1),
    ).toEqual([day]);
  });
});
