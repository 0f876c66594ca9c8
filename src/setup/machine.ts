/** What the doctor checks of this machine: Node.js, folders and their modes, the lock. Nothing is written. */
import { constants, readFileSync } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Config } from '../config.ts';
import { messageOf } from '../errors.ts';
import { lookAtLock } from '../lake-lock.ts';
import { PACKAGE_ROOT } from '../query-file.ts';
import { type Check, shellWord } from './check.ts';

/** The oldest version that the package allows: major and minor. */
function oldestNode(): [number, number] {
  const { engines } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as {
    engines: { node: string };
  };
  const [major = 0, minor = 0] = engines.node.replace('>=', '').split('.').map(Number);
  return [major, minor];
}

export function checkNode(version = process.versions.node): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldMajor, oldMinor] = oldestNode();
  const isEnough = major > oldMajor || (major === oldMajor && minor >= oldMinor);
  const found = `Node.js ${version}`;
  return isEnough
    ? { check: 'node', subject: '', verdict: 'ok', found }
    : {
        check: 'node',
        subject: '',
        verdict: 'problem',
        found: `${found}, and flowproof needs ${oldMajor}.${oldMinor} or newer`,
        fix: `Install Node.js ${oldMajor}.${oldMinor} or newer: https://nodejs.org/en/download`,
      };
}

/** The folders that a run writes to. */
export async function checkFolders(
  config: Pick<Config, 'lake' | 'output'>,
  tempFolder = tmpdir(),
  whyNot = refusalOf,
): Promise<Check[]> {
  return [
    await checkFolder('lake_folder', config.lake, true, whyNot),
    await checkFolder('output_folder', config.output, true, whyNot),
    await checkFolder('temporary_folder', tempFolder, false, whyNot),
  ];
}

/** Why this user may not write to a folder; undefined if it may. The system is asked, and nothing written. */
async function refusalOf(folder: string): Promise<string | undefined> {
  return access(folder, constants.W_OK | constants.X_OK | constants.R_OK).then(
    () => undefined,
    (thrown: unknown) => messageOf(thrown),
  );
}

async function checkFolder(
  check: string,
  path: string,
  isOurs: boolean,
  whyNot: typeof refusalOf,
): Promise<Check> {
  const about = { check, subject: path };
  const place = await nearestFolder(path);
  if (!place.isFolder) {
    return {
      ...about,
      verdict: 'problem',
      found: `${place.path} is no folder`,
      fix: `Name another folder in the configuration, or: mv ${shellWord(place.path)} ${shellWord(`${place.path}.old`)}`,
    };
  }
  const refusal = await whyNot(place.path);
  if (refusal !== undefined) {
    return {
      ...about,
      verdict: 'problem',
      found: `this user may not write there (${refusal})`,
      fix: `sudo install -d -m 700 -o "$(id -un)" ${shellWord(path)}`,
    };
  }
  if (!isOurs) return { ...about, verdict: 'ok', found: 'writable' };
  if (place.path !== path) {
    return {
      ...about,
      verdict: 'ok',
      found: `does not exist; a run can make it, as ${place.path} is writable`,
    };
  }
  const others = place.mode & 0o077;
  if (others !== 0 && process.platform !== 'win32') {
    return {
      ...about,
      verdict: 'warning',
      found: `writable; its mode is ${modeText(place.mode)}, so others of this machine may ${(others & 0o022) === 0 ? 'read' : 'change'} what is in it`,
      fix: `chmod 700 ${shellWord(path)}`,
    };
  }
  return { ...about, verdict: 'ok', found: `writable, mode ${modeText(place.mode)}` };
}

const modeText = (mode: number): string => (mode & 0o777).toString(8).padStart(4, '0');

/** The path, or what of it exists, from the top. */
export async function nearestFolder(
  path: string,
): Promise<{ path: string; isFolder: boolean; mode: number }> {
  for (let at = path; ; at = dirname(at)) {
    const state = await stat(at).catch(() => undefined);
    if (state) return { path: at, isFolder: state.isDirectory(), mode: state.mode };
    if (dirname(at) === at) return { path: at, isFolder: false, mode: 0 };
  }
}

/** Whether a run that began now could write to the lake. */
export async function checkLock(lake: string): Promise<Check> {
  const about = { check: 'lock', subject: lake };
  try {
    const lock = await lookAtLock(lake);
    if (lock.state === 'free')
      return { ...about, verdict: 'ok', found: 'nobody writes to the lake' };
    const { holder, path, silentSeconds } = lock;
    const who =
      holder === undefined
        ? 'an unknown process'
        : `process ${holder.pid} on ${holder.host}, since ${holder.since}`;
    if (lock.state === 'dead') {
      return {
        ...about,
        verdict: 'ok',
        found: `left by ${who}, which is dead; the next run takes it over and finishes its work`,
      };
    }
    return {
      ...about,
      verdict: 'warning',
      found: `held by ${who}; it last gave a sign of life ${silentSeconds} seconds ago, and a run that begins now stops at once`,
      fix: `Wait until it has ended. If you know that it is dead: rm ${shellWord(path)}`,
    };
  } catch (thrown) {
    return { ...about, verdict: 'not_checked', found: messageOf(thrown) };
  }
}
