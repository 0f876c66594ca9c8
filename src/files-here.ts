/** Files of the lake as files of this machine, for what must read them whole: merging, hashing, archiving. */
import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inTurn } from './in-turn.ts';
import { scratchFolder } from './lake.ts';
import type { TableFile } from './lake-files.ts';
import { remoteOf } from './remote-lake/place.ts';

/**
 * Does something with the paths of files, in their order. Those that stand in S3 alone are fetched before, and
 * deleted after. Throws LAKE_UNUSABLE if one is no longer there.
 */
export async function withFilesHere<Result>(
  root: string,
  files: readonly TableFile[],
  act: (paths: readonly string[]) => Promise<Result>,
): Promise<Result> {
  const place = remoteOf(root);
  if (!place || files.every(({ remote }) => !remote)) return act(files.map(({ path }) => path));
  const { lostObject, openStore } = await import('./remote-lake/object-store.ts');
  const store = await openStore(place);
  const folder = join(scratchFolder(root), `fetched-${randomUUID()}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const paths = files.map(({ path, remote }, at) =>
    remote ? join(folder, `${at}.parquet`) : path,
  );
  try {
    await inTurn([...files.entries()], async ([at, { remote }]) => {
      if (!remote) return;
      const isThere = await store.download(remote.key, remote.etag, paths[at] as string);
      if (!isThere) throw lostObject(place, remote.key);
    });
    return await act(paths);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
