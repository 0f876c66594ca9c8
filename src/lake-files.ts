/**
 * Which files a table of the lake consists of: those of committed batches, merged files in the place of
 * what they stand for (`lake-manifest.ts`), and none that has left the lake.
 */
import { stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { FlowproofError } from './errors.ts';
import { MANIFEST_FILE, type Manifest, MERGED_FOLDER, readManifest } from './lake-manifest.ts';
import { listFiles } from './list-files.ts';
import { type CopiedFile, isSameStamp, stampOf, stubsOf } from './remote-lake/copy-state.ts';
import { type RemotePlace, remoteOf } from './remote-lake/place.ts';
import { findTable, TABLES, type Table } from './tables.ts';

/** What the names of merged files begin with; names of batches are of hexadecimal digits. */
export const MERGED_PREFIX = 'merged_';

function nameOf(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1);
}

/** Batch that a file of an ingest table belongs to: `<batch>-<part>.parquet`. */
export function batchOf(file: string): string {
  const name = nameOf(file);
  return name.slice(0, name.search(/[-.]/));
}

/** Path in its table's folder of a merged file; `id` tells it from all others. */
export function mergedName(table: Table, group: string, id: string): string {
  const name = `${MERGED_PREFIX}${id}.parquet`;
  return table.partition ? `${table.partition}=${group}/${name}` : name;
}

/** UTC date of the partition that a file is in; undefined for a table without partitions. */
export function dateOfFile(file: string): string | undefined {
  return /=(\d{4}-\d{2}-\d{2})[\\/][^\\/]+$/.exec(file)?.[1];
}

export type TableFile = {
  /** Path in the folder of its table. */
  file: string;
  /** Where it is; an empty file if there is a `uri`. */
  path: string;
  /** Where it is in S3, if its content is not on this machine. */
  uri?: string;
  /** The object there. */
  remote?: CopiedFile;
};

/** Bytes of its content, wherever that is. */
export async function sizeOfFile({ path, remote }: TableFile): Promise<number> {
  return remote?.size ?? (await stat(path)).size;
}

/** True for tables whose files the ledger must know; those of the others count as they are. */
export function isOfBatches(table: Table): boolean {
  return table.layer === 'ingest' && !table.isRecord && !table.isJsonLines;
}

