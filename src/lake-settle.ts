/**
 * Removing files that nothing reads any more, once so much time has passed that no reader can still have
 * them open, and moving merged files to their places. Stopped anywhere, the next call goes on from there.
 */
import { copyFile, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sizeAt } from './lake-files.ts';
import { MANIFEST_FILE, type Manifest, MERGED_FOLDER, manifestText } from './lake-manifest.ts';

/** How long a reader may take: a report or query that began before goes on with the files it found. */
export const GRACE_HOURS = 24;

export type Settled = { fileCount: number; sizeBytes: number };

/**
 * Removes what has been waiting for so many hours, and returns the record as it is then, and what was
 * removed. The lake must be open for writing.
 */
export async function settle(
  root: string,
  manifest: Manifest,
  { now, graceHours = GRACE_HOURS }: { now: Date; graceHours?: number },
): Promise<{ manifest: Manifest; removed: Settled }> {
  const limit = new Date(now.getTime() - graceHours * 3_600_000).toISOString();
  const removed: Settled = { fileCount: 0, sizeBytes: 0 };
  const merged: Manifest['merged'] = {};
  const leaving: Manifest['leaving'] = [];
  let isChanged = false;
  for (const [table, files] of Object.entries(manifest.merged)) {
    merged[table] = [];
    for (const one of files) {
      const isDue = one.leaving.length > 0 && one.since <= limit;
      merged[table].push(isDue ? { ...one, leaving: [] } : one);
      if (!isDue) continue;
      isChanged = true;
      const path = `${MERGED_FOLDER}/${table}/${one.file}`;
      // Those who read by pattern see rows twice for a moment; the other order would hide them.
      await linkFile(join(root, path), join(root, table, one.file));
      for (const old of one.leaving) await remove(root, old, removed);
      leaving.push({ path, since: now.toISOString() });
    }
  }
  for (const one of manifest.leaving) {
    if (one.since > limit) leaving.push(one);
    else {
      isChanged = true;
      await remove(root, one.path, removed);
    }
  }
  if (!isChanged) return { manifest, removed };
  const settled: Manifest = { ...manifest, merged, leaving };
  await writeManifest(root, settled);
  return { manifest: settled, removed };
}

/** How many files wait to be removed, and their bytes. */
export async function waitingFiles(root: string, manifest: Manifest): Promise<Settled> {
  const waiting: Settled = { fileCount: 0, sizeBytes: 0 };
  const paths = [
    ...Object.values(manifest.merged).flatMap((files) => files.flatMap(({ leaving }) => leaving)),
    ...manifest.leaving.map(({ path }) => path),
  ];
  for (const path of paths) {
    const found = await stat(join(root, path)).catch(() => undefined);
    // A second name of a file that stays takes up no room.
    if (!found || found.nlink > 1) continue;
    waiting.fileCount += 1;
    waiting.sizeBytes += (await sizeAt(root, path)) ?? 0;
  }
  return waiting;
}

/** Writes the record in the place of the one before. */
async function writeManifest(root: string, manifest: Manifest): Promise<void> {
  const path = join(root, MANIFEST_FILE);
  const scratch = `${path}.new`;
  const file = await open(scratch, 'w', 0o600);
  try {
    await file.writeFile(manifestText(manifest));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(scratch, path);
}

async function remove(root: string, path: string, removed: Settled): Promise<void> {
  const found = await stat(join(root, path)).catch(() => undefined);
  if (!found) return;
  const size = (await sizeAt(root, path)) ?? 0;
  await rm(join(root, path), { force: true });
  // A file with a second name takes up its room until that one goes too.
  if (found.nlink > 1) return;
  removed.fileCount += 1;
  removed.sizeBytes += size;
}

/** Gives a file a second name, unless it has it; on file systems without links, a copy. */
async function linkFile(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  try {
    await link(from, to);
  } catch (thrown) {
    const { code = '' } = thrown as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes(code)) throw thrown;
    await copyFile(from, `${to}.new`);
    await rename(`${to}.new`, to);
  }
}
