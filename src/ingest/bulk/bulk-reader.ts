/**
 * Reading flow log text on threads of their own: every thread has a kernel, and writes files of its own
 * into the batch. This is the fast half of the format `flow-log-text`; what a thread leaves of an object
 * (lines that are not plain, what follows damage) the exact reader takes up.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ReadAhead } from '../format.ts';
import type { BulkObject } from './flow-log-lines.ts';
import type { WorkerAnswer, WorkerRequest } from './worker.ts';

/** Each takes about 100 MB: six keep a run below 1 GiB with the engine. */
const MAX_THREADS = 6;

/** Objects that a thread has at hand, so that it need not wait for this one. */
const QUEUE_LENGTH = 3;

/** Tests run the sources, but a thread runs the build. */
const WORKER_PATH = import.meta.url.endsWith('.ts')
  ? '../../../dist/ingest/bulk/worker.js'
  : './worker.js';

/** Where a batch is written, and how its files are named (`lake-batch.ts`). */
export type BatchPlace = { folder: string; batchId: string };

export type BulkReader = {
  /**
   * Reads an object into the files of the batch. Resolves once it is read; `isWhole` is false where
   * the exact reader must go on. Rejects if a file cannot be written.
   */
  read(object: BulkObject, batch: BatchPlace): Promise<ReadAhead>;
  /** Completes the files of the batch. Nothing may be under way. */
  finish(): Promise<void>;
  /** Ends the threads. */
  close(): Promise<void>;
  /** Objects that may be under way at once. */
  capacity: number;
};

type Waiting = { resolve(answer: WorkerAnswer): void; reject(thrown: unknown): void };
type Thread = { worker: Worker; number: number; waiting: Waiting[]; hasFiles: boolean };

/** Opens a reader; threads start when the first object comes. */
export function openBulkReader(
  threadCount = Math.min(availableParallelism(), MAX_THREADS),
): BulkReader {
  const threads: Thread[] = [];

  const ask = (thread: Thread, request: WorkerRequest): Promise<WorkerAnswer> =>
    new Promise((resolve, reject) => {
      thread.waiting.push({ resolve, reject });
      thread.worker.postMessage(request);
    });

  /** The thread with the least to do; a new one while there are fewer than there may be. */
  const chooseThread = (): Thread => {
    const idle = threads.find((thread) => thread.waiting.length === 0);
    if (idle) return idle;
    if (threads.length < threadCount) {
      const thread = startThread(threads.length);
      threads.push(thread);
      return thread;
    }
    return threads.reduce((a, b) => (b.waiting.length < a.waiting.length ? b : a));
  };

  return {
    capacity: threadCount * QUEUE_LENGTH,
    async read(object, { folder, batchId }) {
      const thread = chooseThread();
      thread.hasFiles = true;
      const name = `${batchId}-thread${thread.number}`;
      const answer = await ask(thread, { read: object, batch: { folder, name } });
      if (!('ahead' in answer)) throw asError(answer);
      return answer.ahead;
    },
    async finish() {
      const writing = threads.filter((thread) => thread.hasFiles);
      const answers = await Promise.all(writing.map((thread) => ask(thread, { finish: true })));
      for (const thread of writing) thread.hasFiles = false;
      for (const answer of answers) if (!('finished' in answer)) throw asError(answer);
    },
    async close() {
      const ended = threads.splice(0);
      await Promise.all(ended.map((thread) => thread.worker.terminate()));
      for (const { waiting } of ended) {
        for (const one of waiting.splice(0)) one.reject(new Error('the reading thread was ended'));
      }
    },
  };
}

function startThread(number: number): Thread {
  // Options of the process, such as --input-type, are not for a thread.
  const worker = new Worker(new URL(WORKER_PATH, import.meta.url), { execArgv: [] });
  const thread: Thread = { worker, number, waiting: [], hasFiles: false };
  worker.on('message', (answer: WorkerAnswer) => thread.waiting.shift()?.resolve(answer));
  worker.on('error', (thrown) => {
    for (const waiting of thread.waiting.splice(0)) waiting.reject(thrown);
  });
  return thread;
}

/** The error of a thread, with the code that errors of the file system carry. */
function asError(answer: WorkerAnswer): Error {
  if (!('failed' in answer)) return new Error('a reading thread gave an answer of another kind');
  return Object.assign(new Error(answer.failed.message), answer.failed);
}
