/**
 * Loaded into a run before flowproof: kills its own process, without any chance to tidy up, at the nth
 * step that the run takes on files of the lake's staging folder (or of another part of the file system:
 * FLOWPROOF_TEST_STEPS_IN), before the step or right after it (FLOWPROOF_TEST_KILL_AFTER=1). Counted are the steps of the main thread, which commits
 * (FLOWPROOF_TEST_KILL_AT), or those of a reading thread (FLOWPROOF_TEST_KILL_THREAD_AT). How many the
 * main thread took is written to a file at the end (FLOWPROOF_TEST_STEPS_FILE).
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const require = createRequire(import.meta.url);
const { env } = process;
const killAt = Number(
  isMainThread ? env.FLOWPROOF_TEST_KILL_AT : env.FLOWPROOF_TEST_KILL_THREAD_AT,
);
const isAfter = env.FLOWPROOF_TEST_KILL_AFTER === '1';
let steps = 0;

/** Counts a step; the answer is called once the step is done. */
function begin() {
  steps += 1;
  const isDue = steps === killAt;
  if (isDue && !isAfter) process.kill(process.pid, 'SIGKILL');
  return () => {
    if (isDue) process.kill(process.pid, 'SIGKILL');
  };
}

const place = env.FLOWPROOF_TEST_STEPS_IN ?? 'staging';
const isStaged = (path) => String(path).includes(place);

if (isMainThread) {
  if (env.FLOWPROOF_TEST_STEPS_FILE) {
    process.on('exit', () =>
      require('node:fs').writeFileSync(env.FLOWPROOF_TEST_STEPS_FILE, String(steps)),
    );
  }
  const promises = require('node:fs/promises');
  for (const name of ['mkdir', 'rename', 'open', 'rm', 'link']) {
    const original = promises[name];
    promises[name] = async (...args) => {
      if (!isStaged(args[0])) return original(...args);
      const end = begin();
      const result = await original(...args);
      end();
      return result;
    };
  }
} else {
  const fs = require('node:fs');
  const files = new Set();
  for (const name of ['mkdirSync', 'openSync', 'writeSync', 'closeSync']) {
    const original = fs[name];
    fs[name] = (...args) => {
      if (!isStaged(args[0]) && !files.has(args[0])) return original(...args);
      const end = begin();
      const result = original(...args);
      if (name === 'openSync') files.add(result);
      if (name === 'closeSync') files.delete(args[0]);
      end();
      return result;
    };
  }
}
syncBuiltinESMExports();
