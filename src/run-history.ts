/** What the lake knows of the runs before this one. */
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { readRows } from './database.ts';
import { QUERIES_ROOT, readQueryFile } from './query-file.ts';
import type { RunSummary } from './run-summary-schema.ts';

/** Reads it for a command. Needs the views of the lake as they were before the run. */
export async function readRunHistory(
  connection: DuckDBConnection,
  command: string,
): Promise<NonNullable<RunSummary['history']>> {
  const read = <Row extends Record<string, unknown>>(name: string): Promise<Row[]> => {
    const file = readQueryFile('status', join(QUERIES_ROOT, 'status', `${name}.sql`));
    return readRows<Row>(connection, file.text);
  };
  const successes = await read<{ command: string; run_id: string; finished_at: Date }>(
    'last_success',
  );
  const unfinished = await read<{
    run_id: string;
    command: string;
    started_at: Date;
    rejected_count: bigint;
    damaged_count: bigint;
    skipdata_count: bigint;
  }>('unfinished_runs');
  const last = successes.find((row) => row.command === command);
  return {
    last_success: last
      ? { run_id: last.run_id, finished_at: last.finished_at.toISOString() }
      : null,
    unfinished_runs: unfinished.map((row) => ({
      run_id: row.run_id,
      command: row.command,
      started_at: row.started_at.toISOString(),
      rejected_count: Number(row.rejected_count),
      damaged_count: Number(row.damaged_count),
      skipdata_count: Number(row.skipdata_count),
    })),
  };
}
