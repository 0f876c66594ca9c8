/**
 * Enrich: from the tables of ingest to the tables that reports and analysts read. This folder owns the
 * order of the steps; what each means stands in the SQL file of its name.
 *
 * A derived file remembers a hash of what it was made from: its query, the queries and files below it,
 * and the parameters. A step whose hash is unchanged is not run again.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { Config } from '../config.ts';
import { type Parameters, readRows } from '../database.ts';
import {
  createTableView,
  DERIVED_FILE,
  partitionDates,
  scratchFolder,
  tableFiles,
  tableFolder,
} from '../lake.ts';
import { PARQUET_OPTIONS } from '../lake-batch.ts';
import {
  type Layer,
  listOf,
  QUERIES_ROOT,
  type QueryFile,
  readLayer,
  readQueryFile,
} from '../query-file.ts';
import { findTable, quoteName, quoteText } from '../tables.ts';
import { createScopeTable } from './scope.ts';

type Step = {
  name: string;
  layer: Layer;
  /** `lake`: a file of the lake. `scratch`: a table that only the steps after it read. */
  kept: 'lake' | 'scratch';
};

/** Made once for all days, in this order. */
const WHOLE_STEPS: readonly Step[] = [
  { name: 'inventory_state', layer: 'staging', kept: 'lake' },
  { name: 'instance', layer: 'staging', kept: 'lake' },
  { name: 'network_interface', layer: 'staging', kept: 'lake' },
  { name: 'security_group', layer: 'staging', kept: 'lake' },
  { name: 'security_group_rule', layer: 'staging', kept: 'lake' },
  { name: 'prefix_list_entry', layer: 'staging', kept: 'lake' },
  { name: 'subnet', layer: 'staging', kept: 'lake' },
  { name: 'vpc', layer: 'staging', kept: 'lake' },
  { name: 'flow_log', layer: 'staging', kept: 'lake' },
  { name: 'interface_context', layer: 'marts', kept: 'scratch' },
  { name: 'scope_interface', layer: 'marts', kept: 'lake' },
  { name: 'interface_segment', layer: 'marts', kept: 'scratch' },
  { name: 'rule_range', layer: 'marts', kept: 'scratch' },
];

/** Made for each UTC day, in this order. */
const DAY_STEPS: readonly Step[] = [
  { name: 'flow_subject', layer: 'marts', kept: 'scratch' },
  { name: 'remote_address', layer: 'marts', kept: 'scratch' },
  { name: 'flow_rule', layer: 'marts', kept: 'scratch' },
  { name: 'event_subject', layer: 'marts', kept: 'scratch' },
  { name: 'flow_event', layer: 'marts', kept: 'lake' },
  { name: 'flow_enriched', layer: 'marts', kept: 'lake' },
  { name: 'flow_detail', layer: 'marts', kept: 'lake' },
];

export type EnrichResult = { dayCount: number; rebuiltDayCount: number };

export type EnrichOptions = {
  connection: DuckDBConnection;
  lake: string;
  config: Config;
  onProgress: (progress: { date: string; day: number; dayCount: number }) => void;
};

/** Brings every derived table up to date. The lake must be open for writing, and its views made. */
export async function enrich(options: EnrichOptions): Promise<EnrichResult> {
  const { connection, lake, config } = options;
  const parameters: Parameters = {
    metadata_max_age_seconds: BigInt(Math.round(config.metadata_max_age_hours * 3600)),
  };
  await createScopeTable(connection, config);
  const whole = hashOf([
    ...(await fileNames(lake, 'inventory_item')),
    ...(await fileNames(lake, 'inventory_snapshot')),
    ...(await supersededIds(connection)),
    JSON.stringify(config.scope),
    String(config.metadata_max_age_hours),
    ...[...WHOLE_STEPS, ...DAY_STEPS].map((step) => fileOf(step).sha256),
    ...readLayer('functions').map((file) => file.sha256),
  ]);
  for (const step of WHOLE_STEPS) {
    if (step.kept === 'scratch') {
      await createScratchTable(connection, step, parameters);
    } else {
      if (!(await isCurrent(options, step, whole))) {
        await writeLakeTable(options, step, parameters, whole);
      }
      await createTableView(connection, lake, step.name);
    }
  }
  const dates = await partitionDates(lake, findTable('flow'));
  let rebuiltDayCount = 0;
  for (const [index, date] of dates.entries()) {
    options.onProgress({ date, day: index + 1, dayCount: dates.length });
    const inputs = hashOf([
      whole,
      ...(await fileNames(lake, 'flow', [date])),
      ...(await fileNames(lake, 'ips_event', [addDays(date, -1), date, addDays(date, 1)])),
    ]);
    if (await isDayCurrent(options, date, inputs)) continue;
    rebuiltDayCount += 1;
    await enrichDay(options, { ...parameters, flow_date: date }, inputs, date);
  }
  for (const step of DAY_STEPS.filter(({ kept }) => kept === 'lake')) {
    await dropOtherDates(lake, step, dates);
    await createTableView(connection, lake, step.name);
  }
  return { dayCount: dates.length, rebuiltDayCount };
}

