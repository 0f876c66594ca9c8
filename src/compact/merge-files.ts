/**
 * Merging Parquet files of a table into one, with every row and column that they have, in an order that the
 * rows alone decide: the same rows give the same bytes.
 */
import { chmod, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { readRows } from '../database.ts';
import { quoteFile } from '../lake.ts';
import { PARQUET_OPTIONS } from '../lake-batch.ts';
import { quoteName, quoteText, type Table } from '../tables.ts';

/** Key of the Parquet file's own metadata that names the files it stands for, one a line. */
const REPLACES_KEY = 'replaces';

/**
 * Tables with many rows, and the columns that order them: sorting by all would take far more memory. Of
 * rows that agree in these, all columns agree.
 */
const ORDERS: Readonly<Record<string, readonly string[]>> = {
  flow: ['start_at', 'object_id', 'line_number'],
  flow_status: ['start_at', 'object_id', 'line_number'],
  cloudwatch_event: ['event_at', 'log_group', 'event_id', 'object_id', 'line_number'],
};

type Contents = { row_count: bigint; checksum: string | null };

/** Writes the rows of `files` to `target`, and makes sure that it holds them. Returns how many. */
export async function mergeFiles(
  connection: DuckDBConnection,
  table: Table,
  files: readonly string[],
  target: string,
  replaces: readonly string[],
): Promise<number> {
  const source = readFiles(files);
  const described = await connection.runAndReadAll(`describe select * from ${source}`);
  const found = described.getRows().map((row) => String(row[0]));
  const known = table.columns.map(({ name }) => name).filter((name) => found.includes(name));
  // Columns of another version of flowproof stay.
  const names = [...known, ...found.filter((name) => !known.includes(name)).sort()];
  const columns = names.map(quoteName).join(', ');
  const order = (ORDERS[table.name] ?? names).filter((name) => names.includes(name));
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  await connection.run(
    `copy (select ${columns} from ${source} order by ${order.map(quoteName).join(', ')})
     to ${quoteText(target)} (${PARQUET_OPTIONS}, kv_metadata {${REPLACES_KEY}: ${quoteText(replaces.join('\n'))}})`,
  );
  await chmod(target, 0o600);
  const before = await contentsOf(connection, source, columns);
  const after = await contentsOf(connection, readFiles([target]), columns);
  if (before.row_count !== after.row_count || before.checksum !== after.checksum) {
    throw new Error(`merging ${replaces.length} files of ${table.name} changed their rows`);
  }
  return Number(after.row_count);
}

function readFiles(files: readonly string[]): string {
  return `read_parquet([${files.map(quoteFile).join(', ')}], hive_partitioning = false, union_by_name = true)`;
}

/** How many rows there are, and a sum of their hashes, whatever their order. */
async function contentsOf(
  connection: DuckDBConnection,
  source: string,
  columns: string,
): Promise<Contents> {
  const [row] = await readRows<Contents>(
    connection,
    `select count(*) as row_count, cast(sum(hash(${columns})) as varchar) as checksum from ${source}`,
  );
  if (!row) throw new Error('an aggregate gave no row');
  return row;
}
