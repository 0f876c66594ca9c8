/** Calls spread over time, for quotas that an account and Region has as a whole. */
import type { Sleep } from './aws-call.ts';

export type Pace = () => Promise<void>;

/** A function that resolves at most `perSecond` times a second, evenly spaced, in order of calls. */
export function createPace(
  perSecond: number,
  sleep: Sleep,
  clock: () => number = () => performance.now(),
): Pace {
  const gap = 1000 / perSecond;
  let free = Number.NEGATIVE_INFINITY;
  return async () => {
    const at = clock();
    const turn = Math.max(at, free);
    free = turn + gap;
    if (turn > at) await sleep(turn - at);
  };
}
