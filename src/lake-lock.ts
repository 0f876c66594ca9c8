/**
 * The lock of a lake: one writer at a time, also where containers or machines share the folder.
 *
 * The lock is a file that says who holds it, and that its holder writes anew every few seconds. Whether
 * the holder lives is asked of the system where it can know: same machine, same boot, same space of
 * process ids. Elsewhere a process id says nothing (each container has a process 1), and only silence
 * counts: a lock that was not written for two minutes, by the clock of the file system that it is on, is
 * taken over. A holder that was stopped so long finds out before it commits (`confirmLock`).
 */
import { randomUUID } from 'node:crypto';
import {
  constants,
  copyFile,
  type FileHandle,
  link,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { FlowproofError } from './errors.ts';
import { type Holder, judgeHolder, ownHolder, parseHolder } from './lock-holder.ts';

export type LakeLock = { release(): Promise<void> };

export type LockOptions = {
  /** Who asks for it: this process. */
  holder?: Holder;
  /** How often the holder writes the lock anew. */
  heartbeatMilliseconds?: number;
  /** Silence after which a holder of which nothing else can be known is taken for dead. */
  silenceMilliseconds?: number;
};

const HEARTBEAT_MILLISECONDS = 10_000;
const SILENCE_MILLISECONDS = 120_000;

/** Contents of the locks that this process holds, by file; empty while it is about to. */
const held = new Map<string, string>();

const lockPath = (root: string): string => join(resolve(root), '.flowproof', 'lock');

/**
 * Takes the lock of the lake in a folder, which is made if it is not there. Throws LAKE_LOCKED while
 * another living process holds it (or this one, already), and errors of the file system as they are.
 */
export async function lockLake(root: string, options: LockOptions = {}): Promise<LakeLock> {
  const { heartbeatMilliseconds = HEARTBEAT_MILLISECONDS, holder = ownHolder() } = options;
  const path = lockPath(root);
  const content = `${JSON.stringify({ ...holder, token: randomUUID() })}\n`;
  if (held.has(path)) throw lockedError(root, path, holder);
  held.set(path, '');
  let file: FileHandle | undefined;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await takeLock({ root, path, content, ...options });
    file = await open(path, 'r+');
  } catch (thrown) {
    held.delete(path);
    throw thrown;
  }
  held.set(path, content);
  let beat = Promise.resolve();
  const timer = setInterval(() => {
    // The same bytes at the same place: what counts is that the file system notes the time. A beat that
    // fails, as on a full disk, is made up for by the next.
    beat = beat
      .then(() => file.write(content, 0))
      .then(
        () => {},
        () => {},
      );
  }, heartbeatMilliseconds);
  timer.unref();
  return {
    release: async () => {
      clearInterval(timer);
      await beat;
      await file.close();
      if ((await readText(path)) === content) await rm(path, { force: true });
      held.delete(path);
    },
  };
}

/**
 * Makes sure that the lock is still this process's, where it took one. Throws LAKE_LOCK_LOST if another
 * run took it over meanwhile.
 */
export async function confirmLock(root: string): Promise<void> {
  const path = lockPath(root);
  const content = held.get(path);
  if (!content || (await readText(path)) === content) return;
  throw new FlowproofError('LAKE_LOCK_LOST', {
    place: root,
    problem: 'another run took over the lock, as this one had given no sign of life',
    remedy:
      'Nothing of what this run had not yet committed is in the lake. Wait until the other run has ended, then run flowproof again.',
  });
}

function lockedError(root: string, path: string, holder: Holder | undefined, age?: number) {
  const who =
    holder === undefined
      ? 'another run'
      : `another run (process ${holder.pid} on ${holder.host}, since ${holder.since})`;
  const silence = `It is taken over once it has been silent for ${SILENCE_MILLISECONDS / 1000} seconds`;
  return new FlowproofError('LAKE_LOCKED', {
    place: root,
    problem: `${who} is writing to this lake`,
    remedy:
      age === undefined
        ? `Wait until it has ended. If there is no such process, delete ${path}.`
        : `Wait until it has ended. ${silence} (now ${Math.max(0, Math.round(age / 1000))}); if you know that it is dead, delete ${path}.`,
  });
}

/** How long a lock that was taken over must stand before it counts. */
const SETTLE_MILLISECONDS = 100;

type Taking = LockOptions & { root: string; path: string; content: string };

async function takeLock(taking: Taking): Promise<void> {
  const { root, path, content } = taking;
  // The lock appears with its content, by a link, so that nobody meets it empty.
  const own = `${path}-${randomUUID()}`;
  await writeFile(own, content, { mode: 0o600, flag: 'wx' });
  try {
    if (await tryLink(own, path)) return;
    const found = await readLock(path);
    if (found) {
      // Both times are of the file system, which may be another machine's.
      const age = (await stat(own)).mtimeMs - found.writtenAt;
      const fate = fateOf(found.text, age, taking);
      if (fate) throw lockedError(root, path, parseHolder(found.text), fate.age);
      await removeStale(path, found);
    }
    if (await tryLink(own, path)) {
      // Two that find a dead lock at once may each remove the other's: what stands then decides.
      await pause(SETTLE_MILLISECONDS);
      if ((await readText(path)) === content) return;
    }
    throw lockedError(root, path, parseHolder(await readText(path)));
  } finally {
    await rm(own, { force: true });
  }
}

/** Undefined for a dead lock; for a living one, its silence where only that could be judged. */
function fateOf(
  text: string,
  age: number,
  { holder = ownHolder(), silenceMilliseconds = SILENCE_MILLISECONDS }: Taking,
): { age?: number } | undefined {
  const found = parseHolder(text);
  const verdict = found === undefined ? 'unknown' : judgeHolder(found, holder);
  if (verdict === 'dead') return undefined;
  if (verdict === 'alive') return {};
  return age >= silenceMilliseconds ? undefined : { age };
}

type FoundLock = { text: string; writtenAt: number };

async function readLock(path: string): Promise<FoundLock | undefined> {
  try {
    return { text: await readFile(path, 'utf8'), writtenAt: (await stat(path)).mtimeMs };
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
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

/** Takes a dead lock away; puts back what turns out to be another's, or to live after all. */
async function removeStale(path: string, found: FoundLock): Promise<void> {
  const aside = `${path}-${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw thrown;
  }
  const moved = await readLock(aside);
  const isSame = moved?.text === found.text && moved.writtenAt === found.writtenAt;
  if (!isSame) await tryLink(aside, path);
  await rm(aside, { force: true });
}

/** How the lock of a lake stands, as a run that began now would find it. */
export type LockState =
  | { state: 'free' }
  /** Of a process that died: the next run takes it over. */
  | { state: 'dead' | 'held'; holder: Holder | undefined; path: string; silentSeconds: number };

/** Looks at the lock without touching it. Throws what the file system does, but for a missing file. */
export async function lookAtLock(root: string): Promise<LockState> {
  const path = lockPath(root);
  const found = await readLock(path);
  if (!found) return { state: 'free' };
  const age = Date.now() - found.writtenAt;
  const isHeld = fateOf(found.text, age, { root, path, content: '' }) !== undefined;
  return {
    state: isHeld ? 'held' : 'dead',
    holder: parseHolder(found.text),
    path,
    silentSeconds: Math.max(0, Math.round(age / 1000)),
  };
}
