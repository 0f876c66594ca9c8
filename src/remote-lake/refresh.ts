/** Bringing a copy up to the lake in S3: what is new is fetched, what is no more is taken away. */
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FlowproofError } from '../errors.ts';
import { inTurn } from '../in-turn.ts';
import {
  type CopiedFile,
  type CopyState,
  filesOfCopy,
  isSameStamp,
  readState,
  stampOf,
  writeState,
  writeStub,
} from './copy-state.ts';
import { type Head, monthOf, type RemoteFile, readHead, readList } from './head.ts';
import { lostObject, type ObjectStore } from './object-store.ts';
import { type RemotePlace, staysInS3 } from './place.ts';
import { isRecordFile } from './publish.ts';

const ROUNDS = 5;

/**
 * Makes the copy what the lake is. Where the copy is of the newest change already, what was written in it since and
 * not yet published stays; where another machine published meanwhile, it goes, but for records that are only
 * ever added. Throws LAKE_UNUSABLE.
 */
export async function refreshCopy(
  store: ObjectStore,
  place: RemotePlace,
  copy: string,
): Promise<CopyState> {
  const state = await readState(copy, place.uri);
  for (let round = 0; round < ROUNDS; round += 1) {
    const head = await readHead(store, place);
    if (head.etag === undefined && state.head.etag !== undefined) throw vanished(place);
    if (isUpToDate(place, state, head)) return state;
    const files = await filesOf(store, place, state, head);
    if (await bring(store, place, copy, state, files)) {
      state.head = head;
      await writeState(copy, state);
      return state;
    }
    // A file was replaced while it was fetched: the head says by what.
    await writeState(copy, state);
  }
  throw lostObject(place, 'a file that the head names; another run changes the lake all the time');
}

/** True if the copy is of this head, and has the content of all files that do not stay in S3. */
export function isUpToDate(place: RemotePlace, { head, files }: CopyState, newest: Head): boolean {
  if (newest.etag !== head.etag) return false;
  return [...files].every(([name, { isStub, size }]) => !isStub || staysInS3(place, name, size));
}

/** The files of a head; lists that the copy has are not fetched again. */
async function filesOf(
  store: ObjectStore,
  place: RemotePlace,
  state: CopyState,
  head: Head,
): Promise<Map<string, RemoteFile>> {
  const files = new Map<string, RemoteFile>();
  for (const [month, sha256] of Object.entries(head.lists)) {
    if (state.head.lists[month] === sha256) {
      for (const [name, file] of state.files) if (monthOf(name) === month) files.set(name, file);
    } else {
      for (const [name, file] of await readList(store, place, sha256)) files.set(name, file);
    }
  }
  return files;
}

/** False if an object is no longer the one that the list names. */
async function bring(
  store: ObjectStore,
  place: RemotePlace,
  copy: string,
  state: CopyState,
  files: ReadonlyMap<string, RemoteFile>,
): Promise<boolean> {
  const wanted: [string, RemoteFile][] = [];
  for (const [name, file] of files) {
    const held = state.files.get(name);
    const isHeld =
      held?.etag === file.etag &&
      isSameStamp(held.stamp, await stampOf(join(copy, name))) &&
      (!held.isStub || staysInS3(place, name, file.size));
    if (isHeld) state.files.set(name, { ...held, ...file });
    else wanted.push([name, file]);
  }
  // The ledger last: a file of a batch counts when the ledger knows it.
  const isLedger = ([name]: readonly [string, unknown]): boolean =>
    name.startsWith('source_object/');
  const parts = [wanted.filter((one) => !isLedger(one)), wanted.filter(isLedger)];
  for (const part of parts) {
    let isWhole = true;
    await inTurn(part, async ([name, file]) => {
      if (staysInS3(place, name, file.size)) {
        const stamp = await writeStub(copy, name);
        if (stamp) state.files.set(name, { ...file, stamp, isStub: true });
        return;
      }
      const target = join(copy, name);
      await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      const own = `${target}.part`;
      if (!(await store.download(file.key, file.etag, own))) {
        await rm(own, { force: true });
        isWhole = false;
        return;
      }
      await rename(own, target);
      const stamp = await stampOf(target);
      if (stamp) state.files.set(name, { ...file, stamp } satisfies CopiedFile);
    });
    if (!isWhole) return false;
  }
  for (const name of await filesOfCopy(copy)) {
    // A record that was added here and is not yet published is nobody else's.
    if (files.has(name) || (isRecordFile(name) && !state.files.has(name))) continue;
    await rm(join(copy, name), { force: true });
  }
  for (const name of [...state.files.keys()]) if (!files.has(name)) state.files.delete(name);
  return true;
}

/**
 * Makes stubs of published files that are to stay in S3: once a run is over, nothing here needs their content. Which
 * are published, the state on disk says: it is written once the head names them.
 */
export async function leaveLargeFiles(place: RemotePlace, copy: string): Promise<void> {
  if (!place.leavesLargeFiles) return;
  const state = await readState(copy, place.uri);
  let isChanged = false;
  for (const [name, file] of state.files) {
    if (file.isStub || !staysInS3(place, name, file.size)) continue;
    if (!isSameStamp(file.stamp, await stampOf(join(copy, name)))) continue;
    const stamp = await writeStub(copy, name);
    if (!stamp) continue;
    state.files.set(name, { ...file, stamp, isStub: true });
    isChanged = true;
  }
  if (isChanged) await writeState(copy, state);
}

function vanished({ uri }: RemotePlace): FlowproofError {
  return new FlowproofError('LAKE_UNUSABLE', {
    place: uri,
    problem: 'there is no lake here any more, and the copy of this machine is of one',
    remedy:
      'Bring .flowproof/head.json and the objects below the prefix back from versions or a copy; to begin anew, name another prefix as `lake`.',
  });
}
