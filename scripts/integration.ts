/**
 * `npm run test:integration`: prepares what the suite needs, and runs it. Arguments go to vitest, such as
 * a part of a file's name; `--prepare` alone fetches what the suite needs, and runs nothing. Fails, and says
 * what to install, where Python, its packages, Chromium, Poppler, systemd, Trino or an older DuckDB cannot be
 * had: a suite that skips proves nothing.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ensureChromium,
  ensurePdfinfo,
  ensureSystemdAnalyze,
} from '../test/integration/debian-program.ts';
import { ensureHttpfs } from '../test/integration/duckdb-httpfs.ts';
import { awsEnvironment } from '../test/integration/moto.ts';
import { ensureEnvironment, findPython } from '../test/integration/python-environment.ts';
import { ensureTrino } from '../test/integration/trino-server.ts';

const ROOT = join(import.meta.dirname, '..');
const CACHE = join(ROOT, 'node_modules', '.cache', 'flowproof-integration');
const VITEST = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs vitest and returns its exit code. A signal to this process ends vitest, and so this wait. */
async function runSuite(environment: NodeJS.ProcessEnv): Promise<number> {
  const args = [
    VITEST,
    'run',
    '--config',
    'vitest.integration.config.ts',
    ...process.argv.slice(2),
  ];
  const suite = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit', env: environment });
  const pass = (signal: NodeJS.Signals): void => void suite.kill(signal);
  for (const signal of SIGNALS) process.on(signal, pass);
  try {
    const [code] = await once(suite, 'exit');
    return typeof code === 'number' ? code : 1;
  } finally {
    for (const signal of SIGNALS) process.off(signal, pass);
  }
}

/** Every lake of the tests lies in a folder of its own, so that none is left behind. */
async function runInScratch(programs: NodeJS.ProcessEnv): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'flowproof-integration-'));
  try {
    process.exitCode = await runSuite({ ...awsEnvironment(), TMPDIR: scratch, ...programs });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

try {
  const interpreter = ensureEnvironment(findPython(), CACHE);
  const httpfs = ensureHttpfs(CACHE, interpreter);
  const chromium = ensureChromium(CACHE);
  const pdfinfo = ensurePdfinfo(CACHE);
  const systemdAnalyze = ensureSystemdAnalyze(CACHE);
  const trino = await ensureTrino(CACHE);
  if (!process.argv.includes('--prepare')) {
    await runInScratch({
      FLOWPROOF_TEST_PYTHON: interpreter,
      FLOWPROOF_TEST_CHROMIUM: JSON.stringify(chromium),
      FLOWPROOF_TEST_PDFINFO: JSON.stringify(pdfinfo),
      FLOWPROOF_TEST_SYSTEMD_ANALYZE: JSON.stringify(systemdAnalyze),
      FLOWPROOF_TEST_TRINO: trino,
      FLOWPROOF_TEST_HTTPFS: httpfs,
    });
  }
} catch (thrown) {
  if (!(thrown instanceof Error) || thrown.name !== 'SetupError') throw thrown;
  process.stderr.write(`integration: ${thrown.message}\n`);
  process.exitCode = 1;
}
