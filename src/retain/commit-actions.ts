/**
 * Making what retention did visible: its record, a file of the table `retention_action`, and the record of
 * which files the lake consists of (`lake-manifest.ts`) become so together, or neither does.
 */
import { createHash } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { readRows } from '../database.ts';
import { commitBatch, quoteFile, stagingFolder } from '../lake.ts';
import { PARQUET_OPTIONS } from '../lake-batch.ts';
import { MANIFEST_FILE, type Manifest, manifestText } from '../lake-manifest.ts';
import { findTable, quoteName, quoteText } from '../tables.ts';
import { TOOL_VERSION } from '../version.ts';
import { type HashedFile, hashLine } from './archive-files.ts';

export const BATCH = 'retain';

export type Action = {
  table: string;
  date: string;
  action: 'archived' | 'removed' | 'restored';
  files: readonly HashedFile[];
  rowCount: number;
};

/** By which rule, and when. */
export type Policy = {
  rawMonths: number;
  archive: string | undefined;
  configSha256: string;
  at: Date;
};

/** Folder that files of the batch are written to before it is committed, as they lie in the lake. */
export function batchFolder(lake: string): string {
  return join(stagingFolder(lake), BATCH);
}

/** Commits a manifest with the actions that led to it, and what else stands in the batch's folder. */
export async function commitActions(
  connection: DuckDBConnection,
  lake: string,
  change: { manifest: Manifest; actions: readonly Action[]; policy: Policy },
): Promise<void> {
  const { manifest, actions, policy } = change;
  const staging = batchFolder(lake);
  const table = findTable('retention_action');
  const rows = actions.map((action) => rowOf(action, policy));
  const id = createHash('sha256').update(JSON.stringify(rows)).digest('hex').slice(0, 20);
  const file = join(staging, table.name, `${policy.at.toISOString().slice(0, 10)}-${id}.parquet`);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const columns = table.columns.map(
    ({ name, type }) => `cast(action.${quoteName(name)} as ${type}) as ${quoteName(name)}`,
  );
  const structure = Object.fromEntries(
    table.columns.map(({ name, type }) => [name, type.endsWith('[]') ? ['VARCHAR'] : 'VARCHAR']),
  );
  await connection.run(
    `copy (select ${columns.join(', ')}
       from (select unnest(json_transform($rows, ${quoteText(JSON.stringify([structure]))})) as action)
       order by log_date, table_name)
     to ${quoteText(file)} (${PARQUET_OPTIONS})`,
    { rows: JSON.stringify(rows) },
  );
  await chmod(file, 0o600);
  await mkdir(dirname(join(staging, MANIFEST_FILE)), { recursive: true, mode: 0o700 });
  await writeFile(join(staging, MANIFEST_FILE), manifestText(manifest), { mode: 0o600 });
  await commitBatch(lake, BATCH);
}

/** Rows that files hold together, as their metadata say. */
export async function countRows(
  connection: DuckDBConnection,
  paths: readonly string[],
): Promise<number> {
  const [row] = await readRows<{ row_count: bigint }>(
    connection,
    `select cast(coalesce(sum(num_rows), 0) as bigint) as row_count
     from parquet_file_metadata([${paths.map(quoteFile).join(', ')}])`,
  );
  return Number(row?.row_count ?? 0);
}

function rowOf(action: Action, policy: Policy): Record<string, unknown> {
  const at = policy.at.toISOString().replace('T', ' ').replace('Z', '');
  const id = JSON.stringify([action.table, action.date, action.action, at]);
  return {
    action_id: createHash('sha256').update(id).digest('hex').slice(0, 20),
    table_name: action.table,
    log_date: action.date,
    action: action.action,
    raw_months: String(policy.rawMonths),
    archive: policy.archive ?? null,
    config_sha256: policy.configSha256,
    tool_version: TOOL_VERSION,
    file_count: String(action.files.length),
    row_count: String(action.rowCount),
    size_bytes: String(action.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)),
    files: action.files.map(hashLine),
    acted_at: at,
  };
}
