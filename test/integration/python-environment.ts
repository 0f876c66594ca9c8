/**
 * A Python virtual environment with what the suite needs, made once and kept in a folder that git
 * ignores.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');

/** Of the pinned packages several need Python 3.11. */
const OLDEST_MINOR = 11;

const COMMANDS = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python'];

type Python = { command: string; version: string };

/** An error of the machine, not of flowproof: printed without a stack. */
export function setupError(problem: string, remedy: string): Error {
  return Object.assign(new Error(`${problem}\n  ${remedy}`), { name: 'SetupError' });
}

function versionOf(command: string): string | undefined {
  try {
    const statement = 'import sys; print("%d.%d.%d" % sys.version_info[:3])';
    return execFileSync(command, ['-c', statement], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return undefined;
  }
}

function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 3 || (major === 3 && minor >= OLDEST_MINOR);
}

/** The first Python that is recent enough. Throws a setup error that names those that are not. */
export function findPython(environment: NodeJS.ProcessEnv = process.env): Python {
  const { PYTHON } = environment;
  const tooOld: string[] = [];
  for (const command of PYTHON ? [PYTHON] : COMMANDS) {
    const version = versionOf(command);
    if (version === undefined) continue;
    if (isRecent(version)) return { command, version };
    tooOld.push(`${command} is ${version}`);
  }
  throw setupError(
    `Python 3.${OLDEST_MINOR} or later is missing (${tooOld.length > 0 ? tooOld.join(', ') : `none of ${PYTHON ?? COMMANDS.join(', ')} runs`}).`,
    'Install it (Debian and Ubuntu: apt-get install python3 python3-venv; macOS: brew install python; ' +
      'Amazon Linux: dnf install python3.11), or name it: PYTHON=/opt/python/bin/python3 npm run test:integration',
  );
}

/**
 * The interpreter of an environment below `cacheFolder` that holds the pinned requirements; makes it
 * if it is not there yet, or was made for other requirements. Throws a setup error if Python cannot
 * make environments or the packages cannot be had.
 */
export function ensureEnvironment(python: Python, cacheFolder: string): string {
  const key = createHash('sha256').update(`${python.version}\n`).update(readFileSync(REQUIREMENTS));
  const folder = join(cacheFolder, `python-${key.digest('hex').slice(0, 12)}`);
  const interpreter = join(folder, 'bin', 'python');
  const marker = join(folder, 'complete');
  if (existsSync(marker)) return interpreter;
  // What an interrupted run left is not to be trusted.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(cacheFolder, { recursive: true });
  process.stdout.write(`integration: installing moto for Python ${python.version} (once)\n`);
  runStep(
    python.command,
    ['-m', 'venv', folder],
    `${python.command} cannot make a virtual environment.`,
    'Install its venv module (Debian and Ubuntu: apt-get install python3-venv), then run again.',
  );
  runStep(
    interpreter,
    ['-m', 'pip', 'install', '--disable-pip-version-check', '--quiet', '-r', REQUIREMENTS],
    'pip could not install moto (test/integration/requirements.txt).',
    'It needs the Python package index, or the mirror that pip is configured for (`pip config list`): ' +
      'check network, proxy and index, then run again.',
  );
  writeFileSync(marker, '');
  return interpreter;
}

function runStep(command: string, args: readonly string[], problem: string, remedy: string): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return;
  const said = `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`
    .trim()
    .split('\n')
    .slice(-12);
  throw setupError(`${problem}\n${said.map((line) => `  | ${line}`).join('\n')}`, remedy);
}
