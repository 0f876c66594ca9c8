/** The steps of enrichment of one day on any engine, in the order in which `src/enrich` runs them. */
import type { Config } from '../../src/config.ts';
import type { Engine, EngineParameters } from '../../src/engines/engine.ts';
import { addDays } from '../../src/enrich/day-inputs.ts';
import {
  DAY_STEPS,
  EVENT_STEPS,
  EXTENT_STEP,
  fileOf,
  RECORD_STEPS,
  type Step,
  WHOLE_STEPS,
} from '../../src/enrich/steps.ts';
import { listOf } from '../../src/query-file.ts';
import { TABLES } from '../../src/tables.ts';

export type DayStep = Step & { parameters: EngineParameters };

/** Every step that leads to the tables of a day, with its parameters. */
export function stepsOfDay(config: Config, date: string): DayStep[] {
  const common = {
    metadata_max_age_seconds: BigInt(Math.round(config.metadata_max_age_hours * 3600)),
    metadata_backdate_seconds: BigInt(Math.round(config.metadata_backdate_hours * 3600)),
    event_clock_tolerance_seconds: BigInt(config.event_clock_tolerance_seconds),
    flow_date: date,
    event_date: date,
  };
  const flows = {
    ...common,
    first_event_date: addDays(date, -1),
    last_event_date: addDays(date, 1),
    event_from: `${addDays(date, -1)} 23:00:00`,
    event_until: `${addDays(date, 1)} 01:00:00`,
  };
  const events = {
    ...common,
    first_event_date: date,
    last_event_date: date,
    event_from: addDays(date, -1),
    event_until: addDays(date, 2),
  };
  const withParameters = (steps: readonly Step[], parameters: EngineParameters): DayStep[] =>
    steps.map((step) => ({ ...step, parameters: parametersOf(step, parameters) }));
  return [
    ...withParameters([...WHOLE_STEPS, EXTENT_STEP, ...DAY_STEPS, ...RECORD_STEPS], flows),
    ...withParameters(EVENT_STEPS, events),
  ];
}

function parametersOf(step: Step, parameters: EngineParameters): EngineParameters {
  const names = listOf(fileOf(step).header.parameters);
  return Object.fromEntries(names.map((name) => [name, parameters[name] ?? null]));
}

/** Makes the table of a step, with the columns and types of the lake where it is a table of it. */
export async function storeStep(engine: Engine, step: DayStep): Promise<void> {
  const table = TABLES.find(({ name, isView }) => name === step.name && !isView);
  await engine.store(step.name, fileOf(step).text, step.parameters, {
    columns: table?.columns,
  });
}
