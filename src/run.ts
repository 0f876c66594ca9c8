/**
 * The main job and its parts: ingest, enrich and report, in this order, each able to run alone.
 *
 * This file alone knows that the three exist. It holds the lake's lock while it writes, keeps the
 * record of the run, and decides the exit code.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { configAsOf, readPeriod } from './as-of.ts';
import type { Config } from './config.ts';
import type { Scanned } from './engines/engine.ts';
import { type EngineUse, isEmbedded, openEngine } from './engines/open-engine.ts';
import { type EnrichResult, enrich, isEnriched } from './enrich/enrich.ts';
import { openDays } from './enrich/open-days.ts';
import { EXIT_CODES } from './errors.ts';
import { type IngestResult, ingest } from './ingest/ingest.ts';
import { describeProgress } from './ingest/ingest-progress.ts';
import { openSources } from './ingest/open-sources.ts';
import { createLakeViews, scratchFolder } from './lake.ts';
import { PARQUET_OPTIONS } from './lake-batch.ts';
import { withLakeDatabase } from './lake-database.ts';
import type { Progress } from './progress.ts';
import type { EngineFiles } from './remote-lake/engine-files.ts';
import type { Signer } from './reports/dsse.ts';
import { loadPacks, type ReportOptions, type ReportOutcome, report } from './reports/reports.ts';
import { scheduleWarnings } from './reports/schedule-words.ts';
import { reportSchedule, type ScheduleOutcome } from './reports/scheduled-packs.ts';
import { openSigner } from './reports/signer.ts';
import { type RetainResult, retain } from './retain/retain.ts';
import { retainWarning } from './retain/retain-text.ts';
import { untilStopped } from './stop.ts';
import { findTable, quoteName, quoteText } from './tables.ts';
import { TOOL_VERSION } from './version.ts';

export type Part = 'ingest' | 'enrich' | 'report';

export type RunOutcome = {
  ingest?: IngestResult;
  enrich?: EnrichResult;
  /** One for each pack that was made: those of the configuration, or those of its schedule that were due. */
  reports?: readonly ReportOutcome[];
  /** Every pack of the schedule, if the configuration has one. */
  schedule?: ScheduleOutcome;
  /** What left the lake, if the configuration says how long raw rows stay. */
  retain?: RetainResult;
  /** What another engine than DuckDB read for it, where there is one. */
  scanned?: Scanned;
  exitCode: number;
  seconds: number;
};

export type RunOptions = {
  config: Config;
  /** Which parts; `run` is all three. */
  parts: readonly Part[];
  command: 'run' | Part;
  progress: Progress;
  now?: () => Date;
  /** A past moment: nothing later is read, and no pack is made that was not due then. Now, if absent. */
  asOf?: Date | undefined;
  /** Makes packs of the schedule again that lack what arrived later, or had another configuration. */
  isRemake?: boolean;
  /** Once aborted the run ends within seconds, tidies up, and throws its reason. */
  signal?: AbortSignal | undefined;
  /** Told once the lake is open, before anything is read. The outcome is filled as the parts end. */
  onBegin?: ((begun: BegunRun) => Promise<void>) | undefined;
};

export type BegunRun = {
  runId: string;
  startedAt: Date;
  /** With the views of the lake as they were before this run. */
  connection: DuckDBConnection;
  outcome: RunOutcome;
};

/** Runs the parts. Throws FlowproofError; the lake stays usable whatever happens. */
export async function run(options: RunOptions): Promise<RunOutcome> {
  const { parts, progress, signal, now = () => new Date() } = options;
  const config = configAsOf(options.config, { asOf: options.asOf, now: now() });
  // A pack that does not exist, or a key that cannot sign, should not cost the hours of reading before it is missed.
  if (parts.includes('report')) loadPacks(config);
  const signer = parts.includes('report') ? await openSigner(config) : undefined;
  const startedAt = now();
  const runId = randomUUID();
  try {
    return await withLakeDatabase(
      { lake: config.lake, memoryLimit: config.memory_limit },
      async ({ connection, lock, leave }) => {
        const job: Job = {
          ...options,
          config,
          now,
          connection,
          signer,
          runId,
          startedAt,
          publish: lock.publish,
          engineFiles: lock.engineFiles,
        };
        const ended = await untilStopped({ signal, connection, work: () => runParts(job) });
        if ('value' in ended) return ended.value;
        if (ended.isLeft) leave();
        throw ended.stopped;
      },
    );
  } finally {
    progress.finish();
  }
}

type Job = RunOptions & {
  now: () => Date;
  connection: DuckDBConnection;
  signer: Signer | undefined;
  runId: string;
  startedAt: Date;
  publish: () => Promise<void>;
  engineFiles: EngineFiles | undefined;
};

