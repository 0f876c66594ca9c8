/**
 * How the process of `query-process.ts` is started: an environment without credentials, a folder of its own
 * as its working directory, and, where the system can, a hard limit of memory.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../query-file.ts';
import { sizeBytes } from '../query-limits-schema.ts';
import type { QueryLimits } from './limits.ts';

const ENTRY = join(PACKAGE_ROOT, 'dist', 'query', 'query-process.js');

/** Of Node itself, its code and its buffers, beside what the engine may use. */
const OWN_BYTES = 1024 ** 3;

/** Of each thread: its stack, and what the allocator keeps for it. */
const THREAD_BYTES = 16 * 1024 ** 2;

const HEAP_MEGABYTES = 512;

/** Variables that a program needs to be started at all on some systems; none holds a secret. */
const PASSED_ON = ['LD_LIBRARY_PATH', 'SystemRoot'] as const;

/** Starts it. Descriptor 3 carries results, 4 messages; what it prints itself is only for a crash. */
export function startQueryProcess(tempFolder: string, limits: QueryLimits): ChildProcess {
  const env: NodeJS.ProcessEnv = { TZ: 'UTC', HOME: tempFolder, TMPDIR: tempFolder };
  for (const name of PASSED_ON) {
    if (process.env[name] !== undefined) env[name] = process.env[name];
  }
  const nodeOptions = [`--max-old-space-size=${HEAP_MEGABYTES}`];
  return fork(ENTRY, [], {
    env,
    cwd: tempFolder,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'ipc'],
    ...(process.platform === 'linux'
      ? {
          execPath: '/bin/sh',
          execArgv: ['-c', limitScript(limits), process.execPath, ...nodeOptions],
        }
      : { execArgv: nodeOptions }),
  });
}

/**
 * The engine counts what it allocates by its own book-keeping, and some functions go past it: the kernel
 * counts all. Without a core file, which would hold rows of logs.
 */
function limitScript(limits: QueryLimits): string {
  const bytes = sizeBytes(limits.memory) + OWN_BYTES + availableParallelism() * THREAD_BYTES;
  return `ulimit -c 0; ulimit -d ${Math.ceil(bytes / 1024)}; exec "$0" "$@"`;
}
