/**
 * The archive: the files of days that left the lake, under the same paths, so that whoever copies them back
 * or reads them where they are needs nothing else.
 *
 *   <archive>/<table>/<partition>=<date>/<file>.parquet
 *   <archive>/<date>.sha256                                what sha256sum -c reads, in that folder
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { replaceFile } from '../atomic-file.ts';
import { FlowproofError, messageOf } from '../errors.ts';

export type HashedFile = {
  /** Path in the lake and in the archive. */
  path: string;
  sizeBytes: number;
  sha256: string;
};

/** SHA-256 of a file, and its length. */
export async function hashFile(path: string): Promise<{ sha256: string; sizeBytes: number }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const part of createReadStream(path)) {
    hash.update(part as Buffer);
    sizeBytes += (part as Buffer).length;
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

/** As sha256sum prints it. */
export function hashLine({ sha256, path }: HashedFile): string {
  return `${sha256}  ${path}`;
}

/**
 * Copies a file to the archive and reads it back. One that is there already with the same content stays.
 * Throws ARCHIVE_UNUSABLE, also if another one is there.
 */
export async function archiveFile(archive: string, from: string, file: HashedFile): Promise<void> {
  const target = join(archive, file.path);
  try {
    if (await isThere(target)) {
      if ((await hashFile(target)).sha256 === file.sha256) return;
      throw unusable(target, 'another file of that name is there', 'Move it away, then run again.');
    }
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    const scratch = `${target}.new`;
    await copyFile(from, scratch);
    await syncPath(scratch, 0o600);
    if ((await hashFile(scratch)).sha256 !== file.sha256) {
      throw unusable(target, 'what was written reads otherwise', 'Look at the storage.');
    }
    await rename(scratch, target);
    await syncPath(dirname(target));
  } catch (thrown) {
    throw asUnusable(archive, thrown);
  }
}

/** Adds the files to the lists of hashes of their days. */
export async function listArchived(
  archive: string,
  filesByDate: ReadonlyMap<string, readonly HashedFile[]>,
): Promise<void> {
  try {
    for (const [date, files] of filesByDate) {
      const path = join(archive, `${date}.sha256`);
      const found = (await isThere(path)) ? (await readFile(path, 'utf8')).split('\n') : [];
      const lines = new Set([...found.filter((line) => line !== ''), ...files.map(hashLine)]);
      const byPath = (line: string): string => line.slice(66);
      const sorted = [...lines].sort((a, b) => (byPath(a) < byPath(b) ? -1 : 1));
      await replaceFile(path, sorted.map((line) => `${line}\n`).join(''));
    }
  } catch (thrown) {
    throw asUnusable(archive, thrown);
  }
}

/** Copies a file of the archive to a place in the lake. Throws ARCHIVE_UNUSABLE if it is not what left. */
export async function bringBack(archive: string, file: HashedFile, target: string): Promise<void> {
  const source = join(archive, file.path);
  try {
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await copyFile(source, target);
    await syncPath(target, 0o600);
  } catch (thrown) {
    throw asUnusable(source, thrown);
  }
  const { sha256 } = await hashFile(target);
  if (sha256 === file.sha256) return;
  throw unusable(
    source,
    `it is not the file that left the lake (its SHA-256 is ${sha256}, not ${file.sha256})`,
    'Bring the file back from a copy of the archive; the lake is as it was.',
  );
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (thrown: NodeJS.ErrnoException) => {
      if (thrown.code === 'ENOENT') return false;
      throw thrown;
    },
  );
}

async function syncPath(path: string, mode?: number): Promise<void> {
  const file = await open(path, 'r');
  try {
    if (mode !== undefined) await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
}

function asUnusable(place: string, thrown: unknown): unknown {
  if ((thrown as NodeJS.ErrnoException).syscall === undefined) return thrown;
  return unusable(
    place,
    `the archive cannot be used (${messageOf(thrown)})`,
    'Mount it, make room in it, and give the user that runs flowproof the right to read and write it (retention.archive in the configuration). The lake is as it was.',
    thrown,
  );
}

function unusable(place: string, problem: string, remedy: string, cause?: unknown): FlowproofError {
  return new FlowproofError('ARCHIVE_UNUSABLE', {
    place,
    problem,
    remedy,
    ...(cause === undefined ? {} : { cause }),
  });
}
