/**
 * The lake: plain Parquet in one folder a table, Hive-style partitions, readable without flowproof.
 *
 *   <lake>/<table>/[<partition>=<date>/]<file>.parquet
 *   <lake>/.flowproof/lock                 one writer at a time
 *   <lake>/.flowproof/catalogues           the versions of the tables that wrote to it
 *   <lake>/.flowproof/files.json           which files stand for others (lake-manifest.ts)
 *   <lake>/.flowproof/staging/<batch>/     what is being written, and the journal of what is moved
 *
 * A batch becomes visible in two steps: all its files are written under `staging`, then `COMMIT` is
 * created beside them, then they are moved to their places, the ledger last. A crash before `COMMIT`
 * leaves nothing of the batch (`recoverLake` deletes it), a crash after it leaves all (the move is
 * finished). Files that the ledger does not know yet are not part of the views.
 */
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { FlowproofError, messageOf } from './errors.ts';
import { isOfThisCatalogue, noteCatalogue } from './lake-catalogue.ts';
import { isInS3, tableFiles } from './lake-files.ts';
import { confirmLock, type LakeLock, lockLake } from './lake-lock.ts';
import { MANIFEST_FILE } from './lake-manifest.ts';
import { listFiles } from './list-files.ts';
import { QUERIES_ROOT, readQueryFile } from './query-file.ts';
import type { EngineFiles } from './remote-lake/engine-files.ts';
import { remoteOf } from './remote-lake/place.ts';
import { resourceError } from './resource-error.ts';
import { findTable, quoteName, quoteText, TABLES, type Table } from './tables.ts';

const PRIVATE_FOLDER = 0o700;

export function stagingFolder(root: string): string {
  return join(root, '.flowproof', 'staging');
}

/** Scratch space inside the lake, emptied at the start of each writing run. */
export function scratchFolder(root: string): string {
  return join(root, '.flowproof', 'scratch');
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: PRIVATE_FOLDER });
}

/** A lake that is open for writing. */
export type WritableLake = LakeLock & {
  /** Makes what was written visible to other machines, where the lake stands in S3. */
  publish(): Promise<void>;
  /** For what another engine writes; of a lake in S3 alone. */
  engineFiles?: EngineFiles;
};

/**
 * Opens the lake in a folder for writing; of one that stands in S3, the folder is the copy, which is brought
 * up to date first. Throws as `openFolderForWriting`, and LAKE_UNUSABLE for what S3 answers.
 */
export async function openLakeForWriting(root: string): Promise<WritableLake> {
  const place = remoteOf(root);
  if (!place) return { ...(await openFolderForWriting(root)), publish: async () => {} };
  const { openRemoteForWriting } = await import('./remote-lake/remote-lake.ts');
  return await openRemoteForWriting(place, root, () => openFolderForWriting(root));
}

/**
 * Opens the lake for writing: takes the lock, finishes or undoes what a dead run left, and empties
 * the scratch folder. Throws LAKE_LOCKED while another living process holds the lock (or this one,
 * already), DISK_FULL or LAKE_UNUSABLE if the folder cannot be made or written to.
 */
async function openFolderForWriting(root: string): Promise<LakeLock> {
  let lock: LakeLock | undefined;
  try {
    lock = await lockLake(root);
    await recoverLake(root);
    await rm(scratchFolder(root), { recursive: true, force: true });
    await makeFolder(scratchFolder(root));
    await noteCatalogue(root, existsSync(join(root, 'source_object')));
    return lock;
  } catch (thrown) {
    await lock?.release();
    throw resourceError(root, thrown) ?? asUnusable(root, thrown);
  }
}

/** Errors of the file system, as of a folder without write permission, with what to do about them. */
function asUnusable(root: string, thrown: unknown): unknown {
  if ((thrown as NodeJS.ErrnoException).syscall === undefined) return thrown;
  return new FlowproofError('LAKE_UNUSABLE', {
    place: root,
    problem: `the lake cannot be written to (${messageOf(thrown)})`,
    remedy:
      'Give the user that runs flowproof a folder that it may write to, as `lake` in the config.',
    cause: thrown,
  });
}

/**
 * Deletes what a run that found no room had begun, so that it does not take up more of it. What cannot be
 * finished or deleted now is for the next run.
 */
export async function abandonBatches(root: string): Promise<void> {
  await rm(scratchFolder(root), { recursive: true, force: true }).catch(() => {});
  await recoverLake(root).catch(() => {});
}

