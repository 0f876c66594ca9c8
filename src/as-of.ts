/**
 * The moment that a run is of: now, or a past one that it replays (`--as-of`). Its records still say when
 * it really ran, so that no replay looks like a review that took place in time.
 */
import type { Config } from './config.ts';
import { FlowproofError } from './errors.ts';
import { type DayPeriod, endOfDay, schedulePeriod } from './schedule.ts';

const FORM = /^\d{4}-\d{2}-\d{2}(T\d{2}(:\d{2}(:\d{2})?)?Z)?$/;

/** Reads `2026-11-02`, `2026-11-02T06:00Z` or `2026-11-02T06:00:00Z`. Throws USAGE for anything else. */
export function parseAsOf(text: string): Date {
  const full = /T\d{2}Z$/.test(text) ? text.replace('Z', ':00Z') : text;
  const time = new Date(full);
  const isReal =
    FORM.test(text) &&
    !Number.isNaN(time.getTime()) &&
    time.toISOString().startsWith(text.slice(0, 10));
  if (isReal) return time;
  throw asOfError(`"${text}" is no UTC time`);
}

/**
 * The configuration as a run at that moment has it: with a schedule, its period goes from the first day to
 * that moment's. Throws USAGE for a moment that lies ahead, or before a fixed period.
 */
export function configAsOf(
  config: Config,
  { asOf, now }: { asOf: Date | undefined; now: Date },
): Config {
  if (asOf && asOf > now) {
    throw asOfError(`${asOf.toISOString()} lies ahead: nobody knows yet what is logged until then`);
  }
  if (config.schedule) {
    return { ...config, period: schedulePeriod(config.schedule, asOf ?? now) };
  }
  if (asOf && asOf < config.period.start) {
    throw asOfError(
      `${asOf.toISOString()} lies before the period, which begins ${config.period.start.toISOString()}`,
    );
  }
  return config;
}

/** What is listed: the period, or of it what had begun at a past moment. */
export function readPeriod({ period }: Pick<Config, 'period'>, asOf: Date | undefined): DayPeriod {
  if (!asOf) return period;
  const end = Math.min(endOfDay(asOf).getTime(), period.end.getTime());
  return { start: period.start, end: new Date(end) };
}

function asOfError(problem: string): FlowproofError {
  return new FlowproofError('USAGE', {
    place: '--as-of',
    problem,
    remedy: 'Give a past UTC time: flowproof run --as-of 2026-11-02T06:00:00Z',
  });
}
