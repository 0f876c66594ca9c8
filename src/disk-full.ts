/**
 * A disk, quota or file size limit that leaves no room, told apart from other failures: the one thing
 * to do about it is to make room, and nothing of the lake is lost.
 */
import { FlowproofError, messageOf } from './errors.ts';

const CODES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** What the engine says of the same errors, and of a spill that finds no room. */
const MESSAGES =
  /No space left on device|Disk quota exceeded|File too large|failed to offload data block/i;

/** The error to report for what was thrown while writing to the lake, or undefined if it is another. */
export function diskFullError(lake: string, thrown: unknown): FlowproofError | undefined {
  const { code } = thrown as NodeJS.ErrnoException;
  if (thrown instanceof FlowproofError) return undefined;
  if (!CODES.has(code ?? '') && !MESSAGES.test(messageOf(thrown))) return undefined;
  return new FlowproofError('DISK_FULL', {
    place: lake,
    problem: `there is no room to write (${messageOf(thrown).split('\n', 1)[0]})`,
    remedy:
      'Make room where the lake and the output are (or raise the quota or `ulimit -f`), then run flowproof again: what was committed is in the lake, and the rest is read again.',
    cause: thrown,
  });
}
