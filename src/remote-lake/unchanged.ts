/**
 * Whether files that were read in S3 were, until the end of the reading, those that the copy names. A file is
 * replaced in its place only after a head has said so: where no head after ours names another object, all
 * that was read is of one state of the lake.
 */
import { FlowproofError } from '../errors.ts';
import { readState } from './copy-state.ts';
import { type Head, monthOf, type RemoteFile, readHead, readList } from './head.ts';
import type { ObjectStore } from './object-store.ts';
import type { RemotePlace } from './place.ts';

/** The files of a copy whose content is read in S3, and the newest head that is known to name them. */
export type SeenFiles = { head: Head; files: ReadonlyMap<string, RemoteFile> };

/** To be asked before their names are. */
export async function filesSeen(place: RemotePlace, copy: string): Promise<SeenFiles> {
  const { head, files } = await readState(copy, place.uri);
  return { head, files: new Map([...files].filter(([, { isStub }]) => isStub)) };
}

/** Throws LAKE_CHANGED if a file was replaced or removed since. Asks for one small object, and for lists that are new. */
export async function assertUnchanged(
  store: ObjectStore,
  place: RemotePlace,
  seen: SeenFiles,
): Promise<void> {
  const newest = await readHead(store, place);
  if (newest.etag === seen.head.etag) return;
  const months = new Map<string, [string, RemoteFile][]>();
  for (const [name, file] of seen.files) {
    const month = monthOf(name);
    months.set(month, [...(months.get(month) ?? []), [name, file]]);
  }
  for (const [month, files] of months) {
    const sha256 = newest.lists[month];
    if (sha256 !== undefined && sha256 === seen.head.lists[month]) continue;
    const listed = sha256 === undefined ? undefined : await readList(store, place, sha256);
    for (const [name, { key, etag }] of files) {
      const now = listed?.get(name);
      if (now?.key !== key || now.etag !== etag) throw changedLake(place.uri);
    }
  }
  seen.head = newest;
}

/** What was read may be of two states of the lake. */
export function changedLake(uri: string): FlowproofError {
  return new FlowproofError('LAKE_CHANGED', {
    place: uri,
    problem: 'a run replaced files of the lake while they were read',
    remedy:
      'Run it again: it then reads the lake as it is now. What was printed is of no one moment.',
  });
}

/** What the engine says of S3 itself, and not of a statement. */
const OF_S3 = /^(?:HTTP Error: |IO Error: [^\n]{0,400}\bHTTP (?:GET|HEAD)\b)/;

/** The error that a message of the engine stands for, if S3 did not give a file; undefined for all others. */
export function readingError(message: string, uri: string): FlowproofError | undefined {
  if (!OF_S3.test(message)) return undefined;
  const status = /\(HTTP (\d{3})\b/.exec(message)?.[1] ?? /HTTP code (\d{3})\b/.exec(message)?.[1];
  if (status === '404' || status === '412' || message.includes('ETag')) return changedLake(uri);
  return new FlowproofError('LAKE_UNUSABLE', {
    place: uri,
    // The rest may quote what S3 was sent.
    problem: `DuckDB could not read a file of it (${status ? `S3 answered ${status}` : 'no answer of S3'})`,
    remedy:
      status === '403'
        ? 'The identity that runs flowproof needs s3:GetObject on the objects of the lake, and the clock of this machine must be right.'
        : 'Run it again; if it stays so, read all from a copy instead: lake_read: staged',
  });
}
