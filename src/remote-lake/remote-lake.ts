/** A lake in S3 as commands use it: opened for writing, refreshed for reading, and records published. */
import { setTimeout as pause } from 'node:timers/promises';
import { FlowproofError } from '../errors.ts';
import { type LakeLock, lockLake } from '../lake-lock.ts';
import { readState } from './copy-state.ts';
import { type EngineFiles, engineFiles } from './engine-files.ts';
import { type RemoteFile, readHead } from './head.ts';
import { openStore } from './object-store.ts';
import type { RemotePlace } from './place.ts';
import { publishCopy } from './publish.ts';
import { settleReading } from './reach.ts';
import { isUpToDate, leaveLargeFiles, refreshCopy } from './refresh.ts';
import { lockRemote } from './remote-lock.ts';

export type PublishedLake = LakeLock & {
  /** Makes what was written since visible to all, at once. */
  publish(): Promise<void>;
  engineFiles: EngineFiles;
};

/**
 * Takes the lock of the lake in S3, then that of the copy (by `openCopy`), and refreshes the copy. Throws
 * LAKE_LOCKED while another run writes, anywhere.
 */
export async function openRemoteForWriting(
  place: RemotePlace,
  copy: string,
  openCopy: () => Promise<LakeLock>,
): Promise<PublishedLake> {
  await settleReading(place);
  const store = await openStore(place);
  const remoteLock = await lockRemote(store, place);
  let lock: LakeLock | undefined;
  try {
    lock = await openCopy();
    const state = await refreshCopy(store, place, copy);
    const { confirm } = remoteLock;
    const opened = lock;
    const adopted = new Map<string, RemoteFile>();
    const publish = () => publishCopy({ store, place, copy, state, confirm, adopted });
    return {
      publish,
      engineFiles: engineFiles({ store, place, copy, state, adopted, publish }),
      async release() {
        await leaveLargeFiles(place, copy);
        await opened.release();
        await remoteLock.release();
      },
    };
  } catch (thrown) {
    await lock?.release();
    await remoteLock.release();
    throw thrown;
  }
}

const WAIT_MILLISECONDS = 500;
const WAITS = 60;

/** Brings the copy up to date for a reader. While a run of this machine writes to it, it is read as it is. */
export async function refreshForReading(place: RemotePlace, copy: string): Promise<void> {
  await settleReading(place);
  const store = await openStore(place);
  for (let wait = 0; ; wait += 1) {
    const [state, newest] = [await readState(copy, place.uri), await readHead(store, place)];
    if (isUpToDate(place, state, newest)) return;
    const lock = await lockLake(copy).catch((thrown: unknown) => {
      if (thrown instanceof FlowproofError && thrown.code === 'LAKE_LOCKED') return undefined;
      throw thrown;
    });
    if (lock) {
      try {
        await refreshCopy(store, place, copy);
        return;
      } finally {
        await lock.release();
      }
    }
    // Another reader refreshes it, or a run writes.
    if (wait >= WAITS) return;
    await pause(WAIT_MILLISECONDS);
  }
}

/** Publishes records that commands added beside a run, such as who asked what. */
export async function publishRecords(place: RemotePlace, copy: string): Promise<void> {
  const state = await readState(copy, place.uri);
  // A lake that nobody ever wrote has no place for them yet.
  if (state.head.etag === undefined) return;
  await publishCopy({ store: await openStore(place), place, copy, state, isOnlyRecords: true });
}
