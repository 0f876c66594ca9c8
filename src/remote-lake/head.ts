/**
 * What a lake in S3 consists of: one small object says it, and is replaced only by who read the one before.
 *
 *   <prefix>/.flowproof/head.json               number of the change, and the lists by month
 *   <prefix>/.flowproof/lists/<sha256>.json.gz  files of a month: path, size, key and ETag of each
 *   <prefix>/.flowproof/next/<change>/<path>    a file that takes the place of another, until it is there
 *
 * Nobody lists the bucket: a reader asks for the head, and for the lists that changed. A list is named by its
 * content and never changed. A file is where its key says, so that a change of many files is one change of the head.
 */
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { FlowproofError, messageOf } from '../errors.ts';
import { lostObject, type ObjectStore } from './object-store.ts';
import type { RemotePlace } from './place.ts';

export const HEAD_KEY = '.flowproof/head.json';

/** A file of the lake: the object that holds it. */
export type RemoteFile = { size: number; key: string; etag: string };

/** By path in the lake. */
export type RemoteFiles = ReadonlyMap<string, RemoteFile>;

export type Head = {
  /** ETag of the head; undefined for a lake that is not there yet. */
  etag: string | undefined;
  change: number;
  /** Hash of the list of each month. */
  lists: Readonly<Record<string, string>>;
};

const SHA256 = z.string().regex(/^[0-9a-f]{64}$/);
const headSchema = z.strictObject({
  version: z.literal(1),
  change: z.number().int().min(1),
  lists: z.record(z.string(), SHA256),
});

/** A path of the lake is never one that leads out of it, whoever wrote the list. */
const path = z
  .string()
  .min(1)
  .max(1024)
  .refine(
    (text) => !text.split(/[/\\]/).some((part) => part === '' || part === '.' || part === '..'),
    'is no path in a lake',
  );
const listSchema = z.array(
  z.tuple([path, z.number().int().min(0), z.string().min(1), z.string().min(1)]),
);

const NONE: Head = { etag: undefined, change: 0, lists: {} };

/** Reads the head. Throws LAKE_UNUSABLE if it cannot be understood. */
export async function readHead(store: ObjectStore, place: RemotePlace): Promise<Head> {
  const found = await store.get(HEAD_KEY);
  if (!found) return NONE;
  try {
    const { change, lists } = headSchema.parse(JSON.parse(found.body.toString('utf8')));
    return { etag: found.etag, change, lists };
  } catch (thrown) {
    throw unreadable(place, HEAD_KEY, thrown);
  }
}

/** The month of the days that a file is of; what is of no day stands together. */
export function monthOf(file: string): string {
  return /=(\d{4}-\d{2})-\d{2}\//.exec(file)?.[1] ?? 'all';
}

const listKey = (sha256: string): string => `.flowproof/lists/${sha256}.json.gz`;

/** The files of a list. Throws LAKE_UNUSABLE if it is missing or cannot be understood. */
export async function readList(
  store: ObjectStore,
  place: RemotePlace,
  sha256: string,
): Promise<Map<string, RemoteFile>> {
  const found = await store.get(listKey(sha256));
  if (!found) throw lostObject(place, listKey(sha256));
  try {
    const text = gunzipSync(found.body, { maxOutputLength: 1024 ** 3 }).toString('utf8');
    if (hashOf(text) !== sha256) throw new Error('its content is not what its name says');
    const rows = listSchema.parse(JSON.parse(text));
    return new Map(rows.map(([name, size, key, etag]) => [name, { size, key, etag }]));
  } catch (thrown) {
    throw unreadable(place, listKey(sha256), thrown);
  }
}

/** Writes the lists that are new, then the head; undefined if another changed the head meanwhile. */
export async function writeHead(
  store: ObjectStore,
  before: Head,
  files: RemoteFiles,
): Promise<Head | undefined> {
  const months = new Map<string, [string, number, string, string][]>();
  for (const name of [...files.keys()].sort()) {
    const { size, key, etag } = files.get(name) as RemoteFile;
    const month = monthOf(name);
    const rows = months.get(month) ?? [];
    rows.push([name, size, key, etag]);
    months.set(month, rows);
  }
  const lists: Record<string, string> = {};
  for (const [month, rows] of [...months].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const text = JSON.stringify(rows);
    const sha256 = hashOf(text);
    lists[month] = sha256;
    if (before.lists[month] !== sha256) await store.put(listKey(sha256), gzipSync(text));
  }
  const change = before.change + 1;
  const etag = await store.put(
    HEAD_KEY,
    Buffer.from(`${JSON.stringify({ version: 1, change, lists })}\n`),
    before.etag === undefined ? { isNew: true } : { etag: before.etag },
  );
  return etag === undefined ? undefined : { etag, change, lists };
}

/** Keys of the lists that one head names and the other does not. */
export function staleLists(before: Head, after: Head): string[] {
  const kept = new Set(Object.values(after.lists));
  return Object.values(before.lists)
    .filter((sha256) => !kept.has(sha256))
    .map(listKey);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function unreadable({ uri }: RemotePlace, key: string, thrown: unknown): FlowproofError {
  const why = thrown instanceof z.ZodError ? thrown.issues[0]?.message : messageOf(thrown);
  return new FlowproofError('LAKE_UNUSABLE', {
    place: uri,
    problem: `${key} cannot be understood (${why?.split('\n', 1)[0]})`,
    remedy:
      'Update flowproof if a newer one writes to this lake; else bring the object back from a version or a copy of the bucket.',
    cause: thrown,
  });
}
