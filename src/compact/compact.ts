/**
 * Compacting a lake: the many small files that frequent runs leave become one a table and day (for tables
 * without partitions a day of reading, later a month). This folder owns which files are merged, and how.
 *
 * Rows, their ids and everything that was made of them stay as they are. A merge becomes visible by one
 * rename (`lake-manifest.ts`); the files that it stands for are removed by a later compaction, when readers
 * that began before have ended (`lake-settle.ts`).
 */
import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Database } from '../database.ts';
import { withFilesHere } from '../files-here.ts';
import { commitBatch, createIngestViews, stagingFolder } from '../lake.ts';
import { withLakeDatabase } from '../lake-database.ts';
import { listTable, mergedName, sizeOfFile } from '../lake-files.ts';
import {
  MANIFEST_FILE,
  type Manifest,
  MERGED_FOLDER,
  type MergedFile,
  manifestText,
  readManifest,
} from '../lake-manifest.ts';
import { type Settled, settle, waitingFiles } from '../lake-settle.ts';
import { mergeFiles } from './merge-files.ts';
import { MERGED_TABLES, type MergePlan, planMerges } from './plan-groups.ts';

/** Merges are committed together until they are of so many files or bytes. */
const COMMIT_FILES = 5000;
const COMMIT_BYTES = 1024 ** 3;

export type CompactOptions = {
  lake: string;
  memoryLimit?: string | undefined;
  now: Date;
  /** Days that a UTC day must have been over to be merged; undefined merges all days. */
  olderThanDays: number | undefined;
  /** How long files that were merged stay for readers that have them open. */
  graceHours?: number;
  onProgress: (progress: { table: string; merge: number; mergeCount: number }) => void;
};

export type TableSize = { fileCount: number; sizeBytes: number };

export type CompactResult = {
  /** Tables that something of was merged, as readers find them. */
  tables: readonly { table: string; before: TableSize; after: TableSize }[];
  /** Files of earlier compactions that were removed now. */
  removed: Settled;
  /** Files that a later compaction removes. */
  waiting: Settled;
};

/** Merges what is due. Throws LAKE_LOCKED, DISK_FULL and LAKE_UNUSABLE; the lake stays whole whatever happens. */
export async function compact(options: CompactOptions): Promise<CompactResult> {
  const { lake, now, graceHours } = options;
  return await withLakeDatabase({ lake, memoryLimit: options.memoryLimit }, async (database) => {
    const { manifest, removed } = await settle(lake, await readManifest(lake), {
      now,
      ...(graceHours === undefined ? {} : { graceHours }),
    });
    await createIngestViews(database.connection, lake);
    const before = await tableSizes(lake);
    const plans = await planMerges(
      database.connection,
      lake,
      manifest,
      firstOpenDay(now, options.olderThanDays),
    );
    await mergeAll(database, options, manifest, plans);
    const after = await tableSizes(lake);
    const changed = new Set(plans.map(({ table }) => table.name));
    await database.lock.publish();
    return {
      tables: MERGED_TABLES.flatMap(({ name }) => {
        const sizes = { before: before.get(name), after: after.get(name) };
        if (!changed.has(name) || !sizes.before || !sizes.after) return [];
        return [{ table: name, before: sizes.before, after: sizes.after }];
      }),
      removed,
      waiting: await waitingFiles(lake, await readManifest(lake)),
    };
  });
}

/** The first UTC date that is not closed. */
function firstOpenDay(now: Date, olderThanDays: number | undefined): string {
  if (olderThanDays === undefined) return '9999-12-31';
  return new Date(now.getTime() - olderThanDays * 86_400_000).toISOString().slice(0, 10);
}

async function mergeAll(
  { connection }: Database,
  { lake, now, onProgress }: CompactOptions,
  found: Manifest,
  plans: readonly MergePlan[],
): Promise<void> {
  let manifest = found;
  let pending: { table: string; merged: MergedFile; sources: readonly string[] }[] = [];
  let bytes = 0;
  const staging = join(stagingFolder(lake), 'compact');
  const commit = async (): Promise<void> => {
    if (pending.length === 0) return;
    for (const one of pending) manifest = withMerge(manifest, one);
    await mkdir(dirname(join(staging, MANIFEST_FILE)), { recursive: true, mode: 0o700 });
    await writeFile(join(staging, MANIFEST_FILE), manifestText(manifest), { mode: 0o600 });
    await commitBatch(lake, 'compact');
    pending = [];
    bytes = 0;
  };
  await rm(staging, { recursive: true, force: true });
  for (const [index, { table, group, files }] of plans.entries()) {
    onProgress({ table: table.name, merge: index + 1, mergeCount: plans.length });
    const old = manifest.merged[table.name] ?? [];
    const replaces = files
      .flatMap(({ file }) => old.find((one) => one.file === file)?.replaces ?? [file])
      .sort();
    const id = createHash('sha256').update(JSON.stringify([table.name, group, replaces]));
    const file = mergedName(table, group, id.digest('hex').slice(0, 20));
    const target = join(staging, MERGED_FOLDER, table.name, file);
    await withFilesHere(lake, files, (paths) =>
      mergeFiles(connection, table, paths, target, replaces),
    );
    const leaving = files.map(({ path }) => path.slice(lake.length + 1).replaceAll('\\', '/'));
    pending.push({
      table: table.name,
      merged: { file, group, replaces, since: now.toISOString(), leaving },
      sources: files.map((one) => one.file),
    });
    bytes += files.reduce((sum, one) => sum + one.sizeBytes, 0);
    const count = pending.reduce((sum, { sources }) => sum + sources.length, 0);
    if (count >= COMMIT_FILES || bytes >= COMMIT_BYTES) await commit();
  }
  await commit();
}

/** The record with a merged file in the place of what it was made of, which may be merged files as well. */
function withMerge(
  manifest: Manifest,
  { table, merged, sources }: { table: string; merged: MergedFile; sources: readonly string[] },
): Manifest {
  const old = manifest.merged[table] ?? [];
  const isSource = ({ file }: MergedFile): boolean => sources.includes(file);
  // What an earlier merge still waited for goes together with that merge: until then, those who read
  // the folder by pattern find it there.
  const leaving = [...merged.leaving, ...old.filter(isSource).flatMap((one) => one.leaving)].sort();
  return {
    ...manifest,
    merged: {
      ...manifest.merged,
      [table]: [...old.filter((one) => !isSource(one)), { ...merged, leaving }].sort((a, b) =>
        a.file < b.file ? -1 : 1,
      ),
    },
  };
}

async function tableSizes(lake: string): Promise<Map<string, TableSize>> {
  const sizes = new Map<string, TableSize>();
  for (const table of MERGED_TABLES) {
    const files = await listTable(lake, table);
    let sizeBytes = 0;
    for (const one of files) sizeBytes += await sizeOfFile(one);
    sizes.set(table.name, { fileCount: files.length, sizeBytes });
  }
  return sizes;
}
