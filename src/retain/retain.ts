/**
 * Retention: raw rows that are older than the configuration keeps them leave the lake, to an archive or for
 * good, and every such action is a row of `retention_action`. This folder owns which rows of which days
 * those are, the archive, and how a day comes back.
 *
 * What is counted by day stays, for the reports over a year, and so does the ledger, so that nothing is
 * read again; enrichment leaves such days as they are. Days leave by one rename (`lake-manifest.ts`), after
 * their copies in the archive were read back; the files in the lake go once no reader can have them open.
 */
import { rm } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { withFilesHere } from '../files-here.ts';
import { canReachS3 } from '../lake.ts';
import { sizeOfFile, type TableFile } from '../lake-files.ts';
import { type Manifest, type RetiredDay, readManifest } from '../lake-manifest.ts';
import { type Settled, settle } from '../lake-settle.ts';
import type { Retention } from '../retention-schema.ts';
import type { Schedule } from '../schedule-schema.ts';
import { archiveFile, type HashedFile, hashFile, listArchived } from './archive-files.ts';
import {
  type Action,
  batchFolder,
  commitActions,
  countRows,
  type Policy,
} from './commit-actions.ts';
import { firstKeptDate, type HeldDay, planDays } from './plan-days.ts';

/** Tables and days are committed together up to so many. */
const COMMIT_DAYS = 100;

export type RetainOptions = {
  connection: DuckDBConnection;
  lake: string;
  retention: Retention;
  schedule?: Schedule | undefined;
  configSha256: string;
  now: Date;
  /** True if the newest enrichment has seen all that the lake holds. */
  isEnriched: () => Promise<boolean>;
  /** Only says what would be done. */
  isDryRun?: boolean;
  /** How long files stay for readers that have them open. */
  graceHours?: number | undefined;
  onProgress: (progress: { table: string; date: string; day: number; dayCount: number }) => void;
};

/** What was done, or would be done, with a table: files, rows and days. */
export type RetainedTable = {
  table: string;
  fromDate: string;
  untilDate: string;
  dayCount: number;
  rowCount: number;
  sizeBytes: number;
};

export type RetainResult = {
  /** The first day that stays. */
  keptFrom: string;
  action: 'archived' | 'removed';
  isDryRun: boolean;
  tables: readonly RetainedTable[];
  /** Why days that are due stay; undefined if none does. */
  held: HeldDay | { date: undefined; why: string } | undefined;
  /** Files of earlier actions that were deleted now. */
  removed: Settled;
};

/**
 * Does what is due. The lake must be open for writing, unless it is a dry run. Throws ARCHIVE_UNUSABLE and
 * LAKE_UNUSABLE; what was committed before stays done, and the next call goes on from there.
 */