/** Every committed file of a table, in the order of its path in the table. Throws LAKE_UNUSABLE. */
export async function listTable(root: string, table: Table): Promise<TableFile[]> {
  const manifest = await readManifest(root);
  const folder = join(root, table.name);
  const ending = table.isJsonLines ? '.jsonl' : '.parquet';
  const listed = (await listFiles(folder)).filter((file) => file.endsWith(ending));
  const present = new Set(listed);
  const merged = manifest.merged[table.name] ?? [];
  const gone = new Set(merged.flatMap(({ replaces }) => replaces));
  for (const day of manifest.retired[table.name] ?? []) {
    for (const { file } of day.files) gone.add(file);
  }
  const written = listed.filter((file) => !isMerged(file) && !gone.has(file));
  if (merged.length === 0) checkRecord(root, table, manifest, listed);
  const batches = isOfBatches(table) ? await committedBatches(root, manifest) : undefined;
  const files: TableFile[] = [
    ...written
      .filter((file) => batches === undefined || batches.has(batchOf(file)))
      .map((file) => ({ file, path: join(folder, file) })),
    ...merged.map(({ file }) => ({
      file,
      path: present.has(file)
        ? join(folder, file)
        : join(root, ...MERGED_FOLDER.split('/'), table.name, file),
    })),
  ];
  await findStubs(root, files);
  return files.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** Says of which files the copy of a lake in S3 has the names alone. */
async function findStubs(root: string, files: TableFile[]): Promise<void> {
  const place = remoteOf(root);
  if (!place) return;
  const stubs = await stubsOf(root, place.uri);
  if (stubs.size === 0) return;
  for (const one of files) {
    const remote = await stubAt(root, stubs, one.path);
    if (!remote) continue;
    one.remote = remote;
    one.uri = uriOf(place, remote);
  }
}

/** The object of a file of which the copy has the name alone; undefined once it was written here anew. */
async function stubAt(
  root: string,
  stubs: ReadonlyMap<string, CopiedFile>,
  path: string,
): Promise<CopiedFile | undefined> {
  const name = relative(root, path).replaceAll('\\', '/');
  const stub = stubs.get(name);
  if (stub) return isSameStamp(stub.stamp, await stampOf(path)) ? stub : undefined;
  // A merged file that has moved to its place has an object of its own once that is published.
  const waiting = stubs.get(`${MERGED_FOLDER}/${name}`);
  return waiting && (await stampOf(path))?.size === 0 ? waiting : undefined;
}

/** Bytes of what a path of the lake holds, wherever its content is; undefined if there is no such file. */
export async function sizeAt(root: string, path: string): Promise<number | undefined> {
  const place = remoteOf(root);
  const remote = place && (await stubAt(root, await stubsOf(root, place.uri), join(root, path)));
  return remote?.size ?? (await stampOf(join(root, path)))?.size;
}

function uriOf({ bucket, prefix }: RemotePlace, { key }: CopiedFile): string {
  return `s3://${bucket}/${prefix}${key}`;
}

/** Where a file can be read: at its path, or at its URI, with its ETag, if the copy has its name alone. */
export async function locateFile(
  root: string,
  path: string,
): Promise<{ path: string; etag?: string }> {
  const place = remoteOf(root);
  const remote = place && (await stubAt(root, await stubsOf(root, place.uri), path));
  return remote ? { path: uriOf(place, remote), etag: remote.etag } : { path };
}

/** URIs of all files that tables of the lake have in S3 alone, sorted. */
export async function urisInS3(root: string): Promise<string[]> {
  const uris: string[] = [];
  for (const table of TABLES.filter(({ isView }) => !isView)) {
    uris.push(...(await tableFiles(root, table)).filter(isInS3));
  }
  return uris.sort();
}

/** The committed files of a table: absolute paths, or URIs of those whose content is in S3 alone. */
export async function tableFiles(root: string, table: Table): Promise<string[]> {
  return (await listTable(root, table)).map(({ path, uri }) => uri ?? path);
}

/** True of a file that `tableFiles` tells by its URI. */
export function isInS3(path: string): boolean {
  return path.startsWith('s3://');
}

/**
 * The files that ingest wrote for a table, as `<table>/<path>`, sorted: those that were merged since under
 * their own names, and those that have left the lake too. What was made of the rows of a day was made of these.
 */
export async function writtenFiles(root: string, table: Table): Promise<string[]> {
  const { merged, retired } = await readManifest(root);
  const present = (await listTable(root, table)).map(({ file }) => file);
  const files = new Set(present.filter((file) => !isMerged(file)));
  for (const { replaces } of merged[table.name] ?? []) {
    for (const file of replaces) files.add(file);
  }
  for (const day of retired[table.name] ?? []) {
    for (const one of day.files) {
      for (const file of one.merged?.replaces ?? [one.file]) files.add(file);
    }
  }
  return [...files].map((file) => `${table.name}/${file}`).sort();
}

/** Dates that a partitioned table has files for, sorted. */
export async function partitionDates(root: string, table: Table): Promise<string[]> {
  const dates = (await listTable(root, table)).flatMap(({ file }) => dateOfFile(file) ?? []);
  return [...new Set(dates)].sort();
}

/**
 * Days of a table that left the lake, whether they came back or not, sorted. What was made of their rows
 * stays as it was made: the rows of the days beside them, which bear on it, may be gone.
 */
export async function frozenDates(root: string, table: Table): Promise<string[]> {
  const { retired, restored } = await readManifest(root);
  const days = [...(retired[table.name] ?? []), ...(restored[table.name] ?? [])];
  return days.map(({ date }) => date).sort();
}

/**
 * Of the tables that ingest writes, the days that got files after they had left the lake, sorted. Their
 * rows are in no table that enrichment makes.
 */
export async function lateDates(root: string, table: Table): Promise<string[]> {
  const { retired, restored } = await readManifest(root);
  const known = new Map((restored[table.name] ?? []).map(({ date, files }) => [date, files]));
  for (const { date } of retired[table.name] ?? []) known.set(date, []);
  if (known.size === 0) return [];
  const dates = (await listTable(root, table)).flatMap(({ file }) => {
    const date = dateOfFile(file) ?? '';
    return known.get(date)?.includes(file) === false ? [date] : [];
  });
  return [...new Set(dates)].sort();
}

/** What an engine must be told of a lake to make tables of its folders. */
export type LakeFolders = {
  /** Tables that have files. */
  present: ReadonlySet<string>;
  /** Batches that were committed, though no file of the ledger is named after them: theirs was merged. Sorted. */
  batches: readonly string[];
};

/** Reads it. As long as files that were merged are there, the merged file waits beside the folders. */
export async function readFolders(root: string): Promise<LakeFolders> {
  const ledger = findTable('source_object').name;
  const named = new Set((await listFiles(join(root, ledger))).map(batchOf));
  const present = new Set<string>();
  const batches = new Set<string>();
  for (const table of TABLES) {
    const files = await listTable(root, table);
    if (files.length > 0) present.add(table.name);
    if (!isOfBatches(table) || table.name === ledger) continue;
    for (const { file } of files) {
      if (!isMerged(file) && !named.has(batchOf(file))) batches.add(batchOf(file));
    }
  }
  return { present, batches: [...batches].sort() };
}

function isMerged(file: string): boolean {
  return nameOf(file).startsWith(MERGED_PREFIX);
}

async function committedBatches(root: string, manifest: Manifest): Promise<Set<string>> {
  const ledger = findTable('source_object').name;
  const files = (await listFiles(join(root, ledger))).filter((file) => !isMerged(file));
  const merged = (manifest.merged[ledger] ?? []).flatMap(({ replaces }) => replaces);
  return new Set([...files, ...merged].map(batchOf));
}

/** A merged file that no record knows would be left out, and all that it stands for with it. */
function checkRecord(
  root: string,
  table: Table,
  manifest: Manifest,
  listed: readonly string[],
): void {
  const stray = listed.find(isMerged);
  const isRecorded =
    Object.keys(manifest.merged).length > 0 || Object.keys(manifest.retired).length > 0;
  if (stray === undefined || isRecorded) return;
  throw new FlowproofError('LAKE_UNUSABLE', {
    place: join(root, table.name, stray),
    problem: `it is a merged file, and ${MANIFEST_FILE}, which says what it stands for, is missing`,
    remedy: `Bring ${MANIFEST_FILE} back from a copy of the lake, and copy a lake with its hidden folders.`,
  });
}
