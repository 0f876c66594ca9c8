/**
 * What a copy of a lake holds of which change: <copy>/.flowproof/remote.json. A file that is no longer as it
 * was brought or published was written here since.
 */
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { listFiles } from '../list-files.ts';
import type { Head, RemoteFile } from './head.ts';

const STATE_FILE = '.flowproof/remote.json';

/** What the file system says of a file; equal stamps are equal bytes. */
export type Stamp = { size: number; mtimeMs: number; ino: number };

/** `isStub`: the copy has the name alone, as an empty file; what it holds stays in S3. */
export type CopiedFile = RemoteFile & { stamp: Stamp; isStub?: true };

export type CopyState = { uri: string; head: Head; files: Map<string, CopiedFile> };

/** What is of this machine alone: locks, what is being written, and this state. */
const OWN =
  /^\.flowproof\/(?:lock|staging\/|scratch\/|remote\.json|inputs\.json|outbox\/|operations\.json)/;

/** Paths of the files of the copy that are part of the lake, sorted. */
export async function filesOfCopy(copy: string): Promise<string[]> {
  return (await listFiles(copy)).filter((file) => !OWN.test(file) && !file.endsWith('.part'));
}

export async function stampOf(file: string): Promise<Stamp | undefined> {
  try {
    const { size, mtimeMs, ino } = await stat(file);
    return { size, mtimeMs, ino };
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}

export function isSameStamp(one: Stamp | undefined, other: Stamp | undefined): boolean {
  return (
    one !== undefined &&
    other !== undefined &&
    one.size === other.size &&
    one.mtimeMs === other.mtimeMs &&
    one.ino === other.ino
  );
}

/** A state that cannot be read, or is of another lake, is as good as none: all is brought again. */
export async function readState(copy: string, uri: string): Promise<CopyState> {
  try {
    const state = JSON.parse(await readFile(join(copy, STATE_FILE), 'utf8'));
    if (state.uri !== uri || state.version !== 1) throw new Error('of another lake');
    return { uri, head: state.head, files: new Map(state.files) };
  } catch {
    return { uri, head: { etag: undefined, change: 0, lists: {} }, files: new Map() };
  }
}

/** Writes an empty file in the place of one whose content stays in S3. */
export async function writeStub(copy: string, name: string): Promise<Stamp | undefined> {
  const path = join(copy, name);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(`${path}.part`, '', { mode: 0o600 });
  await rename(`${path}.part`, path);
  return stampOf(path);
}

type Known = { mtimeMs: number; size: number; stubs: ReadonlyMap<string, CopiedFile> };

const known = new Map<string, Known>();

/** The files of a copy whose content stays in S3, by path. Asked for each table, it reads the state when that is new. */
export async function stubsOf(copy: string, uri: string): Promise<ReadonlyMap<string, CopiedFile>> {
  const stamp = await stampOf(join(copy, STATE_FILE));
  if (!stamp) return new Map();
  const { mtimeMs, size } = stamp;
  const before = known.get(copy);
  if (before?.mtimeMs === mtimeMs && before.size === size) return before.stubs;
  const { files } = await readState(copy, uri);
  const stubs = new Map([...files].filter(([, { isStub }]) => isStub));
  known.set(copy, { mtimeMs, size, stubs });
  return stubs;
}

export async function writeState(copy: string, { uri, head, files }: CopyState): Promise<void> {
  const path = join(copy, STATE_FILE);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const own = `${path}.part`;
  await writeFile(own, JSON.stringify({ version: 1, uri, head, files: [...files] }), {
    mode: 0o600,
  });
  await rename(own, path);
}