export async function retain(options: RetainOptions): Promise<RetainResult> {
  const { connection, lake, retention, now, isDryRun = false } = options;
  const keptFrom = firstKeptDate(retention, options.schedule, now);
  const action = retention.archive === undefined ? 'removed' : 'archived';
  let manifest = await readManifest(lake);
  let removed: Settled = { fileCount: 0, sizeBytes: 0 };
  if (!isDryRun) {
    const { graceHours } = options;
    const settled = await settle(lake, manifest, {
      now,
      ...(graceHours === undefined ? {} : { graceHours }),
    });
    ({ manifest, removed } = settled);
    await rm(batchFolder(lake), { recursive: true, force: true });
  }
  const done: Action[] = [];
  const result = (held: RetainResult['held']): RetainResult => {
    return { keptFrom, action, isDryRun, tables: tablesOf(done), held, removed };
  };
  const { days, held } = await planDays(lake, manifest, { kept: keptFrom, now });
  if (days.length > 0 && !(await options.isEnriched())) {
    const why = 'the lake has something that is not enriched yet, or enriched otherwise';
    return result({ date: undefined, why });
  }
  const policy: Policy = {
    rawMonths: retention.raw_months,
    archive: retention.archive,
    configSha256: options.configSha256,
    at: now,
  };
  for (let first = 0; first < days.length; first += COMMIT_DAYS) {
    const actions: Action[] = [];
    for (const [index, day] of days.slice(first, first + COMMIT_DAYS).entries()) {
      const { table, date } = day;
      const position = { day: first + index + 1, dayCount: days.length };
      options.onProgress({ table: table.name, date, ...position });
      const files: HashedFile[] = [];
      const look = async (paths: readonly string[]): Promise<number> => {
        for (const [at, one] of day.files.entries()) {
          const here = paths[at] ?? one.path;
          const path = `${table.name}/${one.file}`;
          const file = { path, ...(await measure(one, here, isDryRun)) };
          files.push(file);
          if (isDryRun || retention.archive === undefined) continue;
          await archiveFile(retention.archive, here, file);
        }
        return countRows(connection, paths);
      };
      const rowCount =
        isDryRun && (await canReachS3(connection, lake))
          ? await look(day.files.map(({ uri, path }) => uri ?? path))
          : await withFilesHere(lake, day.files, look);
      actions.push({ table: table.name, date, action, files, rowCount });
    }
    done.push(...actions);
    if (isDryRun) continue;
    if (retention.archive !== undefined) await listArchived(retention.archive, byDate(actions));
    manifest = actions.reduce((known, one) => withRetired(known, one, now), manifest);
    await commitActions(connection, lake, { manifest, actions, policy });
  }
  return result(held);
}

/** Hash and size; a dry run does without the hash, for which all would be read. */
async function measure(
  file: TableFile,
  here: string,
  isDryRun: boolean,
): Promise<{ sha256: string; sizeBytes: number }> {
  if (!isDryRun) return hashFile(here);
  return { sha256: '', sizeBytes: await sizeOfFile(file) };
}

function byDate(actions: readonly Action[]): Map<string, HashedFile[]> {
  const dates = new Map<string, HashedFile[]>();
  for (const { date, files } of actions) dates.set(date, [...(dates.get(date) ?? []), ...files]);
  return dates;
}

/** The record without the files of a day, which are deleted once no reader can have them open. */
function withRetired(manifest: Manifest, action: Action, now: Date): Manifest {
  const { table, date } = action;
  const merged = manifest.merged[table] ?? [];
  const names = action.files.map(({ path }) => path.slice(table.length + 1));
  const retired: RetiredDay = {
    date,
    isArchived: action.action === 'archived',
    files: action.files.map(({ sizeBytes, sha256 }, index) => {
      const file = names[index] ?? '';
      const known = merged.find((one) => one.file === file);
      return {
        file,
        size_bytes: sizeBytes,
        sha256,
        ...(known ? { merged: { group: known.group, replaces: known.replaces } } : {}),
      };
    }),
  };
  const days = [...(manifest.retired[table] ?? []), retired];
  return {
    ...manifest,
    merged: { ...manifest.merged, [table]: merged.filter(({ file }) => !names.includes(file)) },
    retired: { ...manifest.retired, [table]: days.sort((a, b) => (a.date < b.date ? -1 : 1)) },
    restored: {
      ...manifest.restored,
      [table]: (manifest.restored[table] ?? []).filter((one) => one.date !== date),
    },
    leaving: [
      ...manifest.leaving,
      ...action.files.map(({ path }) => ({ path, since: now.toISOString() })),
    ],
  };
}

function tablesOf(actions: readonly Action[]): RetainedTable[] {
  const tables = new Map<string, RetainedTable>();
  for (const { table, date, rowCount, files } of actions) {
    const known = tables.get(table);
    tables.set(table, {
      table,
      fromDate: known && known.fromDate < date ? known.fromDate : date,
      untilDate: known && known.untilDate > date ? known.untilDate : date,
      dayCount: (known?.dayCount ?? 0) + 1,
      rowCount: (known?.rowCount ?? 0) + rowCount,
      sizeBytes: (known?.sizeBytes ?? 0) + files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    });
  }
  return [...tables.values()];
}
