/**
 * The lock of a lake: one writer at a time. A file that holds the writer's process id; a lock whose
 * process is dead is taken over.
 */
import { randomUUID } from 'node:crypto';
import {
  constants,
  copyFile,
  link,
  mkdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { FlowproofError } from './errors.ts';

export type LakeLock = { release(): Promise<void> };

/** Lock files of the lakes that this process writes to, or is about to. */
const held = new Set<string>();

/**
 * Takes the lock of the lake in a folder, which is made if it is not there. Throws LAKE_LOCKED while
 * another living process holds it (or this one, already), and errors of the file system as they are.
 */
export async function lockLake(root: string): Promise<LakeLock> {
  const path = join(root, '.flowproof', 'lock');
  if (held.has(path)) throw lockedError(root, path, process.pid);
  held.add(path);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await takeLock(root, path);
  } catch (thrown) {
    held.delete(path);
    throw thrown;
  }
  return {
    release: async () => {
      await rm(path, { force: true });
      held.delete(path);
    },
  };
}

function lockedError(root: string, path: string, holder: number): FlowproofError {
  return new FlowproofError('LAKE_LOCKED', {
    place: root,
    problem: `another run (process ${Number.isNaN(holder) ? 'unknown' : holder}) is writing to this lake`,
    remedy: `Wait until it has ended. If there is no such process, delete ${path}.`,
  });
}

/** How long a lock that was taken over must stand before it counts. */
const SETTLE_MILLISECONDS = 100;

async function takeLock(root: string, path: string): Promise<void> {
  const content = `${process.pid}\n`;
  // The lock appears with its content, by a link, so that nobody meets it empty.
  const own = `${path}-${process.pid}-${randomUUID()}`;
  await writeFile(own, content, { mode: 0o600, flag: 'wx' });
  try {
    if (await tryLink(own, path)) return;
    const found = await readText(path);
    const holder = Number.parseInt(found, 10);
    if (isAlive(holder)) throw lockedError(root, path, holder);
    await removeStale(path, found);
    if (await tryLink(own, path)) {
      // Two that find a dead lock at once may each remove the other's: what stands then decides.
      await pause(SETTLE_MILLISECONDS);
      if ((await readText(path)) === content) return;
    }
    throw lockedError(root, path, Number.parseInt(await readText(path), 10));
  } finally {
    await rm(own, { force: true });
  }
}

const readText = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

/** Makes a file appear under another name, unless something stands there. */
async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to).catch(async (thrown: NodeJS.ErrnoException) => {
      // Some network and removable file systems have no links.
      if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes(thrown.code ?? '')) throw thrown;
      await copyFile(from, to, constants.COPYFILE_EXCL);
    });
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw thrown;
  }
}

/** Takes a dead process's lock away; puts back what turns out to be another's. */
async function removeStale(path: string, found: string): Promise<void> {
  const aside = `${path}-${process.pid}-${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw thrown;
  }
  if ((await readText(aside)) !== found) await tryLink(aside, path);
  await rm(aside, { force: true });
}

function isAlive(pid: number): boolean {
  // The own id in a lock that this process does not hold: ids begin anew in each container.
  if (Number.isNaN(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}
