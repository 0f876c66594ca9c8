/**
 * What the derived files of a day are made from, as a hash: the flows and events about the day, and of
 * the inventory what bears on it. A snapshot that says nothing new of a day leaves the day as it is.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { type Parameters, readRows } from '../database.ts';
import { quoteFile } from '../lake.ts';
import { writtenFiles } from '../lake-files.ts';
import { findTable } from '../tables.ts';
import { hashOf } from './derived-table.ts';
import { fileOf, SLICE_STEP } from './steps.ts';

/** Texts of two moments, UTC. */
export type Span = { from: string; until: string };

type ObjectSpan = { statement: string; first_ms: number; last_ms: number };

/** Names of the files of a table as ingest wrote them, whatever was merged or archived since. */
export async function fileNames(lake: string, name: string): Promise<string[]> {
  return (await writtenFiles(lake, findTable(name))).map((file) => `/${file}`);
}

/** Those of the files that stand in the partitions of these days. */
export function ofDates(files: readonly string[], dates: readonly string[]): string[] {
  return files.filter((file) => dates.some((date) => file.includes(`=${date}`)));
}

export function addDays(date: string, days: number): string {
  return new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);
}

/** The day, the one before it and the one after it. */
export function daysAround(date: string): string[] {
  return [addDays(date, -1), date, addDays(date, 1)];
}

/**
 * Who recorded each object of flow logs, and when its first and its last record is; between them may be
 * days without one.
 */
export async function flowObjectSpans(connection: DuckDBConnection): Promise<ObjectSpan[]> {
  return readRows<ObjectSpan>(
    connection,
    `select distinct source_object.object_id || ' ' || coalesce(flow_object.recorder, '') || ' ' || first_at || ' ' || last_at as statement,
       epoch(first_at) * 1000 as first_ms, epoch(last_at) * 1000 as last_ms
     from source_object inner join flow_object using (object_id)
     where kind = 'flow_logs' and first_at is not null and last_at is not null
     order by all`,
  );
}

/** Objects whose records lie on that day, or within so many days of it. */
export function spansAround(spans: readonly ObjectSpan[], date: string, days = 2): string[] {
  const from = Date.parse(addDays(date, -days));
  const until = Date.parse(addDays(date, days + 1));
  return spans
    .filter(({ first_ms, last_ms }) => first_ms < until && last_ms >= from)
    .map(({ statement }) => statement);
}

/** When the records of a day begin and end (the day itself where none has a time), and who made them. */
export async function readExtent(
  connection: DuckDBConnection,
  file: string,
  date: string,
): Promise<Span & { recorders: string }> {
  const [row] = await readRows<Span & { recorders: string | null }>(
    connection,
    `with extent as (select * from read_parquet(${quoteFile(file)}, hive_partitioning = false))
     select strftime(coalesce(first_at, cast($date as timestamp)), '%Y-%m-%d %H:%M:%S.%f') as "from",
       strftime(coalesce(last_at, cast($date as timestamp)), '%Y-%m-%d %H:%M:%S.%f') as until,
       (select md5(string_agg(cast(o as varchar), chr(10) order by o.object_id))
        from (select * exclude (object_number) from flow_object) o
        where list_contains(extent.object_ids, o.object_id)) as recorders
     from extent`,
    { date },
  );
  return { from: row?.from ?? date, until: row?.until ?? date, recorders: row?.recorders ?? '' };
}

/** Hash of what the inventory says that bears on that time. */
export async function hashSlice(
  connection: DuckDBConnection,
  { from, until }: Span,
): Promise<string> {
  const parameters: Parameters = { slice_from: from, slice_until: until };
  const [row] = await readRows<{ hash: string | null }>(
    connection,
    `select md5(string_agg(statement, chr(10) order by statement)) as hash from (${fileOf(SLICE_STEP).text})`,
    parameters,
  );
  return row?.hash ?? hashOf([]);
}
