/**
 * Loaded into a run before flowproof: kills its own process, without any chance to tidy up, at the nth
 * step that the run takes on files of the lake's staging folder (FLOWPROOF_TEST_KILL_AT), before the step
 * or right after it (FLOWPROOF_TEST_KILL_AFTER=1).
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';

const promises = createRequire(import.meta.url)('node:fs/promises');
const killAt = Number(process.env.FLOWPROOF_TEST_KILL_AT);
const isAfter = process.env.FLOWPROOF_TEST_KILL_AFTER === '1';
let steps = 0;

for (const name of ['mkdir', 'rename', 'open', 'rm']) {
  const original = promises[name];
  promises[name] = async (...args) => {
    if (!String(args[0]).includes('staging')) return original(...args);
    steps += 1;
    const isDue = steps === killAt;
    if (isDue && !isAfter) process.kill(process.pid, 'SIGKILL');
    const result = await original(...args);
    if (isDue) process.kill(process.pid, 'SIGKILL');
    return result;
  };
}
syncBuiltinESMExports();
