/** The clock of this machine against that of AWS, by the `Date` headers of answers. */
import type { Check } from './check.ts';

/** Times in milliseconds; `date` is in whole seconds, as the header has it. */
export type ClockReading = { sentAt: number; receivedAt: number; date: number };

const WARNING_SECONDS = 5;

/** AWS refuses requests signed more than five minutes off ("Signature Version 4", IAM User Guide). */
const PROBLEM_SECONDS = 300;

/** The header tells the second that the answer was made in, not when in it. */
const HALF_SECOND = 500;

const FIX =
  'sudo timedatectl set-ntp true (or: sudo chronyc makestep), and check: timedatectl timesync-status';

export function checkClock(readings: readonly ClockReading[], whyNone: string): Check {
  // The quickest answer tells most: the time in it is of somewhere between sending and receiving.
  const [best] = [...readings].sort(
    (one, other) => one.receivedAt - one.sentAt - (other.receivedAt - other.sentAt),
  );
  const check = { check: 'clock', subject: '' };
  if (best === undefined) return { ...check, verdict: 'not_checked', found: whyNone };
  const ownTime = (best.sentAt + best.receivedAt) / 2;
  const seconds = (ownTime - best.date - HALF_SECOND) / 1000;
  const off = Math.abs(seconds);
  const found = `${off.toFixed(1)} seconds ${seconds > 0 ? 'ahead of' : 'behind'} the Date header of AWS`;
  if (off > PROBLEM_SECONDS) {
    return {
      ...check,
      verdict: 'problem',
      found: `${found}; AWS refuses what is signed more than ${PROBLEM_SECONDS / 60} minutes off`,
      fix: FIX,
    };
  }
  return off > WARNING_SECONDS
    ? { ...check, verdict: 'warning', found, fix: FIX }
    : { ...check, verdict: 'ok', found };
}
