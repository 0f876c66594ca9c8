/**
 * Which files of the lake stand for others, and which have left it: what `compact` and `retain` did. It is
 * one file that is replaced whole by a rename, so that a reader sees all of a change or nothing of it.
 *
 *   <lake>/.flowproof/files.json           this record; a lake that neither ever changed has none
 *   <lake>/.flowproof/merged/<table>/...   merged files, as long as those that they stand for are there
 *
 * A program that reads a folder of the lake by pattern must not meet a row twice. So a merged file waits
 * beside the tables until the files that it stands for are removed, and only then moves to their place.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FlowproofError, messageOf } from './errors.ts';

const text = z.string();

const mergedSchema = z.strictObject({
  /** Its path in the folder of its table. */
  file: text,
  /** The UTC day, or month, that its rows are of: by their time, or by when they were read. */
  group: text,
  /** Files that ingest wrote and that it stands for, as paths in the folder of the table, sorted. */
  replaces: z.array(text),
  /** When it took their place, ISO 8601. */
  since: text,
  /** Files of the lake to remove once no reader can have them open; empty once they are. */
  leaving: z.array(text),
});

const retiredSchema = z.strictObject({
  /** UTC day. */
  date: text,
  /** True if its files are in an archive, from where they can come back. */
  isArchived: z.boolean(),
  /** Files that were removed, as paths in the folder of the table. */
  files: z.array(
    z.strictObject({
      file: text,
      size_bytes: z.number(),
      sha256: text,
      /** Of a merged file, what it stood for. */
      merged: mergedSchema.pick({ group: true, replaces: true }).optional(),
    }),
  ),
});

const restoredSchema = z.strictObject({
  /** UTC day. */
  date: text,
  /** When its files came back, ISO 8601. */
  since: text,
  /** Those files, as paths in the folder of the table. */
  files: z.array(text),
});

const manifestSchema = z.strictObject({
  version: z.literal(1),
  merged: z.record(z.string(), z.array(mergedSchema)),
  retired: z.record(z.string(), z.array(retiredSchema)),
  /** Days that had left and are there again. */
  restored: z.record(z.string(), z.array(restoredSchema)).default({}),
  /** Paths in the lake of files that nothing reads any more, and since when. */
  leaving: z.array(z.strictObject({ path: text, since: text })),
});

export type MergedFile = z.infer<typeof mergedSchema>;
export type RetiredDay = z.infer<typeof retiredSchema>;
export type RestoredDay = z.infer<typeof restoredSchema>;
export type Manifest = z.infer<typeof manifestSchema>;

/** Path of the record in the lake. */
export const MANIFEST_FILE = '.flowproof/files.json';

/** Folder in the lake of merged files whose sources are still in their places. */
export const MERGED_FOLDER = '.flowproof/merged';

export function emptyManifest(): Manifest {
  return { version: 1, merged: {}, retired: {}, restored: {}, leaving: [] };
}

/** Records that were read, by path, with what tells whether the file is still the same one. */
const known = new Map<string, { stamp: string; manifest: Manifest }>();

/** Reads the record; the answer must not be changed. Throws LAKE_UNUSABLE if it cannot be understood. */
export async function readManifest(root: string): Promise<Manifest> {
  const path = join(root, MANIFEST_FILE);
  try {
    const { ino, size, mtimeMs } = await stat(path);
    const stamp = `${ino} ${size} ${mtimeMs}`;
    const found = known.get(path);
    if (found?.stamp === stamp) return found.manifest;
    const manifest = manifestSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    known.set(path, { stamp, manifest });
    return manifest;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return emptyManifest();
    throw new FlowproofError('LAKE_UNUSABLE', {
      place: path,
      problem: `the record of merged and archived files cannot be read (${messageOf(thrown).split('\n', 1)[0]})`,
      remedy:
        'Bring this file back from a copy of the lake: without it, what `flowproof compact` merged cannot be told from what it stands for.',
      cause: thrown,
    });
  }
}

/** The bytes of the record: equal records are equal files. */
export function manifestText(manifest: Manifest): string {
  const byName = <Value>(record: Record<string, Value[]>): Record<string, Value[]> =>
    Object.fromEntries(
      Object.entries(record)
        .filter(([, list]) => list.length > 0)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  const { version, merged, retired, restored, leaving } = manifest;
  const lists = { merged: byName(merged), retired: byName(retired), restored: byName(restored) };
  return `${JSON.stringify({ version, ...lists, leaving })}\n`;
}
