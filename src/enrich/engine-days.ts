/**
 * The steps of a day on an engine over files in S3: the same statements, in a schema of their own, and files of the
 * lake that this machine never reads. What is small, the inventory and the ledger, DuckDB has made before.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Config } from '../config.ts';
import { type Parameters, readRows } from '../database.ts';
import type { Engine, EngineParameters, EngineValue } from '../engines/engine.ts';
import { inTurn } from '../in-turn.ts';
import { createDerivedView } from '../lake.ts';
import { listOf } from '../query-file.ts';
import type { EngineFiles } from '../remote-lake/engine-files.ts';
import { findTable, quoteName, quoteText, TABLES } from '../tables.ts';
import { namesRead } from '../tables-read.ts';
import { COPY_COUNT, type DayTables, type Extent } from './day-tables.ts';
import { readDerivedDays, writeDerivedDays } from './derived-days.ts';
import { dropOtherDates } from './derived-table.ts';
import { createScopeTable } from './scope.ts';
import {
  DAY_STEPS,
  EVENT_STEPS,
  EXTENT_STEP,
  fileOf,
  RECORD_STEPS,
  type Step,
  WHOLE_STEPS,
} from './steps.ts';

export type EngineDaysOptions = {
  /** DuckDB's, with the views of the lake and the tables of `WHOLE_STEPS`. */
  connection: DuckDBConnection;
  lake: string;
  config: Pick<Config, 'scope'>;
  files: EngineFiles;
  /** The engine in the schema of the lake, whose tables `declare` brings up to what is published. */
  main: Engine;
  schema: string;
  /** With names, new days of these tables alone are looked for. */
  declare: (tables?: readonly string[]) => Promise<void>;
  /** The engine in a schema that is made anew for each run. */
  work: Engine;
  workSchema: string;
};

/** Opens them. Nothing is asked of the engine before a day is to be made. */
export async function engineDays(options: EngineDaysOptions): Promise<DayTables> {
  const { connection, lake, files, main, work, schema, declare } = options;
  const made = await readDerivedDays(lake);
  let isPrepared = false;
  const prepare = async (parameters: Parameters): Promise<void> => {
    if (isPrepared) return;
    await prepareWork(options, parameters);
    isPrepared = true;
  };
  const showLake = (name: string) => showTable(work, schema, name);

  return {
    areCurrent: async (steps, inputs, date) => made.get(keyOf(steps, date)) === inputs,

    async make(steps, parameters, inputs, date) {
      await prepare(parameters);
      // A run that dies from here on leaves a day that is to be made again.
      made.delete(keyOf(steps, date));
      await writeDerivedDays(lake, made);
      const folder = files.newFolder();
      await runSteps(steps, work.atOnce, (step) =>
        runStep(options, step, parameters, date, folder),
      );
      for (const { name } of keptSteps(steps)) {
        const into = `${name}/${findTable(name).partition}=${date}`;
        await files.adopt(`${folder}${name}/`, into);
      }
      await inTurn(steps, (step) => dropStep(work, step), work.atOnce);
      await files.publish();
      await files.discard(folder);
      made.set(keyOf(steps, date), inputs);
      await writeDerivedDays(lake, made);
    },

    async readExtent(date) {
      const { name } = EXTENT_STEP;
      await declare([name]);
      if (isPrepared) {
        await work.runOwn(
          `create or replace view ${quoteName(name)} as select * from ${schema}.${quoteName(name)} where ${findTable(name).partition} = date ${quoteText(date)}`,
        );
      }
      const { rows } = await main.run(
        `select first_at, last_at, object_ids from ${name} where ${findTable(name).partition} = cast($date as date)`,
        { date },
      );
      return extentOf(connection, rows[0] ?? [], date);
    },

    async keepDates(steps, dates) {
      for (const step of keptSteps(steps)) {
        await dropOtherDates(lake, step, dates);
        await createDerivedView(connection, lake, step.name);
      }
      if (!isPrepared) return;
      await files.publish();
      await declare();
      await inTurn(keptSteps(steps), ({ name }) => showLake(name), work.atOnce);
    },

    async countCopies() {
      await files.publish();
      await declare();
      const { rows } = await main.run(COPY_COUNT);
      return Number(rows[0]?.[0] ?? 0);
    },
  };
}

const keyOf = (steps: readonly Step[], date: string): string => `${steps[0]?.name}/${date}`;

const keptSteps = (steps: readonly Step[]): Step[] => steps.filter(({ kept }) => kept === 'lake');

