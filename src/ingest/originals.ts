/**
 * The originals of a pack, read again from where they came from and hashed again: local files, and S3
 * objects with the entries of the configuration that name their bucket. What was pulled from an API
 * was never an object there, so nothing can be fetched again that would have the same bytes.
 */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { messageOf } from '../errors.ts';
import { isUnreachable } from './fetch-object.ts';
import { fingerprintFile } from './ledger.ts';
import { assumeRoleOf } from './open-sources.ts';
import type { Bucket } from './sources/s3-download.ts';

/** An object as a manifest names it. */
export type Original = {
  uri: string;
  sha256: string;
  sizeBytes: number;
  /** Of S3, where the bucket has versioning. */
  versionId: string | null;
};

export type OriginalState = {
  /**
   * `same`; `grown`: its first bytes are those that were read; `differs`; `gone`; `unreachable`: it
   * could not be read, which says nothing; `not_kept`: it cannot be fetched again.
   */
  kind: 'same' | 'grown' | 'differs' | 'gone' | 'unreachable' | 'not_kept';
  /** What there is to say of it; undefined for `same`. */
  words?: string;
};

type S3Entry = {
  s3?: string | undefined;
  region?: string | undefined;
  role_arn?: string | readonly string[] | undefined;
  external_id?: string | undefined;
  requester_pays?: boolean | undefined;
};

/**
 * A function that reads an original again. `scratch` is a folder for what is brought from S3; each file
 * is gone when its hash is known. Never throws for what is wrong with an original.
 */
export function openOriginals(
  config: Pick<Config, 'sources' | 'folder'>,
  scratch: string,
): (original: Original) => Promise<OriginalState> {
  const buckets = new Map<S3Entry, Promise<Bucket>>();
  return async (original) => {
    try {
      const { uri } = original;
      if (uri.startsWith('file:')) {
        const path = pathOf(uri, config.folder);
        return path === undefined ? NO_PATH : await compareFile(original, path);
      }
      const found = /^s3:\/\/([^/]+)\/(.+)$/s.exec(uri);
      if (!found?.[1] || found[2] === undefined) return { kind: 'not_kept', words: notKept(uri) };
      const entry = entryOf(config.sources, uri);
      if (!entry) return NO_ENTRY;
      const bucket = buckets.get(entry) ?? openEntry(found[1], entry);
      buckets.set(entry, bucket);
      return await compareObject(original, await bucket, found[2], scratch);
    } catch (thrown) {
      if (isUnreachable(thrown)) return { kind: 'unreachable', words: messageOf(thrown) };
      const { code } = thrown as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'gone', words: 'is gone' };
      return { kind: 'unreachable', words: `cannot be read (${messageOf(thrown)})` };
    }
  };
}

const NO_PATH: OriginalState = { kind: 'unreachable', words: 'is no path of a source' };

const NO_ENTRY: OriginalState = {
  kind: 'unreachable',
  words: 'no s3 entry of the configuration names a prefix of it',
};

function notKept(uri: string): string {
  if (uri === 'stdin:') return 'came from standard input and cannot be read again';
  const scheme = /^[a-z0-9-]+/.exec(uri)?.[0] ?? 'an API';
  return `was pulled from ${scheme}: an answer, not an object, that cannot be fetched again with the same bytes`;
}

/** The file of a URI as `files.ts` writes them; a path that climbs out of the folder is none. */
function pathOf(uri: string, folder: string): string | undefined {
  const rest = uri.slice('file:'.length);
  if (rest.split(/[\\/]/).includes('..') || rest.includes('\0')) return undefined;
  return rest.startsWith('///') ? rest.slice(2) : join(folder, rest);
}

/** The entry with the longest prefix: it has the credentials for the part of the bucket. */
function entryOf(sources: Config['sources'], uri: string): S3Entry | undefined {
  const entries: S3Entry[] = [
    ...sources.flow_logs,
    ...sources.ips_events,
    ...sources.inventory,
    ...sources.cloudtrail,
  ];
  return entries
    .filter((entry) => entry.s3 !== undefined && isBelow(uri, entry.s3))
    .sort((one, other) => (other.s3?.length ?? 0) - (one.s3?.length ?? 0))[0];
}

/** A prefix is S3's, but never a part of a bucket's name. */
function isBelow(uri: string, prefix: string): boolean {
  return uri.startsWith(/^s3:\/\/[^/]+$/.test(prefix) ? `${prefix}/` : prefix);
}

async function openEntry(name: string, entry: S3Entry): Promise<Bucket> {
  const { openBucket } = await import('./sources/s3.ts');
  const role = Array.isArray(entry.role_arn) ? entry.role_arn[0] : entry.role_arn;
  return openBucket(name, {
    region: entry.region ?? '',
    isRequesterPays: entry.requester_pays ?? false,
    ...(await assumeRoleOf({ ...entry, role_arn: role })),
  });
}

async function compareObject(
  original: Original,
  bucket: Bucket,
  key: string,
  scratch: string,
): Promise<OriginalState> {
  const { fetchS3Original } = await import('./sources/s3-original.ts');
  const { versionId } = original;
  const path = await fetchS3Original(bucket, { key, versionId }, scratch);
  if (path === undefined) {
    return { kind: 'gone', words: versionId === null ? 'is gone' : `version ${versionId} is gone` };
  }
  try {
    return await compareFile(original, path);
  } finally {
    await rm(path, { force: true });
  }
}

async function compareFile(original: Original, path: string): Promise<OriginalState> {
  const state = await stat(path);
  if (!state.isFile()) return { kind: 'differs', words: 'is no regular file any more' };
  const found = await fingerprintFile(path, [original.sizeBytes]);
  if (found.sha256 === original.sha256) return { kind: 'same' };
  if (found.prefixes.get(original.sizeBytes) === original.sha256) {
    const added = found.sizeBytes - original.sizeBytes;
    return {
      kind: 'grown',
      words: `has grown by ${added} bytes; the ${original.sizeBytes} that were read are unchanged`,
    };
  }
  return {
    kind: 'differs',
    words: `differs: SHA-256 is ${found.sha256} (${found.sizeBytes} bytes), manifest.json says ${original.sha256} (${original.sizeBytes} bytes)`,
  };
}
