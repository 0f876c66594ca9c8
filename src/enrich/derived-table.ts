/**
 * Files of the lake that enrichment makes: one a table, or one a table and day, replaced whole by a
 * rename. Each remembers a hash of what it was made from, so that a step with the same inputs need not
 * run again.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type Parameters, readRows } from '../database.ts';
import { DERIVED_FILE, quoteFile, scratchFolder, tableFolder } from '../lake.ts';
import { locateFile, partitionDates } from '../lake-files.ts';
import { findTable, quoteName, quoteText, type Table } from '../tables.ts';
import { knownInputs, noteInputs } from './known-inputs.ts';
import { runStep, type Step } from './steps.ts';

/** Key of the Parquet file's own metadata that holds the hash. */
const INPUTS_KEY = 'inputs_sha256';

/** Version 2 of the format packs whole numbers by their differences: smaller files, in half the time. */
const PARQUET_OPTIONS =
  'format parquet, parquet_version v2, compression zstd, row_group_size 122880';
/** It is read once or twice and then removed: looking for repeated values would cost more than it saves. */
const SCRATCH_OPTIONS =
  'format parquet, parquet_version v2, compression lz4_raw, dictionary_size_limit 1';

export type DerivedOptions = { connection: DuckDBConnection; lake: string };

/** Writes the file of a step, or of its day, under the hash of its inputs. Returns its path. */
export async function writeDerivedTable(
  { connection, lake }: DerivedOptions,
  step: Step,
  parameters: Parameters,
  inputs: string,
  date?: string,
): Promise<string> {
  const table = findTable(step.name);
  const columns = table.columns
    .filter((column) => column.name !== table.partition)
    .map(
      (column) => `cast(${quoteName(column.name)} as ${column.type}) as ${quoteName(column.name)}`,
    );
  const scratch = join(scratchFolder(lake), `${step.name}-${date ?? 'all'}.parquet`);
  await runStep(
    connection,
    step,
    parameters,
    `copy (select ${columns.join(', ')} from`,
    `) to ${quoteText(scratch)} (${PARQUET_OPTIONS}, kv_metadata {${INPUTS_KEY}: ${quoteText(inputs)}})`,
  );
  const folder = tableFolder(lake, table, date);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, DERIVED_FILE);
  await rename(scratch, file);
  // Another engine may have written the table before.
  for (const name of await readdir(folder)) {
    if (name !== DERIVED_FILE && name.endsWith('.parquet')) await rm(join(folder, name));
  }
  return file;
}

/** Path of the file of the step, or of its day. */
export function derivedFile(lake: string, step: Step, date?: string): string {
  return join(tableFolder(lake, findTable(step.name), date), DERIVED_FILE);
}

/**
 * Writes what the steps after this one read to a file, as it is too long for memory, and makes a
 * temporary view of it.
 */
export async function writeScratchFile(
  { connection, lake }: DerivedOptions,
  step: Step,
  parameters: Parameters,
): Promise<void> {
  const file = scratchFile(lake, step);
  await runStep(
    connection,
    step,
    parameters,
    'copy (',
    `) to ${quoteText(file)} (${SCRATCH_OPTIONS})`,
  );
  await connection.run(
    `create or replace temporary view ${quoteName(step.name)} as select * from read_parquet(${quoteFile(file)}, hive_partitioning = false)`,
  );
}

export async function removeScratchFile({ lake }: DerivedOptions, step: Step): Promise<void> {
  await rm(scratchFile(lake, step), { force: true });
}

function scratchFile(lake: string, step: Step): string {
  return join(scratchFolder(lake), `${step.name}.parquet`);
}

/** True if the files of all the steps, or of their day, were made from these inputs. */
export async function areCurrent(
  { connection, lake }: DerivedOptions,
  steps: readonly Step[],
  inputs: string,
  date?: string,
): Promise<boolean> {
  const files = steps.map((step) => derivedFile(lake, step, date));
  if (!files.every((file) => existsSync(file))) return false;
  const asked = new Map<string, { file: string; etag: string | undefined }>();
  for (const file of files) {
    const { path, etag } = await locateFile(lake, file);
    const known = etag && (await knownInputs(lake, file, etag));
    if (!known) asked.set(path, { file, etag });
    else if (known !== inputs) return false;
  }
  if (asked.size === 0) return true;
  // One statement for all: a lake of a year asks this of thousands of files.
  const rows = await readRows<{ file_name: string; value: string }>(
    connection,
    `select file_name, decode(value) as value from parquet_kv_metadata([${[...asked.keys()].map(quoteFile).join(', ')}]) where decode(key) = '${INPUTS_KEY}'`,
  );
  for (const { file_name: path, value } of rows) {
    const { file, etag } = asked.get(path) ?? {};
    if (file && etag) await noteInputs(lake, file, { etag, inputs: value });
  }
  return rows.length === asked.size && rows.every(({ value }) => value === inputs);
}

/** Removes days that have no flows or events any more, because later content replaced their objects. */
export async function dropOtherDates(
  lake: string,
  step: Step,
  dates: readonly string[],
): Promise<void> {
  const table = findTable(step.name);
  for (const date of await partitionDates(lake, table)) {
    if (!dates.includes(date)) {
      await rm(tableFolder(lake, table, date), { recursive: true, force: true });
    }
  }
}

/** Removes the files of a table that is no longer stored. */
export async function dropTable(lake: string, table: Table): Promise<void> {
  await rm(tableFolder(lake, table), { recursive: true, force: true });
}

/** Hash of an ordered list of texts; a list and another one never give the same text. */
export function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
