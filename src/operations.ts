/**
 * What runs remember of each other beside the lake's tables: `<lake>/.flowproof/operations.json`. It says
 * what was told already, and what metrics show between the runs that make a pack. It can be deleted:
 * then counters begin at 0 and what still holds is told once more.
 */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from './atomic-file.ts';
import type { RunSummary } from './run-summary-schema.ts';

const count = z.number().int().min(0);

const COUNTERS = [
  'runs',
  'failed_runs',
  'objects',
  'rows',
  'rejected_lines',
  'damaged_objects',
  'skipdata_records',
  'days_enriched',
] as const;

export type Counter = (typeof COUNTERS)[number];

const packState = z.object({
  pack: z.string(),
  period_start: z.string(),
  period_end: z.string(),
  data_through: z.string().nullable(),
  statuses: z.record(z.string(), z.string()),
  contradictions: z.record(z.string(), z.record(z.string(), count)),
  new_contradiction_count: count,
});

const operationsSchema = z.object({
  format_version: z.literal(1),
  commands: z.record(
    z.string(),
    z.object({
      started_at: z.string(),
      finished_at: z.string(),
      duration_seconds: z.number(),
      exit_code: z.number(),
      last_success_at: z.string().nullable(),
      unreachable_count: count,
    }),
  ),
  totals: z.record(z.enum(COUNTERS), count),
  /** By name of the folder. */
  packs: z.record(z.string(), packState),
  /** Sources out of reach, and failures, that were told and still hold. */
  unreachable: z.array(z.string()),
  failures: z.array(z.string()),
  /** Keys of events that happen once, newest last. */
  told: z.array(z.string()),
});

export type Operations = z.infer<typeof operationsSchema>;
export type PackState = z.infer<typeof packState>;

const MAX_PACKS = 400;
const MAX_KEYS = 1000;

export function operationsPath(lake: string): string {
  return join(lake, '.flowproof', 'operations.json');
}

export function emptyOperations(): Operations {
  const totals = Object.fromEntries(COUNTERS.map((name) => [name, 0]));
  return {
    format_version: 1,
    commands: {},
    totals: totals as Operations['totals'],
    packs: {},
    unreachable: [],
    failures: [],
    told: [],
  };
}

/** Reads the file; what is missing or cannot be understood counts as nothing. */
export async function readOperations(lake: string): Promise<Operations> {
  const text = await readFile(operationsPath(lake), 'utf8').catch(() => undefined);
  if (text === undefined) return emptyOperations();
  try {
    return operationsSchema.parse(JSON.parse(text));
  } catch {
    return emptyOperations();
  }
}

/** Writes the file; the folder `.flowproof` of the lake must be there. Bounded, the newest stay. */
export async function writeOperations(lake: string, operations: Operations): Promise<void> {
  const packs = Object.entries(operations.packs)
    .sort(([one, a], [other, b]) => compare(a.period_end, b.period_end) || compare(one, other))
    .slice(-MAX_PACKS);
  const kept: Operations = {
    ...operations,
    packs: Object.fromEntries(packs),
    unreachable: operations.unreachable.slice(-MAX_KEYS),
    failures: operations.failures.slice(-MAX_KEYS),
    told: operations.told.slice(-MAX_KEYS),
  };
  await replaceFile(operationsPath(lake), `${JSON.stringify(kept, null, 2)}\n`);
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** Counts a run, and keeps what the metrics show of it and of its packs. */
export function noteRun(
  operations: Operations,
  summary: RunSummary,
  contradictions: ReadonlyMap<string, PackState['contradictions']>,
): Operations {
  const { ingest, enrich, command, history } = summary;
  const added: Record<Counter, number> = {
    runs: 1,
    failed_runs: summary.error ? 1 : 0,
    objects: ingest?.object_count ?? 0,
    rows: ingest?.row_count ?? 0,
    rejected_lines: ingest?.rejected_count ?? 0,
    damaged_objects: ingest?.damaged_count ?? 0,
    skipdata_records: ingest?.skipdata_count ?? 0,
    days_enriched: enrich?.enriched_day_count ?? 0,
  };
  const totals = { ...operations.totals };
  for (const name of COUNTERS) totals[name] += added[name];
  const known = operations.commands[command];
  const lastSuccess = history?.last_success?.finished_at ?? known?.last_success_at ?? null;
  return {
    ...operations,
    totals,
    commands: {
      ...operations.commands,
      [command]: {
        started_at: summary.started_at,
        finished_at: summary.finished_at,
        duration_seconds: summary.duration_seconds,
        exit_code: summary.exit_code,
        last_success_at: summary.exit_code === 0 ? summary.finished_at : lastSuccess,
        unreachable_count: ingest?.unreachable_count ?? known?.unreachable_count ?? 0,
      },
    },
    packs: {
      ...operations.packs,
      ...Object.fromEntries(
        summary.packs.map((pack) => [
          basename(pack.folder),
          {
            pack: pack.name,
            period_start: pack.period.start,
            period_end: pack.period.end,
            data_through: pack.data_through,
            statuses: Object.fromEntries(pack.requirements.map(({ id, status }) => [id, status])),
            contradictions: contradictions.get(pack.folder) ?? {},
            new_contradiction_count: pack.new_contradictions.length,
          },
        ]),
      ),
    },
  };
}