async function enrichDay(
  options: EnrichOptions,
  parameters: Parameters,
  inputs: string,
  date: string,
): Promise<void> {
  const { connection } = options;
  for (const step of DAY_STEPS) {
    if (step.kept === 'scratch') {
      await createScratchTable(connection, step, parameters);
    } else {
      const file = await writeLakeTable(options, step, parameters, inputs, date);
      // The steps after it read this day alone; the temporary view hides the one over all days.
      await connection.run(
        `create or replace temporary view ${quoteName(step.name)} as select * from read_parquet(${quoteText(file)}, hive_partitioning = true, hive_types = {flow_date: date})`,
      );
    }
  }
  for (const step of DAY_STEPS) {
    const kind = step.kept === 'scratch' ? 'table' : 'view';
    await connection.run(`drop ${kind} temp.${quoteName(step.name)}`);
  }
}

function fileOf(step: Step): QueryFile {
  return readQueryFile(step.layer, join(QUERIES_ROOT, step.layer, `${step.name}.sql`));
}

/** The statement of a step and, of the parameters, those that its header names. */
function statementOf(step: Step, parameters: Parameters): { sql: string; values: Parameters } {
  const file = fileOf(step);
  const names = listOf(file.header.parameters);
  return {
    sql: file.text,
    values: Object.fromEntries(names.map((name) => [name, parameters[name] ?? null])),
  };
}

async function createScratchTable(
  connection: DuckDBConnection,
  step: Step,
  parameters: Parameters,
): Promise<void> {
  const { sql, values } = statementOf(step, parameters);
  await runStatement(
    connection,
    `create or replace temporary table ${quoteName(step.name)} as (${sql})`,
    values,
  );
}

/** Writes the file of a step, or of its day, under the hash of its inputs. Returns its path. */
async function writeLakeTable(
  options: EnrichOptions,
  step: Step,
  parameters: Parameters,
  inputs: string,
  date?: string,
): Promise<string> {
  const { connection, lake } = options;
  const table = findTable(step.name);
  const { sql, values } = statementOf(step, parameters);
  const columns = table.columns
    .filter((column) => column.name !== table.partition)
    .map(
      (column) => `cast(${quoteName(column.name)} as ${column.type}) as ${quoteName(column.name)}`,
    );
  const scratch = join(scratchFolder(lake), `${step.name}-${date ?? 'all'}.parquet`);
  await runStatement(
    connection,
    `copy (select ${columns.join(', ')} from (${sql})) to ${quoteText(scratch)} (${PARQUET_OPTIONS}, kv_metadata {${INPUTS_KEY}: ${quoteText(inputs)}})`,
    values,
  );
  const folder = tableFolder(lake, table, date);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, DERIVED_FILE);
  await rename(scratch, file);
  return file;
}

async function runStatement(
  connection: DuckDBConnection,
  sql: string,
  values: Parameters,
): Promise<void> {
  if (Object.keys(values).length === 0) await connection.run(sql);
  else await connection.run(sql, values as Record<string, DuckDBValue>);
}

const INPUTS_KEY = 'inputs_sha256';

/** True if the file of the step, or of its day, was made from these inputs. */
async function isCurrent(
  options: EnrichOptions,
  step: Step,
  inputs: string,
  date?: string,
): Promise<boolean> {
  const file = join(tableFolder(options.lake, findTable(step.name), date), DERIVED_FILE);
  if (!existsSync(file)) return false;
  const rows = await readRows<{ value: string }>(
    options.connection,
    `select decode(value) as value from parquet_kv_metadata(${quoteText(file)}) where decode(key) = '${INPUTS_KEY}'`,
  );
  return rows[0]?.value === inputs;
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

/** Removes days that have no flows any more, because later content replaced their objects. */
async function dropOtherDates(lake: string, step: Step, dates: readonly string[]): Promise<void> {
  const table = findTable(step.name);
  for (const date of await partitionDates(lake, table)) {
    if (!dates.includes(date)) {
      await rm(tableFolder(lake, table, date), { recursive: true, force: true });
    }
  }
}

/** Names of a table's committed files, of the given days where it has days. */
async function fileNames(lake: string, name: string, dates?: readonly string[]): Promise<string[]> {
  const files = await tableFiles(lake, findTable(name));
  return files
    .filter((file) => dates?.some((date) => file.includes(`=${date}`)) ?? true)
    .map((file) => file.slice(lake.length));
}

async function supersededIds(connection: DuckDBConnection): Promise<string[]> {
  const rows = await readRows<{ id: string }>(
    connection,
    'select distinct supersedes_object_id as id from source_object where supersedes_object_id is not null order by id',
  );
  return rows.map((row) => row.id);
}

function addDays(date: string, days: number): string {
  return new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);
}

function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex');
}