/** Finishes batches that were committed and deletes those that were not. */
export async function recoverLake(root: string): Promise<void> {
  const staging = stagingFolder(root);
  await makeFolder(staging);
  for (const batchId of await readdir(staging)) {
    if (existsSync(join(staging, batchId, 'COMMIT'))) await publishBatch(root, batchId);
    else await rm(join(staging, batchId), { recursive: true, force: true });
  }
}

async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Makes a written batch permanent and moves it into place. Throws LAKE_LOCK_LOST, and leaves the batch
 * uncommitted, if another run took the lake over meanwhile.
 */
export async function commitBatch(root: string, batchId: string): Promise<void> {
  const folder = join(stagingFolder(root), batchId);
  const files = (await listFiles(folder)).map((file) => join(folder, file));
  for (const file of files) await syncPath(file);
  for (const parent of new Set(files.map((file) => dirname(file)))) await syncPath(parent);
  await confirmLock(root);
  const journal = await open(join(folder, 'COMMIT'), 'wx', 0o600);
  await journal.sync();
  await journal.close();
  await syncPath(folder);
  await publishBatch(root, batchId);
}

async function publishBatch(root: string, batchId: string): Promise<void> {
  const folder = join(stagingFolder(root), batchId);
  const files = (await listFiles(folder)).filter((file) => file !== 'COMMIT');
  // The ledger goes last: a reader takes the files of a batch only when the ledger has it. So does the
  // record of merged files, for it hides what they stand for.
  const isLast = (file: string): boolean =>
    file.startsWith('source_object/') || file === MANIFEST_FILE;
  const ordered = [...files.filter((file) => !isLast(file)), ...files.filter(isLast)];
  const folders = new Set<string>();
  for (const file of ordered) {
    const target = join(root, file);
    await makeFolder(dirname(target));
    await rename(join(folder, file), target);
    folders.add(dirname(target));
  }
  for (const path of folders) await syncPath(path);
  await rm(folder, { recursive: true, force: true });
}

/** Name of the one file of a table that `enrich` makes; replaced whole, by rename. */
export const DERIVED_FILE = 'data.parquet';

/** Folder of a table, or of one of its partitions. */
export function tableFolder(root: string, table: Table, partitionValue?: string): string {
  const folder = join(root, table.name);
  return table.partition && partitionValue
    ? join(folder, `${table.partition}=${partitionValue}`)
    : folder;
}

/**
 * A SQL literal of a file for `read_parquet`, which takes names for patterns: unescaped, `a[1].parquet`
 * would read `a1.parquet`.
 */
