/** The steps of a day on the embedded engine: files of the lake on this machine. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { type Parameters, readRows } from '../database.ts';
import { createDerivedView, quoteFile } from '../lake.ts';
import { findTable, quoteName } from '../tables.ts';
import { readExtent } from './day-inputs.ts';
import { COPY_COUNT, type DayTables } from './day-tables.ts';
import { forgetDerivedDays } from './derived-days.ts';
import {
  areCurrent,
  type DerivedOptions,
  derivedFile,
  dropOtherDates,
  removeScratchFile,
  writeDerivedTable,
  writeScratchFile,
} from './derived-table.ts';
import { createScratchTable, EXTENT_STEP, type Step } from './steps.ts';

export function localDays(options: DerivedOptions): DayTables {
  const { connection, lake } = options;
  return {
    areCurrent: (steps, inputs, date) =>
      areCurrent(
        options,
        steps.filter((step) => step.kept === 'lake'),
        inputs,
        date,
      ),
    async make(steps, parameters, inputs, date) {
      await forgetDerivedDays(lake);
      await runSteps(options, steps, parameters, inputs, date);
    },
    async readExtent(date) {
      const file = derivedFile(lake, EXTENT_STEP, date);
      await viewDay(connection, EXTENT_STEP, file);
      return readExtent(connection, file, date);
    },
    async keepDates(steps, dates) {
      for (const step of steps.filter(({ kept }) => kept === 'lake')) {
        await connection.run(`drop view if exists temp.${quoteName(step.name)}`);
        await dropOtherDates(lake, step, dates);
        await createDerivedView(connection, lake, step.name);
      }
    },
    async countCopies() {
      const [row] = await readRows<{ copy_count: bigint }>(connection, COPY_COUNT);
      return Number(row?.copy_count ?? 0);
    },
  };
}

async function runSteps(
  options: DerivedOptions,
  steps: readonly Step[],
  parameters: Parameters,
  inputs: string,
  date: string,
): Promise<void> {
  const { connection } = options;
  for (const step of steps) {
    if (step.kept === 'scratch' || step.kept === 'query') {
      await createScratchTable(connection, step, parameters);
    } else if (step.kept === 'scratch file') {
      await writeScratchFile(options, step, parameters);
    } else {
      const file = await writeDerivedTable(options, step, parameters, inputs, date);
      await viewDay(connection, step, file);
    }
    for (const done of steps.filter(({ until }) => until === step.name)) {
      await dropScratch(options, done);
    }
  }
  for (const step of steps.toReversed()) {
    if (step.until === undefined) await dropScratch(options, step);
  }
}

async function dropScratch(options: DerivedOptions, step: Step): Promise<void> {
  const kind = step.kept === 'scratch' ? 'table' : 'view';
  await options.connection.run(`drop ${kind} temp.${quoteName(step.name)}`);
  if (step.kept === 'scratch file') await removeScratchFile(options, step);
}

/** The steps after it read this day alone; the temporary view hides the one over all days. */
async function viewDay(connection: DuckDBConnection, step: Step, file: string): Promise<void> {
  const partition = findTable(step.name).partition ?? '';
  await connection.run(
    `create or replace temporary view ${quoteName(step.name)} as select * from read_parquet(${quoteFile(file)}, hive_partitioning = true, hive_types = {${quoteName(partition)}: date})`,
  );
}
