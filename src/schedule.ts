/**
 * What a schedule asks for at a moment: which days are closed, and which packs are due. Nothing here
 * looks at a clock, the lake or a file.
 */
import type { Every, Schedule } from './schedule-schema.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Half open: `start <= t < end`, whole UTC days. */
export type DayPeriod = { start: Date; end: Date };

export type PlannedPack = {
  pack: string;
  every: Every;
  period: DayPeriod;
  /** When its last day is closed. */
  dueAt: Date;
};

/** Midnight (UTC) before or at a time. */
export function startOfDay(time: Date): Date {
  return new Date(Math.floor(time.getTime() / DAY) * DAY);
}

/** Midnight (UTC) after a time. */
export function endOfDay(time: Date): Date {
  return new Date(startOfDay(time).getTime() + DAY);
}

/** From the first day of a schedule to the end of the day of `asOf`; one day before it has begun. */
export function schedulePeriod(schedule: Pick<Schedule, 'since'>, asOf: Date): DayPeriod {
  const start = new Date(schedule.since);
  const end = endOfDay(asOf < start ? start : asOf);
  return { start, end };
}

/** The first day that is still open for late data: what lies before it is closed. */
export function closedUntil(schedule: Pick<Schedule, 'since' | 'wait_hours'>, asOf: Date): Date {
  const until = startOfDay(new Date(asOf.getTime() - schedule.wait_hours * HOUR));
  const since = new Date(schedule.since);
  return until < since ? since : until;
}

/**
 * Every pack of the schedule whose period has begun by `asOf`, due or not, in the order in which they
 * can follow each other: one that ends before another begins stands before it. A first period that
 * `since` cuts begins with `since`.
 */
export function plannedPacks(schedule: Schedule, asOf: Date): PlannedPack[] {
  const since = new Date(schedule.since);
  const planned = schedule.packs.flatMap(({ pack, every }) => {
    const periods: PlannedPack[] = [];
    for (let start = since; start <= asOf; ) {
      const end = nextStart(every, start);
      const dueAt = new Date(end.getTime() + schedule.wait_hours * HOUR);
      periods.push({ pack, every, period: { start, end }, dueAt });
      start = end;
    }
    return periods;
  });
  return planned.sort(
    (one, other) =>
      one.period.end.getTime() - other.period.end.getTime() ||
      other.period.start.getTime() - one.period.start.getTime() ||
      (one.pack < other.pack ? -1 : 1),
  );
}

/** The start of the calendar's next period of a kind after a midnight. */
export function nextStart(every: Every, start: Date): Date {
  const [year, month] = [start.getUTCFullYear(), start.getUTCMonth()];
  switch (every) {
    case 'day':
      return new Date(start.getTime() + DAY);
    case 'week':
      // Sunday is day 0: six days after Monday.
      return new Date(start.getTime() + (7 - ((start.getUTCDay() + 6) % 7)) * DAY);
    case 'month':
      return new Date(Date.UTC(year, month + 1));
    case 'quarter':
      return new Date(Date.UTC(year, (Math.floor(month / 3) + 1) * 3));
  }
}
