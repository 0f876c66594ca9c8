/**
 * Publishing what was written in a copy: all of it becomes visible by one change of the head. Files that are new go to
 * their places at once, where no reader knows them yet; files that replace others wait under `next/`, are named there
 * by the head, and are then copied over those that they replace. Whoever dies on the way leaves a whole lake: the next
 * to publish finishes it.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FlowproofError } from '../errors.ts';
import { inTurn } from '../in-turn.ts';
import { MERGED_FOLDER } from '../lake-manifest.ts';
import { TABLES } from '../tables.ts';
import {
  type CopiedFile,
  type CopyState,
  filesOfCopy,
  isSameStamp,
  stampOf,
  writeState,
  writeStub,
} from './copy-state.ts';
import { type Head, type RemoteFile, readHead, readList, staleLists, writeHead } from './head.ts';
import type { ObjectStore } from './object-store.ts';
import type { RemotePlace } from './place.ts';

/** Where objects wait to take the place of others. */
export const NEXT = '.flowproof/next/';
const ROUNDS = 10;

const RECORD_FOLDERS = TABLES.filter(({ isJsonLines }) => isJsonLines).map(
  ({ name }) => `${name}/`,
);

/** True for files of tables that anyone adds to at any time, beside a run. */
export function isRecordFile(name: string): boolean {
  return RECORD_FOLDERS.some((folder) => name.startsWith(folder));
}

export type Publishing = {
  store: ObjectStore;
  place: RemotePlace;
  copy: string;
  state: CopyState;
  /** Objects below `NEXT` that an engine wrote and that become files of the lake, by path; emptied once they are. */
  adopted?: Map<string, RemoteFile>;
  /** Of records alone: what anyone may publish without the lock. */
  isOnlyRecords?: boolean;
  /** Throws if this process may not change the lake any more. */
  confirm?: () => Promise<void>;
};

type Changes = {
  written: Map<string, RemoteFile>;
  removed: Set<string>;
  adopted?: ReadonlyMap<string, RemoteFile>;
};

/** What was uploaded, and objects under `next/` that nothing needs once the head names the new ones. */
type Upload = { written: Map<string, RemoteFile>; stale: string[] };

/** Publishes what is new in the copy. Throws LAKE_UNUSABLE, LAKE_LOCK_LOST or REVIEWS_CHANGED. */
export async function publishCopy(publishing: Publishing): Promise<void> {
  const { store, copy, state, confirm } = publishing;
  const adopted = new Map(publishing.adopted);
  const changes = await findChanges(publishing);
  for (const name of adopted.keys()) changes.removed.delete(name);
  if (changes.names.length > 0 || changes.removed.size > 0 || adopted.size > 0) {
    await confirm?.();
    const { written, stale } = await upload(publishing, changes.names);
    await changeHead(publishing, { written, removed: changes.removed, adopted });
    publishing.adopted?.clear();
    await store.remove(stale);
  }
  if (publishing.isOnlyRecords) return;
  await settle(publishing);
  const gone = [...changes.removed].filter((name) => !state.files.has(name));
  await store.remove(gone);
  await writeState(copy, state);
}

async function findChanges({
  copy,
  state,
  isOnlyRecords,
}: Publishing): Promise<{ names: string[]; removed: Set<string> }> {
  const present = (await filesOfCopy(copy)).filter((name) => !isOnlyRecords || isRecordFile(name));
  const names: string[] = [];
  for (const name of present) {
    const stamp = await stampOf(join(copy, name));
    if (!isSameStamp(state.files.get(name)?.stamp, stamp)) names.push(name);
  }
  const there = new Set(present);
  const removed = isOnlyRecords ? [] : [...state.files.keys()].filter((name) => !there.has(name));
  return { names, removed: new Set(removed) };
}