/** Makes the schema: the tables of the lake as views, and what the steps of all days read. */
async function prepareWork(options: EngineDaysOptions, parameters: Parameters): Promise<void> {
  const { config, files, work, workSchema, schema, declare } = options;
  await files.sweep();
  await files.publish();
  await declare();
  await work.runOwn(`drop schema if exists ${workSchema} cascade`);
  await work.runOwn(`create schema ${workSchema}`);
  const scratch = WHOLE_STEPS.filter(({ kept }) => kept === 'scratch');
  const read = new Set(
    [...scratch, EXTENT_STEP, ...DAY_STEPS, ...RECORD_STEPS, ...EVENT_STEPS].flatMap((step) => [
      ...namesRead(fileOf(step).text),
    ]),
  );
  const tables = TABLES.filter(({ name }) => read.has(name));
  await inTurn(tables, ({ name }) => showTable(work, schema, name), work.atOnce);
  await createScopeTable(work, config);
  const folder = files.newFolder();
  await runSteps(scratch, work.atOnce, (step) => runStep(options, step, parameters, '', folder));
}

/** A view of a table of the lake, with all its days. */
async function showTable(work: Engine, schema: string, name: string): Promise<void> {
  await work.runOwn(
    `create or replace view ${quoteName(name)} as select * from ${schema}.${quoteName(name)}`,
  );
}

/** Runs each step once those that it reads have run; those that do not wait for each other a few at once. */
async function runSteps(
  steps: readonly Step[],
  atOnce: number,
  run: (step: Step) => Promise<void>,
): Promise<void> {
  const running = new Map<string, Promise<void>>();
  let failure: { thrown: unknown } | undefined;
  const places = new Set<Promise<void>>();
  for (const step of steps) {
    const before = [...namesRead(fileOf(step).text)].flatMap((name) => running.get(name) ?? []);
    const turn = Promise.all(before).then(async () => {
      while (places.size >= atOnce) await Promise.race(places);
      if (failure) return;
      const work = run(step)
        .catch((thrown: unknown) => {
          failure ??= { thrown };
        })
        .finally(() => places.delete(work));
      places.add(work);
      await work;
    });
    running.set(step.name, turn);
  }
  await Promise.all(running.values());
  if (failure) throw (failure as { thrown: unknown }).thrown;
}

/** Runs a step: into a folder of the bucket, or as a view. */
async function runStep(
  { work, files }: EngineDaysOptions,
  step: Step,
  parameters: Parameters,
  date: string,
  folder: string,
): Promise<void> {
  const { name, kept } = step;
  const file = fileOf(step);
  const values = engineParameters(listOf(file.header.parameters), parameters);
  if (kept === 'query') {
    await work.storeView(name, file.text, values);
    return;
  }
  const location = files.uriOf(`${folder}${kept === 'lake' ? '' : 'work/'}${name}/`);
  if (kept !== 'lake') {
    await work.store(name, file.text, values, { location });
    return;
  }
  const { columns, partition } = findTable(name);
  const inFiles = columns.filter((column) => column.name !== partition);
  await work.store(dayTable(name), file.text, values, { columns: inFiles, location });
  const select = columns.map((column) =>
    column.name === partition
      ? `date ${quoteText(date)} as ${quoteName(column.name)}`
      : quoteName(column.name),
  );
  await work.runOwn(
    `create or replace view ${quoteName(name)} as select ${select.join(', ')} from ${quoteName(dayTable(name))}`,
  );
}

/** The files of a day as a table; the view of the step's own name says which day it is. */
const dayTable = (name: string): string => `${name}_day_files`;

/** Without quotes: of DROP TABLE Athena takes others than Trino does, and the names are plain. */
async function dropStep(work: Engine, { name, kept }: Step): Promise<void> {
  if (kept === 'query' || kept === 'lake') await work.runOwn(`drop view ${name}`);
  if (kept === 'lake') await work.runOwn(`drop table ${dayTable(name)}`);
  else if (kept !== 'query') await work.runOwn(`drop table ${name}`);
}

function engineParameters(names: readonly string[], parameters: Parameters): EngineParameters {
  return Object.fromEntries(
    names.map((name) => {
      const value = parameters[name] ?? null;
      const isPlain = value === null || ['string', 'bigint', 'number'].includes(typeof value);
      if (!isPlain) throw new Error(`the parameter ${name} is no text and no number`);
      return [name, value as string | bigint | number | null];
    }),
  );
}

/** A row of `flow_extent`, with who recorded its objects. */
async function extentOf(
  connection: DuckDBConnection,
  [firstAt, lastAt, objectIds]: readonly EngineValue[],
  date: string,
): Promise<Extent> {
  const ids = (Array.isArray(objectIds) ? objectIds : []).map((id) => quoteText(String(id)));
  const [row] = await readRows<{ recorders: string | null }>(
    connection,
    `select md5(string_agg(cast(o as varchar), chr(10) order by o.object_id)) as recorders
     from (select * exclude (object_number) from flow_object) o
     where list_contains(cast([${ids.join(', ')}] as varchar[]), o.object_id)`,
  );
  const midnight = `${date} 00:00:00.000000`;
  return {
    from: String(firstAt ?? midnight),
    until: String(lastAt ?? midnight),
    recorders: row?.recorders ?? '',
  };
}
