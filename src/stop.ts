/**
 * Stopping a run: by SIGTERM, as schedulers and container platforms do, or by SIGINT (Ctrl+C). The first
 * signal asks the run to end by itself, within seconds; a second one kills the process as it would any.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { FlowproofError } from './errors.ts';

const CODES = { SIGTERM: 'STOPPED_BY_SIGTERM', SIGINT: 'STOPPED_BY_SIGINT' } as const;

type StopSignal = keyof typeof CODES;

const SIGNALS = Object.keys(CODES) as StopSignal[];

/** What a run that was asked to stop ends with. */
export function stopError(signal: StopSignal): FlowproofError {
  return new FlowproofError(CODES[signal], {
    place: 'flowproof',
    problem: `the run was stopped by ${signal}`,
    remedy:
      'What was committed is in the lake, and nothing half-written. Run it again to go on from there.',
  });
}

export type StopListener = {
  /** Aborted by the first signal, with the error as its reason. */
  signal: AbortSignal;
  /** Leaves signals to the system again. */
  close(): void;
};

/** Listens for signals that ask the process to stop. */
export function listenForStop(
  source: Pick<NodeJS.Process, 'on' | 'removeListener'> = process,
): StopListener {
  const controller = new AbortController();
  const close = (): void => {
    for (const name of SIGNALS) source.removeListener(name, stop);
  };
  const stop = (name: NodeJS.Signals): void => {
    // With nobody listening the next signal does what it does to any process.
    close();
    controller.abort(stopError(name as StopSignal));
  };
  for (const name of SIGNALS) source.on(name, stop);
  return { signal: controller.signal, close };
}

/** What the promise gives, or the reason of the signal once that is aborted, whichever comes first. */
export async function orStop<Value>(
  signal: AbortSignal | undefined,
  promise: Promise<Value>,
): Promise<Value> {
  if (!signal) return promise;
  promise.catch(() => {});
  let onAbort = (): void => {};
  const stopped = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
  try {
    return await Promise.race([promise, stopped]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

const INTERRUPT_MILLISECONDS = 20;

/** How long work that was asked to stop may take until it is left where it is. */
const GRACE_MILLISECONDS = 4000;

export type StoppableWork<Value> = {
  signal: AbortSignal | undefined;
  /** The connection that the work uses; its statements are interrupted. */
  connection: DuckDBConnection;
  work: () => Promise<Value>;
  graceMilliseconds?: number;
};

/**
 * Does the work. Once the signal is aborted it interrupts the statement that runs and each that follows,
 * and rejects with the signal's reason when the work has ended, or has not after some seconds
 * (`isLeft`: it may still use the connection). Work that was done before it heard of it counts as done.
 */
export async function untilStopped<Value>(
  options: StoppableWork<Value>,
): Promise<{ value: Value } | { stopped: unknown; isLeft: boolean }> {
  const { signal, connection, graceMilliseconds = GRACE_MILLISECONDS } = options;
  if (signal?.aborted) return { stopped: signal.reason, isLeft: false };
  const working = options.work();
  if (!signal) return { value: await working };
  const timers: NodeJS.Timeout[] = [];
  let onAbort = (): void => {};
  const left = new Promise<'left'>((resolve) => {
    onAbort = () => {
      connection.interrupt();
      timers.push(setInterval(() => connection.interrupt(), INTERRUPT_MILLISECONDS));
      timers.push(setTimeout(() => resolve('left'), graceMilliseconds));
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    const ended = await Promise.race([
      left,
      working.then(
        (value) => ({ value }),
        (thrown: unknown) => {
          if (!signal.aborted) throw thrown;
          return { stopped: signal.reason as unknown, isLeft: false };
        },
      ),
    ]);
    return ended === 'left' ? { stopped: signal.reason, isLeft: true } : ended;
  } finally {
    for (const timer of timers) clearInterval(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