async function upload(
  { store, place, copy, state }: Publishing,
  names: readonly string[],
): Promise<Upload> {
  const written = new Map<string, RemoteFile>();
  const stale: string[] = [];
  const folder = `${NEXT}${randomUUID()}/`;
  const send = async (name: string): Promise<void> => {
    const path = join(copy, name);
    const stamp = await stampOf(path);
    if (!stamp) return;
    const isReview = name.startsWith('review/');
    const before = state.files.get(name);
    // A merged file that moved to its place, and of which the copy has the name alone: S3 copies its content.
    const moved = state.files.get(`${MERGED_FOLDER}/${name}`);
    if (!before && stamp.size === 0 && moved?.isStub) {
      const file = { size: moved.size, key: name, etag: await store.copy(moved.key, name) };
      written.set(name, file);
      state.files.set(name, { ...file, stamp, isStub: true });
      return;
    }
    const key = before ? `${folder}${name}` : name;
    if (before?.key.startsWith(NEXT)) stale.push(before.key);
    const etag = await store.upload(key, path, isReview ? { isNew: true } : undefined);
    if (etag === undefined) throw await takenReview(place, copy, name);
    written.set(name, { size: stamp.size, key, etag });
    state.files.set(name, { size: stamp.size, key, etag, stamp });
  };
  // The ledger last: to who reads the folders without the head, a batch counts when the ledger knows it.
  const isLedger = (name: string): boolean => name.startsWith('source_object/');
  await inTurn(
    names.filter((name) => !isLedger(name)),
    send,
  );
  await inTurn(names.filter(isLedger), send);
  return { written, stale };
}

/** Changes the head to what it was with these changes, whatever others changed meanwhile. */
async function changeHead(publishing: Publishing, changes: Changes): Promise<void> {
  const { store, place, copy, state, confirm } = publishing;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = await readHead(store, place);
    const files = new Map<string, RemoteFile>();
    const isNewest = before.etag === state.head.etag;
    if (isNewest && before.etag !== undefined) {
      for (const [name, { size, key, etag }] of state.files) files.set(name, { size, key, etag });
    } else {
      for (const sha256 of Object.values(before.lists)) {
        for (const [name, file] of await readList(store, place, sha256)) files.set(name, file);
      }
    }
    for (const [name, file] of changes.written) files.set(name, file);
    for (const [name, file] of changes.adopted ?? []) files.set(name, file);
    for (const name of changes.removed) files.delete(name);
    await confirm?.();
    const after = await writeHead(store, before, files);
    if (!after) continue;
    await store.remove(staleLists(before, after));
    for (const name of changes.removed) state.files.delete(name);
    // Before the state is written: a name that no state knows would be taken for a file that was written here.
    for (const [name, file] of changes.adopted ?? []) {
      const stamp = await writeStub(copy, name);
      if (stamp) state.files.set(name, { ...file, stamp, isStub: true });
    }
    // Records that others added meanwhile are not in this copy: it is of no head until it is refreshed.
    state.head = isNewest ? after : noHead(state.head, after);
    await writeState(copy, state);
    return;
  }
  throw new FlowproofError('LAKE_UNUSABLE', {
    place: place.uri,
    problem: 'others change the lake all the time, and this change found no moment',
    remedy: 'Run it again; what was written is in the copy of this machine and is published then.',
  });
}

/** The next refresh fetches the lists, and of the files only what the copy has not. */
function noHead(before: Head, after: Head): Head {
  return { ...after, etag: `${before.etag ?? 'none'} and others`, lists: {} };
}

/** Copies what waits under `next/` over what it replaces, and says so. */
async function settle(publishing: Publishing): Promise<void> {
  const { store, state } = publishing;
  const waiting = [...state.files].filter(([, { key }]) => key.startsWith(NEXT));
  if (waiting.length === 0) return;
  const written = new Map<string, RemoteFile>();
  await inTurn(waiting, async ([name, file]) => {
    const etag = await store.copy(file.key, name);
    written.set(name, { size: file.size, key: name, etag });
  });
  for (const [name, file] of written) {
    state.files.set(name, { ...(state.files.get(name) as CopiedFile), ...file });
  }
  await changeHead(publishing, { written, removed: new Set() });
  await store.remove(waiting.map(([, { key }]) => key));
}

/** Two that wrote a review at once took the same number: the one that comes second writes its own again. */
async function takenReview(
  { uri }: RemotePlace,
  copy: string,
  name: string,
): Promise<FlowproofError> {
  await rm(join(copy, name), { force: true });
  return new FlowproofError('REVIEWS_CHANGED', {
    place: uri,
    problem: `another review was recorded meanwhile as ${name}`,
    remedy: 'Record yours again: the number after is free.',
  });
}
