/** From a listed object to bytes on local disk with their fingerprint, or to what keeps them away. */
import { FlowproofError, messageOf } from '../errors.ts';
import { type Fingerprint, fingerprintFile, type Ledger } from './ledger.ts';
import type { ListedObject } from './source.ts';

/** True for the error of a source that cannot be reached. */
export function isUnreachable(thrown: unknown): boolean {
  return thrown instanceof FlowproofError && thrown.code === 'SOURCE_UNREACHABLE';
}

/** An object on local disk, and what is known of its bytes. */
export type Fetched = { listed: ListedObject; path: string; fingerprint: Fingerprint };

/** `path` is undefined if there is nothing new after all; `problem` says why there are no bytes. */
export type FetchedObject =
  | { uri: string; problem: string }
  | { listed: ListedObject; path: undefined }
  | Fetched;

/** Brings an object to local disk and hashes it. Throws only what is no fault of the object. */
export async function fetchObject(
  listed: ListedObject,
  scratch: string,
  ledger: Ledger,
): Promise<FetchedObject> {
  try {
    const path = await listed.fetch(scratch);
    if (path === undefined) return { listed, path };
    const earlier = ledger.history(listed.uri).map((known) => known.sizeBytes);
    return { listed, path, fingerprint: await fingerprintFile(path, earlier) };
  } catch (thrown) {
    if (isUnreachable(thrown)) return { uri: listed.uri, problem: messageOf(thrown) };
    // A local file may be gone, or unreadable, by the time its turn comes.
    const { code } = thrown as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EACCES' && code !== 'EPERM' && code !== 'EIO') throw thrown;
    return { uri: listed.uri, problem: `${listed.uri}: cannot be read (${messageOf(thrown)})` };
  }
}
