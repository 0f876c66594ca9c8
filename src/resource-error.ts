/**
 * What the machine has too little of, told apart from other failures: a disk, quota or file size limit that
 * leaves no room, and `memory_limit`. The one thing to do is to give more, and nothing of the lake is lost.
 */
import { FlowproofError, messageOf } from './errors.ts';

const CODES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** What the engine says of the same errors, and of a spill that finds no room. */
const DISK_MESSAGES =
  /No space left on device|Disk quota exceeded|File too large|failed to offload data block/i;

/** The error to report for what was thrown while working on the lake, or undefined if it is another. */
export function resourceError(lake: string, thrown: unknown): FlowproofError | undefined {
  if (thrown instanceof FlowproofError) return undefined;
  const [said] = messageOf(thrown).split('\n', 1);
  if (isDiskFull(thrown)) {
    return new FlowproofError('DISK_FULL', {
      place: lake,
      problem: `there is no room to write (${said})`,
      remedy:
        'Make room where the lake and the output are (or raise the quota or `ulimit -f`), then run flowproof again: what was committed is in the lake, and the rest is read again.',
      cause: thrown,
    });
  }
  if (!isOutOfMemory(thrown)) return undefined;
  return new FlowproofError('OUT_OF_MEMORY', {
    place: lake,
    problem: `the engine needs more memory than it may take (${said})`,
    remedy:
      'Raise memory_limit in the configuration (memory_limit: 2GB), then run flowproof again: what was committed is in the lake, and days that are enriched stay so.',
    cause: thrown,
  });
}

function isDiskFull(thrown: unknown): boolean {
  const { code } = thrown as NodeJS.ErrnoException;
  return CODES.has(code ?? '') || DISK_MESSAGES.test(messageOf(thrown));
}

/** True for what the engine throws where `memory_limit` is reached and nothing more can go to disk. */
export function isOutOfMemory(thrown: unknown): boolean {
  return messageOf(thrown).startsWith('Out of Memory Error') && !isDiskFull(thrown);
}
