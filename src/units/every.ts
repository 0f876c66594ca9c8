/** How often `flowproof run` is to start. Times are UTC: a day closes at its end, UTC. */

export type Every =
  | { kind: 'hourly'; minute: number }
  | { kind: 'daily'; hour: number; minute: number };

/** Not on the hour, when everyone's jobs start and flow logs of the hour are still being delivered. */
const MINUTE = 17;

export const EVERY_FORMS = 'hourly, or "daily at HH:MM" (UTC)';

/** Reads `hourly`, `daily at 02:30` or `daily@02:30`; undefined for anything else. */
export function parseEvery(text: string): Every | undefined {
  if (text === 'hourly') return { kind: 'hourly', minute: MINUTE };
  const [, hour, minute] = /^daily(?: at |@)([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hour === undefined) return undefined;
  return { kind: 'daily', hour: Number(hour), minute: Number(minute) };
}

/** As cron has it: minute, hour, day, month, day of the week. */
export function cronFields(every: Every): string {
  return `${every.minute} ${every.kind === 'hourly' ? '*' : every.hour} * * *`;
}
