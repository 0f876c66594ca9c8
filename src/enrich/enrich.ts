/**
 * Enrich: from the tables of ingest to the tables that reports and analysts read. This folder owns the
 * order of the steps; what each means stands in the SQL file of its name.
 *
 * A derived file remembers a hash of what it was made from: its query, the queries and files below it,
 * and the parameters. A step whose hash is unchanged is not run again.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Config } from '../config.ts';
import type { Parameters } from '../database.ts';
import { duckdbEngine } from '../engines/duckdb.ts';
import { createDerivedView, supersededObjects } from '../lake.ts';
import { frozenDates, lateDates, partitionDates } from '../lake-files.ts';
import { readLayer } from '../query-file.ts';
import { findTable, TABLES } from '../tables.ts';
import {
  addDays,
  daysAround,
  fileNames,
  flowObjectSpans,
  hashSlice,
  ofDates,
  spansAround,
} from './day-inputs.ts';
import type { DayTables } from './day-tables.ts';
import { areCurrent, dropTable, hashOf, writeDerivedTable } from './derived-table.ts';
import { keepInputs } from './known-inputs.ts';
import {
  forgetLastEnrichment,
  hashLake,
  noteEnrichment,
  readLastEnrichment,
} from './last-enrichment.ts';
import { createScopeTable } from './scope.ts';
import {
  ALL_STEPS,
  createScratchTable,
  DAY_STEPS,
  EVENT_STEPS,
  EXTENT_STEP,
  fileOf,
  RECORD_STEPS,
  WHOLE_STEPS,
} from './steps.ts';

/** Columns and types that the files are written with, whatever their queries give. */
const DERIVED_TABLES = TABLES.filter((table) => table.layer !== 'ingest');

export type EnrichResult = {
  dayCount: number;
  rebuiltDayCount: number;
  /** Records of all days that other records stand for. */
  copyCount: number;
  /** Days that got rows after their own had left the lake (`retain`): these rows are only in `flow` and `ips_event`. */
  lateDates: readonly string[];
};

export type EnrichOptions = {
  connection: DuckDBConnection;
  lake: string;
  config: Pick<
    Config,
    'scope' | 'metadata_max_age_hours' | 'metadata_backdate_hours' | 'event_clock_tolerance_seconds'
  >;
  /** Where the steps of a day run. */
  days: DayTables;
  onProgress: (progress: { date: string; day: number; dayCount: number }) => void;
};

/** Brings every derived table up to date. The lake must be open for writing, and its views made. */
export async function enrich(options: EnrichOptions): Promise<EnrichResult> {
  const { connection, lake, config, days } = options;
  const parameters: Parameters = {
    metadata_max_age_seconds: BigInt(Math.round(config.metadata_max_age_hours * 3600)),
    metadata_backdate_seconds: BigInt(Math.round(config.metadata_backdate_hours * 3600)),
    event_clock_tolerance_seconds: BigInt(config.event_clock_tolerance_seconds),
  };
  const ruleTexts = [...ruleInputs(options), JSON.stringify(config.scope)];
  const before = await hashLake(lake, ruleTexts);
  const known = await readLastEnrichment(lake, before);
  const late = await lateRowDates(lake);
  if (known) return { ...known, rebuiltDayCount: 0, lateDates: late };
  await forgetLastEnrichment(lake);
  await createScopeTable(duckdbEngine(connection), config);
  const rules = hashOf([...ruleInputs(options), ...(await supersededObjects(connection, lake))]);
  const whole = hashOf([rules, ...(await inventoryInputs(options))]);
  for (const step of WHOLE_STEPS) {
    if (step.kept === 'scratch') {
      await createScratchTable(connection, step, parameters);
    } else {
      if (!(await areCurrent(options, [step], whole))) {
        await writeDerivedTable(options, step, parameters, whole);
      }
      await createDerivedView(connection, lake, step.name);
    }
  }
  const frozen = await frozenDates(lake, findTable('flow'));
  const dates = await liveDates(lake, 'flow', frozen);
  const flowFiles = await fileNames(lake, 'flow');
  const eventFiles = await fileNames(lake, 'ips_event');
  let rebuiltDayCount = 0;
  for (const [index, date] of dates.entries()) {
    options.onProgress({ date, day: index + 1, dayCount: dates.length });
    const values = { ...parameters, flow_date: date, ...eventsAround(date) };
    const flows = hashOf([rules, ...ofDates(flowFiles, [date])]);
    if (!(await days.areCurrent([EXTENT_STEP], flows, date))) {
      await days.make([EXTENT_STEP], values, flows, date);
    }
    const extent = await days.readExtent(date);
    const inputs = hashOf([
      flows,
      extent.recorders,
      ...ofDates(eventFiles, daysAround(date)),
      await hashSlice(connection, extent),
    ]);
    if (await days.areCurrent(DAY_STEPS, inputs, date)) continue;
    rebuiltDayCount += 1;
    await days.make(DAY_STEPS, values, inputs, date);
  }
  await days.keepDates([EXTENT_STEP, ...DAY_STEPS], [...dates, ...frozen]);
  await enrichRecords(options, parameters, rules);
  await enrichEvents(options, parameters, rules);
  for (const table of TABLES) {
    // An earlier version of flowproof may have written it.
    if (table.isView) await dropTable(lake, table);
    if (table.isView) await createDerivedView(connection, lake, table.name);
  }
  const result = {
    dayCount: dates.length + frozen.length,
    copyCount: await days.countCopies(),
  };
  await noteEnrichment(lake, await hashLake(lake, ruleTexts), result);
  await keepInputs(lake);
  return { ...result, rebuiltDayCount, lateDates: late };
}

