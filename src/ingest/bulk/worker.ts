/** A thread that reads flow log objects: one kernel, and the files of the batch that is under way. */
import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../errors.ts';
import type { ReadAhead } from '../format.ts';
import { contentChunks } from './content-chunks.ts';
import { type BulkObject, createFlowLogLines } from './flow-log-lines.ts';
import { createKernel } from './kernel.ts';
import { createRowGroups, type RowGroups } from './row-groups.ts';

export type WorkerRequest =
  | { read: BulkObject; batch: { folder: string; name: string } }
  | { finish: true };

export type WorkerAnswer = { ahead: ReadAhead } | { finished: true } | { failed: Failure };

/** What a thread can say of an error: its code does not pass from thread to thread by itself. */
export type Failure = { message: string; code?: string; syscall?: string };

const port = parentPort;
if (!port) throw new Error('worker.js is started by flowproof as a thread');

const kernel = createKernel();
const lines = createFlowLogLines(kernel);
let groups: RowGroups | undefined;

async function answer(request: WorkerRequest): Promise<WorkerAnswer> {
  try {
    if ('finish' in request) {
      groups?.finish();
      groups = undefined;
      return { finished: true };
    }
    const { read, batch } = request;
    groups ??= createRowGroups(kernel, batch.folder, batch.name);
    return { ahead: await lines.read(read, contentChunks(read.path, read.maxBytes), groups) };
  } catch (thrown) {
    const { code, syscall } = thrown as NodeJS.ErrnoException;
    return {
      failed: {
        message: messageOf(thrown),
        ...(code === undefined ? {} : { code }),
        ...(syscall === undefined ? {} : { syscall }),
      },
    };
  }
}

// One after the other, in the order of the questions: the kernel holds one object at a time.
let last = Promise.resolve();
port.on('message', (request: WorkerRequest) => {
  last = last.then(async () => port.postMessage(await answer(request)));
});