export function quoteFile(path: string): string {
  return quoteText(path.replace(/[[*?]/g, '[$&]'));
}

/**
 * Makes every table of the catalogue a view over the lake's files; a table without files is an empty
 * view of the same columns. Objects that later content of the same URI replaced are left out.
 */
export async function createLakeViews(connection: DuckDBConnection, root: string): Promise<void> {
  await createIngestViews(connection, root);
  const derived = TABLES.filter((table) => table.layer !== 'ingest');
  // Those that only a query makes read the others.
  for (const table of derived.filter(({ isView }) => !isView)) {
    await createDerivedView(connection, root, table.name);
  }
  for (const table of derived.filter(({ isView }) => isView)) {
    await createDerivedView(connection, root, table.name);
  }
}

/** (Re)creates the views of the tables that ingest writes, for when their files have changed. */
export async function createIngestViews(connection: DuckDBConnection, root: string): Promise<void> {
  const superseded = await supersededObjects(connection, root);
  for (const table of TABLES) {
    if (table.layer === 'ingest') await createView(connection, root, table, superseded);
  }
}

/** (Re)creates the view of one table that enrichment makes, for when its files have changed. */
export async function createDerivedView(
  connection: DuckDBConnection,
  root: string,
  name: string,
): Promise<void> {
  const table = findTable(name);
  if (table.isView) await createQueryView(connection, table);
  else await createView(connection, root, table, []);
}

async function createQueryView(connection: DuckDBConnection, table: Table): Promise<void> {
  const file = readQueryFile('marts', join(QUERIES_ROOT, 'marts', `${table.name}.sql`));
  const select = table.columns
    .map(({ name, type }) => `cast(${quoteName(name)} as ${type}) as ${quoteName(name)}`)
    .join(', ');
  await connection.run(
    `create or replace view ${quoteName(table.name)} as select ${select} from (${file.text})`,
  );
}

async function createView(
  connection: DuckDBConnection,
  root: string,
  table: Table,
  superseded: readonly string[],
): Promise<void> {
  const view = quoteName(table.name);
  const files = await tableFiles(root, table);
  if (table.isJsonLines && files.length > 0) {
    await connection.run(`create or replace view ${view} as ${jsonLinesSelect(table, files)}`);
    return;
  }
  const computed = table.computed ?? [];
  if (files.length === 0) {
    const nulls = [...table.columns, ...computed]
      .map((column) => `cast(null as ${column.type}) as ${quoteName(column.name)}`)
      .join(', ');
    await connection.run(`create or replace view ${view} as select ${nulls} where false`);
    return;
  }
  if (files.some(isInS3) && !(await canReachS3(connection, root))) {
    await connection.run(`create or replace view ${view} as ${outOfReach(table)}`);
    return;
  }
  const list = files.map(quoteFile).join(', ');
  const partitions = table.partition
    ? `, hive_partitioning = true, hive_types = {${quoteName(table.partition)}: date}`
    : ', hive_partitioning = false';
  // Comparing the columns of all files takes time: only where they may differ.
  const isUniform = await isOfThisCatalogue(root);
  const options = isUniform ? partitions : `${partitions}, union_by_name = true`;
  const present = isUniform
    ? undefined
    : new Set(
        (await connection.runAndReadAll(`describe select * from read_parquet([${list}]${options})`))
          .getRows()
          .map((row) => String(row[0])),
      );
  const select = [
    ...table.columns.map(({ name, type }) =>
      !present || present.has(name)
        ? quoteName(name)
        : `cast(null as ${type}) as ${quoteName(name)}`,
    ),
    // A scan that does not ask for it does not compute it.
    ...computed.map(({ name, sql }) => `${sql} as ${quoteName(name)}`),
  ].join(', ');
  const filter =
    superseded.length > 0 && hasObjectId(table)
      ? ` where object_id not in (${superseded.map(quoteText).join(', ')})`
      : '';
  await connection.run(
    `create or replace view ${view} as select ${select} from read_parquet([${list}]${options})${filter}`,
  );
}

/** Lets the connection read what of the lake stands in S3 alone; false if this machine cannot. */
export async function canReachS3(connection: DuckDBConnection, root: string): Promise<boolean> {
  const { reachS3 } = await import('./remote-lake/reach.ts');
  return await reachS3(connection, root);
}

/** The columns of a table whose rows are not on this machine; who asks for them is told so. */
function outOfReach(table: Table): string {
  const columns = [...table.columns, ...(table.computed ?? [])]
    .map(({ name, type }) => `cast(null as ${type}) as ${quoteName(name)}`)
    .join(', ');
  const why = `the rows of ${table.name} stand in S3 alone; the engine of the configuration reads them`;
  return `select ${columns} where error(${quoteText(why)})`;
}

/** Lines that were torn while they were written, and empty ones, are no JSON and no rows. */
function jsonLinesSelect(table: Table, files: readonly string[]): string {
  const structure = JSON.stringify(
    Object.fromEntries(
      table.columns.map(({ name, type }) => [
        name,
        type.endsWith('[]') ? [type.slice(0, -2)] : type,
      ]),
    ),
  );
  // No control character stands in a line of JSON, so that one that splits no line leaves it whole.
  return `select unnest(json_transform(line, ${quoteText(structure)}))
    from read_csv([${files.map(quoteFile).join(', ')}], columns = {'line': 'VARCHAR'},
      auto_detect = false, header = false, delim = chr(1), quote = '', escape = '', hive_partitioning = false)
    where json_valid(line)`;
}

function hasObjectId(table: Table): boolean {
  return table.columns.some((column) => column.name === 'object_id');
}

/** Ids of the objects that later content replaced, sorted: rows of theirs are in no view. */
export async function supersededObjects(
  connection: DuckDBConnection,
  root: string,
): Promise<string[]> {
  const files = await tableFiles(root, findTable('source_object'));
  if (files.length === 0) return [];
  const reader = await connection.runAndReadAll(
    `select distinct supersedes_object_id from read_parquet([${files.map(quoteFile).join(', ')}], hive_partitioning = false)
     where supersedes_object_id is not null order by all`,
  );
  return reader.getRows().map((row) => String(row[0]));
}