/** True if the newest enrichment came to its end with these inputs, and nothing has come or gone since. */
export async function isEnriched(
  options: Pick<EnrichOptions, 'lake' | 'config'>,
): Promise<boolean> {
  const { lake, config } = options;
  const texts = [...ruleInputs({ config }), JSON.stringify(config.scope)];
  return (await readLastEnrichment(lake, await hashLake(lake, texts))) !== undefined;
}

/** Days of a table that are made anew when what they are made of changes: those that never left the lake. */
async function liveDates(lake: string, name: string, frozen: readonly string[]): Promise<string[]> {
  const dates = await partitionDates(lake, findTable(name));
  return dates.filter((date) => !frozen.includes(date));
}

async function lateRowDates(lake: string): Promise<string[]> {
  const dates = [
    ...(await lateDates(lake, findTable('flow'))),
    ...(await lateDates(lake, findTable('ips_event'))),
  ];
  return [...new Set(dates)].sort();
}

/** What the tables of the inventory are made from. */
async function inventoryInputs({
  lake,
  config,
}: Pick<EnrichOptions, 'lake' | 'config'>): Promise<string[]> {
  return [
    ...(await fileNames(lake, 'inventory_item')),
    ...(await fileNames(lake, 'inventory_snapshot')),
    JSON.stringify(config.scope),
  ];
}

/** What every derived table depends on: queries, and the configuration that they read. */
function ruleInputs({ config }: Pick<EnrichOptions, 'config'>): string[] {
  return [
    String(config.metadata_max_age_hours),
    String(config.metadata_backdate_hours),
    String(config.event_clock_tolerance_seconds),
    ...ALL_STEPS.map((step) => fileOf(step).sha256),
    JSON.stringify(DERIVED_TABLES),
    ...readLayer('functions').map((file) => file.sha256),
  ];
}

/** Which interfaces have records in which hours, also on days on which no traffic was recorded. */
async function enrichRecords(
  options: EnrichOptions,
  parameters: Parameters,
  rules: string,
): Promise<void> {
  const { connection, lake, days } = options;
  const names = ['flow', 'flow_status', 'cloudwatch_event'];
  const frozen = await frozenDates(lake, findTable('flow'));
  const dates = new Set<string>();
  const files: string[] = [];
  for (const name of names) {
    for (const date of await liveDates(lake, name, frozen)) dates.add(date);
    files.push(...(await fileNames(lake, name)));
  }
  const spans = await flowObjectSpans(connection);
  const sorted = [...dates].sort();
  for (const date of sorted) {
    const inputs = hashOf([rules, ...ofDates(files, [date]), ...spansAround(spans, date, 0)]);
    if (await days.areCurrent(RECORD_STEPS, inputs, date)) continue;
    await days.make(RECORD_STEPS, { ...parameters, flow_date: date }, inputs, date);
  }
  await days.keepDates(RECORD_STEPS, [...sorted, ...frozen]);
}

/** What becomes of the events of each day, once it is known which flows they concern. */
async function enrichEvents(
  options: EnrichOptions,
  parameters: Parameters,
  rules: string,
): Promise<void> {
  const { connection, lake, days } = options;
  const frozen = await frozenDates(lake, findTable('ips_event'));
  const dates = await liveDates(lake, 'ips_event', frozen);
  const files: string[][] = [];
  for (const name of ['flow', 'flow_status', 'ips_event']) files.push(await fileNames(lake, name));
  const spans = await flowObjectSpans(connection);
  for (const date of dates) {
    const span = { from: addDays(date, -2), until: addDays(date, 3) };
    const inputs = hashOf([
      rules,
      ...files.flatMap((names) => ofDates(names, daysAround(date))),
      ...spansAround(spans, date),
      await hashSlice(connection, span),
    ]);
    if (await days.areCurrent(EVENT_STEPS, inputs, date)) continue;
    const values = {
      ...parameters,
      event_date: date,
      first_event_date: date,
      last_event_date: date,
      event_from: addDays(date, -1),
      event_until: addDays(date, 2),
    };
    await days.make(EVENT_STEPS, values, inputs, date);
  }
  await days.keepDates(EVENT_STEPS, [...dates, ...frozen]);
}

/** Events that may concern flows of the day: the clocks may be off, and its flows last into the next. */
function eventsAround(date: string): Parameters {
  return {
    first_event_date: addDays(date, -1),
    last_event_date: addDays(date, 1),
    event_from: `${addDays(date, -1)} 23:00:00`,
    event_until: `${addDays(date, 1)} 01:00:00`,
  };
}