/** What a run does while it holds the lake. */
async function runParts(job: Job): Promise<RunOutcome> {
  const { config, parts, connection, runId, startedAt, now, asOf, signal } = job;
  const progress = stoppableProgress(job.progress, signal);
  await createLakeViews(connection, config.lake);
  const outcome: RunOutcome = { exitCode: EXIT_CODES.ok, seconds: 0 };
  await job.onBegin?.({ runId, startedAt, connection, outcome });
  // A run that is killed leaves this: the next one knows by which configuration its objects were read.
  await keepRunRecord(connection, job, { runId, startedAt });
  if (parts.includes('ingest')) {
    outcome.ingest = await ingest({
      connection,
      lake: config.lake,
      sources: await openSources(config, connection, now, { asOf }),
      period: readPeriod(config, asOf),
      asOf,
      signal,
      runId,
      configSha256: config.sha256,
      now,
      onProgress: (ingestProgress) => {
        const { message, details } = describeProgress(ingestProgress);
        progress.step('ingest', message, details);
      },
    });
    outcome.exitCode = ingestExitCode(outcome.ingest, config);
    await job.publish();
  }
  if (parts.includes('enrich')) {
    outcome.enrich = await enrich({
      connection,
      lake: config.lake,
      days: await openDays({ ...job, use: engineUse(job, outcome) }),
      config,
      onProgress: ({ date, day, dayCount }) =>
        progress.step('enrich', `${date} (day ${day} of ${dayCount})`, {
          date,
          day,
          days: dayCount,
        }),
    });
  }
  if (parts.includes('enrich')) await job.publish();
  if (parts.includes('report')) {
    // Another engine sees what is published.
    await job.publish();
    await reportPacks(job, progress, outcome);
  }
  if (job.command === 'run') await retainRows(job, progress, outcome);
  const finishedAt = now();
  outcome.seconds = (finishedAt.getTime() - startedAt.getTime()) / 1000;
  await keepRunRecord(connection, job, { runId, startedAt, finishedAt, outcome });
  await job.publish();
  return outcome;
}

/** What an engine that is paid by what it reads is to know, and to tell. */
function engineUse({ config, signal }: Job, outcome: RunOutcome): EngineUse {
  if (!isEmbedded(config)) outcome.scanned ??= { bytes: 0 };
  return { scanned: outcome.scanned ?? { bytes: 0 }, signal };
}

/** Makes the packs of the configuration, or those of its schedule that are due. */
async function reportPacks(job: Job, progress: Progress, outcome: RunOutcome): Promise<void> {
  const { connection, config, signer, signal, startedAt } = job;
  const options: ReportOptions = {
    engine: await openEngine(config, connection, engineUse(job, outcome)),
    config,
    signer,
    signal,
    onProgress: ({ report: name, position, count }) =>
      progress.step('report', `${name} (${position} of ${count})`, { report: name }),
  };
  if (!config.schedule) {
    outcome.reports = await report(options);
    return;
  }
  const scheduled = await reportSchedule({
    ...options,
    connection,
    schedule: config.schedule,
    asOf: job.asOf ?? startedAt,
    isRemake: job.isRemake ?? false,
    isIncomplete: (outcome.ingest?.unreachable.length ?? 0) > 0,
  });
  outcome.reports = scheduled.reports;
  outcome.schedule = scheduled.outcome;
  for (const message of scheduleWarnings(scheduled.outcome)) progress.warn?.(message);
}

/**
 * Takes raw rows out of the lake that are older than the configuration keeps them, once all packs are made.
 * A replay of a past moment takes nothing out, nor does a run that could not read all: packs may wait for it.
 */
async function retainRows(job: Job, progress: Progress, outcome: RunOutcome): Promise<void> {
  const { connection, config, startedAt } = job;
  const { lake, retention, schedule, sha256 } = config;
  if (!retention || job.asOf || (outcome.ingest?.unreachable.length ?? 0) > 0) return;
  outcome.retain = await retain({
    connection,
    lake,
    retention,
    schedule,
    configSha256: sha256,
    now: startedAt,
    isEnriched: () => isEnriched({ lake, config }),
    onProgress: ({ table, date, day, dayCount }) =>
      progress.step('retain', `${table} of ${date} (${day} of ${dayCount})`, {
        table,
        date,
        day,
        days: dayCount,
      }),
  });
  const warning = retainWarning(outcome.retain);
  if (warning !== undefined) progress.warn?.(warning);
}

/** Between any two of its steps, a run may hear that it is to stop. */
function stoppableProgress(progress: Progress, signal: AbortSignal | undefined): Progress {
  return {
    ...progress,
    step: (stage, message, details) => {
      signal?.throwIfAborted();
      progress.step(stage, message, details);
    },
  };
}

/** 3 if more was refused than the configuration allows, 1 if something could not be reached. */
export function ingestExitCode(result: IngestResult, config: Pick<Config, 'allowance'>): number {
  if (result.unreachable.length > 0) return EXIT_CODES.unexpected;
  const { rejected_lines, damaged_objects } = config.allowance;
  const isOver = result.rejectedCount > rejected_lines || result.damaged.length > damaged_objects;
  return isOver ? EXIT_CODES.refused : EXIT_CODES.ok;
}

/** Writes the record of a run in the place of the one before; without an end as long as it goes on. */
async function keepRunRecord(
  connection: DuckDBConnection,
  options: RunOptions,
  run: { runId: string; startedAt: Date; finishedAt?: Date; outcome?: RunOutcome },
): Promise<void> {
  const { config } = options;
  const { outcome } = run;
  const table = findTable('run');
  const values: Record<string, string | number | null> = {
    run_id: run.runId,
    command: options.command,
    tool_version: TOOL_VERSION,
    config_sha256: config.sha256,
    started_at: run.startedAt.toISOString(),
    finished_at: run.finishedAt?.toISOString() ?? null,
    object_count: outcome?.ingest?.objectCount ?? 0,
    row_count: outcome?.ingest?.rowCount ?? 0,
    rejected_count: outcome?.ingest?.rejectedCount ?? 0,
    damaged_count: outcome?.ingest?.damaged.length ?? 0,
    exit_code: outcome?.exitCode ?? null,
  };
  const columns = table.columns.map(
    (column) => `cast($${column.name} as ${column.type}) as ${quoteName(column.name)}`,
  );
  const scratch = join(scratchFolder(config.lake), `run-${run.runId}.parquet`);
  await connection.run(
    `copy (select ${columns.join(', ')}) to ${quoteText(scratch)} (${PARQUET_OPTIONS})`,
    values,
  );
  const folder = join(config.lake, table.name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await rename(scratch, join(folder, `${run.runId}.parquet`));
}
