/**
 * Enrich: from the tables of ingest to the tables that reports and analysts read. This folder owns the
 * order of the steps; what each means stands in the SQL file of its name.
 *
 * A derived file remembers a hash of what it was made from: its query, the queries and files below it,
 * and the parameters. A step whose hash is unchanged is not run again.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Config } from '../config.ts';
import { type Parameters, readRows } from '../database.ts';
import {
  createDerivedView,
  partitionDates,
  quoteFile,
  supersededObjects,
  tableFiles,
} from '../lake.ts';
import { readLayer } from '../query-file.ts';
import { findTable, quoteName, TABLES } from '../tables.ts';
import {
  dropOtherDates,
  dropTable,
  hashOf,
  isCurrent,
  removeScratchFile,
  writeDerivedTable,
  writeScratchFile,
} from './derived-table.ts';
import { createScopeTable } from './scope.ts';
import { createScratchTable, DAY_STEPS, fileOf, WHOLE_STEPS } from './steps.ts';

/** Columns and types that the files are written with, whatever their queries give. */
const DERIVED_TABLES = TABLES.filter((table) => table.layer !== 'ingest');

export type EnrichResult = {
  dayCount: number;
  rebuiltDayCount: number;
  /** Records of all days that other records stand for. */
  copyCount: number;
};

export type EnrichOptions = {
  connection: DuckDBConnection;
  lake: string;
  config: Pick<Config, 'scope' | 'metadata_max_age_hours'>;
  onProgress: (progress: { date: string; day: number; dayCount: number }) => void;
};

/** Brings every derived table up to date. The lake must be open for writing, and its views made. */
export async function enrich(options: EnrichOptions): Promise<EnrichResult> {
  const { connection, lake, config } = options;
  const parameters: Parameters = {
    metadata_max_age_seconds: BigInt(Math.round(config.metadata_max_age_hours * 3600)),
  };
  await createScopeTable(connection, config);
  const whole = await wholeInputs(options);
  for (const step of WHOLE_STEPS) {
    if (step.kept === 'scratch') {
      await createScratchTable(connection, step, parameters);
    } else {
      if (!(await isCurrent(options, step, whole))) {
        await writeDerivedTable(options, step, parameters, whole);
      }
      await createDerivedView(connection, lake, step.name);
    }
  }
  const dates = await partitionDates(lake, findTable('flow'));
  const flowFiles = await fileNames(lake, 'flow');
  const eventFiles = await fileNames(lake, 'ips_event');
  let rebuiltDayCount = 0;
  for (const [index, date] of dates.entries()) {
    options.onProgress({ date, day: index + 1, dayCount: dates.length });
    const inputs = hashOf([
      whole,
      ...ofDates(flowFiles, [date]),
      ...ofDates(eventFiles, [addDays(date, -1), date, addDays(date, 1)]),
    ]);
    if (await isDayCurrent(options, date, inputs)) continue;
    rebuiltDayCount += 1;
    await enrichDay(options, { ...parameters, flow_date: date }, inputs, date);
  }
  for (const step of DAY_STEPS.filter(({ kept }) => kept === 'lake')) {
    await dropOtherDates(lake, step, dates);
    await createDerivedView(connection, lake, step.name);
  }
  for (const table of TABLES) {
    // An earlier version of flowproof may have written it.
    if (table.isView) await dropTable(lake, table);
    if (table.isView) await createDerivedView(connection, lake, table.name);
  }
  const [copies] = await readRows<{ copy_count: bigint }>(
    connection,
    // Only sums and their parts may stand in several rows; the others are counted without their ids.
    `select count(*) filter (where copied_as = 'record')
       + count(distinct flow_id) filter (where copied_as <> 'record') as copy_count
     from flow_copy`,
  );
  return { dayCount: dates.length, rebuiltDayCount, copyCount: Number(copies?.copy_count ?? 0) };
}

/** Hash of what every derived table depends on: inventory, configuration and queries. */
async function wholeInputs({ connection, lake, config }: EnrichOptions): Promise<string> {
  return hashOf([
    ...(await fileNames(lake, 'inventory_item')),
    ...(await fileNames(lake, 'inventory_snapshot')),
    ...(await supersededObjects(connection, lake)),
    JSON.stringify(config.scope),
    String(config.metadata_max_age_hours),
    ...[...WHOLE_STEPS, ...DAY_STEPS].map((step) => fileOf(step).sha256),
    JSON.stringify(DERIVED_TABLES),
    ...readLayer('functions').map((file) => file.sha256),
  ]);
}

async function enrichDay(
  options: EnrichOptions,
  parameters: Parameters,
  inputs: string,
  date: string,
): Promise<void> {
  const { connection } = options;
  for (const step of DAY_STEPS) {
    if (step.kept === 'scratch' || step.kept === 'query') {
      await createScratchTable(connection, step, parameters);
    } else if (step.kept === 'scratch file') {
      await writeScratchFile(options, step, parameters);
    } else {
      const file = await writeDerivedTable(options, step, parameters, inputs, date);
      // The steps after it read this day alone; the temporary view hides the one over all days.
      await connection.run(
        `create or replace temporary view ${quoteName(step.name)} as select * from read_parquet(${quoteFile(file)}, hive_partitioning = true, hive_types = {flow_date: date})`,
      );
    }
  }
  for (const step of DAY_STEPS.toReversed()) {
    const kind = step.kept === 'scratch' ? 'table' : 'view';
    await connection.run(`drop ${kind} temp.${quoteName(step.name)}`);
    if (step.kept === 'scratch file') await removeScratchFile(options, step);
  }
}

async function isDayCurrent(
  options: EnrichOptions,
  date: string,
  inputs: string,
): Promise<boolean> {
  for (const step of DAY_STEPS) {
    if (step.kept === 'lake' && !(await isCurrent(options, step, inputs, date))) return false;
  }
  return true;
}

/** Names of a table's committed files, relative to the lake. */
async function fileNames(lake: string, name: string): Promise<string[]> {
  return (await tableFiles(lake, findTable(name))).map((file) => file.slice(lake.length));
}

/** Those of the files that stand in the partitions of these days. */
function ofDates(files: readonly string[], dates: readonly string[]): string[] {
  return files.filter((file) => dates.some((date) => file.includes(`=${date}`)));
}

function addDays(date: string, days: number): string {
  return new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);
}
