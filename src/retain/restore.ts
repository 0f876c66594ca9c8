/**
 * Bringing a day back from the archive: its files come to their places with the content that left, or the
 * lake stays as it was. What was made of the day stays as it was made.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { FlowproofError } from '../errors.ts';
import { type Manifest, type RetiredDay, readManifest } from '../lake-manifest.ts';
import type { Retention } from '../retention-schema.ts';
import { bringBack, type HashedFile } from './archive-files.ts';
import { type Action, batchFolder, commitActions, countRows } from './commit-actions.ts';
import type { RetainedTable } from './retain.ts';

export type RestoreOptions = {
  connection: DuckDBConnection;
  lake: string;
  /** As the configuration has it now: the archive may have moved since. */
  retention: Retention;
  configSha256: string;
  /** UTC day, such as 2025-10-31. */
  date: string;
  now: Date;
};

export type RestoreResult = { date: string; tables: readonly RetainedTable[] };

/**
 * Brings the raw rows of a day back. The lake must be open for writing. Throws USAGE if none of them is in
 * the archive, and ARCHIVE_UNUSABLE if the archive lacks one of the files or has another one.
 */
export async function restore(options: RestoreOptions): Promise<RestoreResult> {
  const { connection, lake, retention, date, now } = options;
  const { archive } = retention;
  const manifest = await readManifest(lake);
  const days = Object.entries(manifest.retired).flatMap(([table, list]) =>
    list.filter((day) => day.date === date).map((day) => ({ table, day })),
  );
  const archived = days.filter(({ day }) => day.isArchived);
  if (archived.length === 0 || archive === undefined)
    throw nothingToRestore(options, days.length > 0);
  const staging = batchFolder(lake);
  await rm(staging, { recursive: true, force: true });
  const actions: Action[] = [];
  for (const { table, day } of archived) {
    const files = day.files.map(
      ({ file, size_bytes, sha256 }): HashedFile => ({
        path: `${table}/${file}`,
        sizeBytes: size_bytes,
        sha256,
      }),
    );
    for (const file of files) await bringBack(archive, file, join(staging, file.path));
    const rowCount = await countRows(
      connection,
      files.map(({ path }) => join(staging, path)),
    );
    actions.push({ table, date, action: 'restored', files, rowCount });
  }
  const restored = archived.reduce(
    (known, { table, day }) => withRestored(known, table, day, now),
    manifest,
  );
  await commitActions(connection, lake, {
    manifest: restored,
    actions,
    policy: {
      rawMonths: retention.raw_months,
      archive,
      configSha256: options.configSha256,
      at: now,
    },
  });
  return {
    date,
    tables: actions.map(({ table, rowCount, files }) => ({
      table,
      fromDate: date,
      untilDate: date,
      dayCount: 1,
      rowCount,
      sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    })),
  };
}

/** The record with the files of a day in their places again; none of them is deleted any more. */
function withRestored(manifest: Manifest, table: string, day: RetiredDay, now: Date): Manifest {
  const paths = day.files.map(({ file }) => `${table}/${file}`);
  const since = now.toISOString();
  const merged = day.files.flatMap(({ file, merged }) =>
    merged ? [{ file, ...merged, since, leaving: [] }] : [],
  );
  const files = day.files.map(({ file }) => file);
  return {
    ...manifest,
    merged: {
      ...manifest.merged,
      [table]: [...(manifest.merged[table] ?? []), ...merged].sort((a, b) =>
        a.file < b.file ? -1 : 1,
      ),
    },
    retired: {
      ...manifest.retired,
      [table]: (manifest.retired[table] ?? []).filter(({ date }) => date !== day.date),
    },
    restored: {
      ...manifest.restored,
      [table]: [...(manifest.restored[table] ?? []), { date: day.date, since, files }].sort(
        (a, b) => (a.date < b.date ? -1 : 1),
      ),
    },
    leaving: manifest.leaving.filter(({ path }) => !paths.includes(path)),
  };
}

function nothingToRestore({ date, retention }: RestoreOptions, hasLeft: boolean): FlowproofError {
  const problem = !hasLeft
    ? 'no raw rows of this day have left the lake'
    : retention.archive === undefined
      ? 'the configuration names no archive'
      : 'its raw rows were removed without an archive, as the configuration said then';
  return new FlowproofError('USAGE', {
    place: `flowproof retain --restore ${date}`,
    problem,
    remedy: hasLeft
      ? 'Name the folder with the archived files: retention: { archive: DIR }. What was removed without one, only the sources may still have: read it into a new lake.'
      : 'List what left: flowproof query "select distinct log_date, action from retention_action order by all"',
  });
}
