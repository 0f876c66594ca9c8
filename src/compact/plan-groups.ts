/**
 * Which files are merged into one: the small ones of a table that are of the same UTC day. Tables without
 * partitions go by the day on which their rows were read, and once its month has ended by the month.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { readRows } from '../database.ts';
import { quoteFile } from '../lake.ts';
import {
  batchOf,
  dateOfFile,
  isOfBatches,
  listTable,
  sizeOfFile,
  type TableFile,
} from '../lake-files.ts';
import type { Manifest } from '../lake-manifest.ts';
import { findTable, quoteName, TABLES, type Table } from '../tables.ts';

/** Files of this size and more are left as they are: merging them gains a reader nothing. */
export const SMALL_BYTES = 64 * 1024 * 1024;

/** So many bytes are merged into one file at most, and sorted at once. */
const MERGE_BYTES = 256 * 1024 * 1024;

export type Candidate = TableFile & { sizeBytes: number };

/** Files of one table and group that become one. */
export type MergePlan = { table: Table; group: string; files: readonly Candidate[] };

/** Tables that every run adds files to. */
export const MERGED_TABLES: readonly Table[] = TABLES.filter(
  (table) => isOfBatches(table) || table.name === 'run',
);

/**
 * What is to be merged, table by table. `closedBefore` is the first UTC date that is not closed yet: nothing
 * of it or of a later day is merged. Needs the views of the lake.
 */
export async function planMerges(
  connection: DuckDBConnection,
  root: string,
  manifest: Manifest,
  closedBefore: string,
): Promise<MergePlan[]> {
  const readDays = await batchDays(connection, root, manifest);
  const plans: MergePlan[] = [];
  for (const table of MERGED_TABLES) {
    const merged = new Map((manifest.merged[table.name] ?? []).map((one) => [one.file, one.group]));
    const days = table.name === 'run' ? await recordDays(connection, root, table) : readDays;
    const groups = new Map<string, Candidate[]>();
    // What came back from an archive goes back as it came.
    const restored = new Set((manifest.restored[table.name] ?? []).map(({ date }) => date));
    for (const one of await listTable(root, table)) {
      if (restored.has(dateOfFile(one.file) ?? '')) continue;
      const day =
        merged.get(one.file) ??
        dateOfFile(one.file) ??
        days.get(table.name === 'run' ? one.path : batchOf(one.file));
      const group = day && groupOf(table, day, closedBefore);
      if (group === undefined) continue;
      const size = await sizeOfFile(one);
      if (size >= SMALL_BYTES) continue;
      groups.set(group, [...(groups.get(group) ?? []), { ...one, sizeBytes: size }]);
    }
    for (const [group, files] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
      for (const part of partsOf(files)) {
        // What was merged for this very group stays as it is until something is added.
        const isNews = part.some(({ file }) => merged.get(file) !== group);
        if (part.length > 1 && isNews) plans.push({ table, group, files: part });
      }
    }
  }
  return plans;
}

/** The group of what is of a day or month; undefined while it is not closed. */
function groupOf(table: Table, day: string, closedBefore: string): string | undefined {
  if (table.partition !== undefined) return day < closedBefore ? day : undefined;
  const month = day.slice(0, 7);
  if (month < closedBefore.slice(0, 7)) return month;
  return day.length === 7 || day < closedBefore ? day : undefined;
}

function partsOf(files: readonly Candidate[]): Candidate[][] {
  const parts: Candidate[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const file of files) {
    if (size + file.sizeBytes > MERGE_BYTES) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)?.push(file);
    size += file.sizeBytes;
  }
  return parts;
}

/** The day, or where the ledger was merged the group, on which each batch was read. */
async function batchDays(
  connection: DuckDBConnection,
  root: string,
  manifest: Manifest,
): Promise<Map<string, string>> {
  const ledger = findTable('source_object');
  const days = new Map<string, string>();
  for (const { group, replaces } of manifest.merged[ledger.name] ?? []) {
    for (const file of replaces) days.set(batchOf(file), group);
  }
  const written = await recordDays(connection, root, ledger, 'ingested_at');
  for (const { file, path } of await listTable(root, ledger)) {
    const day = written.get(path);
    if (day !== undefined && !days.has(batchOf(file))) days.set(batchOf(file), day);
  }
  return days;
}

/** The UTC day of each file of a table without partitions, by its path: the newest time in it. */
async function recordDays(
  connection: DuckDBConnection,
  root: string,
  table: Table,
  column = 'started_at',
): Promise<Map<string, string>> {
  const files = await listTable(root, table);
  if (files.length === 0) return new Map();
  const rows = await readRows<{ filename: string; day: string | null }>(
    connection,
    `select filename, strftime(max(${quoteName(column)}), '%Y-%m-%d') as day
     from read_parquet([${files.map(({ path }) => quoteFile(path)).join(', ')}], hive_partitioning = false, union_by_name = true, filename = true)
     group by filename`,
  );
  return new Map(rows.flatMap(({ filename, day }) => (day === null ? [] : [[filename, day]])));
}
