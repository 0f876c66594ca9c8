/**
 * Who holds a lock, and whether that process lives, as far as this one can know. A process id alone
 * says little: ids are given anew, and begin anew in each container and on each machine.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

export type Holder = {
  pid: number;
  /** Name of the machine or container. */
  host: string;
  /** When it took the lock, for messages. */
  since: string;
  /** Start of the process in ticks since the boot: what tells it from a later one with its id. Linux. */
  process_start?: string | undefined;
  /** Id of the boot of the machine, the same in all of its containers. Linux. */
  boot_id?: string | undefined;
  /** The space that the process id is of. Linux. */
  pid_namespace?: string | undefined;
};

/** This process. */
export function ownHolder(): Holder {
  return {
    pid: process.pid,
    host: hostname(),
    since: new Date().toISOString(),
    process_start: processState(process.pid)?.start,
    boot_id: tryRead(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pid_namespace: tryRead(() => readlinkSync('/proc/self/ns/pid')),
  };
}

/** The holder that the text of a lock names; undefined if it names none. */
export function parseHolder(text: string): Holder | undefined {
  const value = tryRead(() => JSON.parse(text) as unknown);
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, host, since } = value as Record<string, unknown>;
  if (!Number.isInteger(pid) || (pid as number) <= 0) return undefined;
  if (typeof host !== 'string' || typeof since !== 'string') return undefined;
  return value as Holder;
}

/**
 * Whether the holder lives, as `own` sees it: `unknown` if it is of another machine, boot or space of
 * process ids, where its id would be another process's here.
 */
export function judgeHolder(holder: Holder, own: Holder): 'alive' | 'dead' | 'unknown' {
  const isNear =
    holder.host === own.host &&
    holder.boot_id === own.boot_id &&
    holder.pid_namespace === own.pid_namespace;
  if (!isNear) return 'unknown';
  if (!isRunning(holder.pid)) return 'dead';
  const state = processState(holder.pid);
  if (state === undefined || holder.process_start === undefined) {
    // Who asks holds no lock: one with its own id is of a process before it.
    return holder.pid === own.pid ? 'dead' : 'alive';
  }
  // A process that ended and that nobody has waited for still has its id.
  return state.isEnded || state.start !== holder.process_start ? 'dead' : 'alive';
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Start and state of a process, where the system tells (proc(5): fields 3 and 22 of stat). */
function processState(pid: number): { start: string; isEnded: boolean } | undefined {
  const text = tryRead(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  // The second field is the name in parentheses, which may hold blanks and parentheses.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const start = fields?.[19];
  return start === undefined ? undefined : { start, isEnded: /^[ZXx]$/.test(fields?.[0] ?? '') };
}

function tryRead<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
