/**
 * A run with everything that is told of it: its summary file, notifications and metrics, also when it
 * failed. None of these can fail the run, but for a summary file that cannot be written.
 */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { replaceFile } from './atomic-file.ts';
import type { Config } from './config.ts';
import { type Baseline, contradictionsOf, previousContradictions } from './contradictions.ts';
import { FlowproofError, messageOf } from './errors.ts';
import { writeMetrics } from './metrics/metrics.ts';
import { findEvents, isStop } from './notify/events.ts';
import { notify } from './notify/notify.ts';
import { secretVariables } from './notify-schema.ts';
import { noteRun, type Operations, readOperations, writeOperations } from './operations.ts';
import { STATUSES } from './reports/report.ts';
import type { BegunRun, RunOutcome } from './run.ts';
import { readRunHistory } from './run-history.ts';
import { summariseRun } from './run-summary.ts';
import type { RunSummary } from './run-summary-schema.ts';
import { createRedactor } from './secrets.ts';
import { visibleText } from './text-table.ts';

export type WatchOptions = {
  /** Name of the command, as the record of the run has it. */
  command: string;
  /** For the summary, which is written also where the configuration cannot be read. */
  configPath: string;
  readConfig: () => Config;
  /** Where the summary goes, if anywhere. */
  summaryPath: string | undefined;
  /** False to tell nobody and remember nothing, as of the replay of a past moment. */
  isTold?: boolean;
  now?: () => Date;
  environment?: NodeJS.ProcessEnv;
  stdout?: (text: string) => void;
  stderr?: (text: string) => void;
};

/** Runs the job; what must be handed on to `run` comes with the configuration. */
type Work = (config: Config, onBegin: (begun: BegunRun) => Promise<void>) => Promise<RunOutcome>;

/**
 * Reads the configuration, does the work and tells of it. Gives what the work gave, and throws what it
 * threw; throws SUMMARY_UNWRITABLE if nothing else went wrong.
 */
export async function watchRun(
  options: WatchOptions,
  work: Work,
): Promise<{ config: Config; outcome: RunOutcome }> {
  const {
    now = () => new Date(),
    stdout = (text) => process.stdout.write(text),
    stderr = (text) => process.stderr.write(text),
  } = options;
  const watched: Watched = { startedAt: now(), warnings: [] };
  try {
    watched.config = options.readConfig();
    watched.outcome = await work(watched.config, (begun) => noteBegin(watched, begun, options));
  } catch (thrown) {
    watched.thrown = thrown ?? new Error('nothing was thrown');
  }
  const summary = await tell(watched, { ...options, now, stdout });
  for (const warning of summary.warnings) stderr(`warning: ${visibleText(warning)}\n`);
  if (options.summaryPath !== undefined) {
    const text = `${JSON.stringify(summary, null, 2)}\n`;
    await replaceFile(resolve(options.summaryPath), text).catch((thrown) => {
      watched.thrown ??= unwritable(options.summaryPath ?? '', thrown);
    });
  }
  if (watched.thrown !== undefined) throw watched.thrown;
  if (!watched.config || !watched.outcome) throw new Error('a run without an outcome');
  return { config: watched.config, outcome: watched.outcome };
}

type Watched = {
  startedAt: Date;
  warnings: string[];
  config?: Config;
  begun?: BegunRun;
  history?: NonNullable<RunSummary['history']>;
  outcome?: RunOutcome;
  thrown?: unknown;
};

async function noteBegin(
  watched: Watched,
  begun: BegunRun,
  { command }: WatchOptions,
): Promise<void> {
  watched.begun = begun;
  try {
    watched.history = await readRunHistory(begun.connection, command);
  } catch (thrown) {
    watched.warnings.push(`earlier runs could not be looked at: ${messageOf(thrown)}`);
  }
}

type TellOptions = WatchOptions & { now: () => Date; stdout: (text: string) => void };

/** The summary, after everything that it tells of itself was done. */
async function tell(watched: Watched, options: TellOptions): Promise<RunSummary> {
  const { config, begun, thrown } = watched;
  const { environment = process.env, now, isTold = true } = options;
  const redact = createRedactor(secretVariables(config?.notifications ?? []), environment);
  const outcome = watched.outcome ?? begun?.outcome;
  const before = config ? await readOperations(config.lake) : undefined;
  const finishedAt = now();
  const summary = summariseRun({
    command: options.command,
    configPath: resolve(options.configPath),
    config,
    runId: begun?.runId,
    startedAt: begun?.startedAt ?? watched.startedAt,
    finishedAt,
    outcome,
    thrown,
    history: watched.history ?? null,
    baselines: before ? await baselinesOf(outcome, before) : new Map(),
    redact,
  });
  summary.warnings.push(...watched.warnings.map(redact));
  if (!config || !before || !isTold) return summary;
  const contradictions = new Map(
    (outcome?.reports ?? []).map(({ folder, content }) => [
      folder,
      structuredClone(contradictionsOf(content)) as Operations['packs'][string]['contradictions'],
    ]),
  );
  const found = findEvents(
    summary,
    noteRun(before, summary, contradictions),
    config.expected_every_hours,
  );
  const notified = await notify({
    lake: config.lake,
    notifications: config.notifications,
    events: found.events,
    owner: `${config.organization === undefined ? '' : `${config.organization}, `}${config.path}`,
    isStopped: summary.error !== null && isStop(summary.error.code),
    isLakeBusy: thrown instanceof FlowproofError && thrown.code === 'LAKE_LOCKED',
    onKept: () => remember(config, found.operations),
    redact,
    environment,
    now,
  });
  summary.notifications = {
    sent_count: notified.sentCount,
    waiting_count: notified.waitingCount,
    dropped_count: notified.droppedCount,
  };
  summary.warnings.push(...notified.warnings.map(redact));
  const problems = await writeMetrics({
    config,
    summary,
    operations: found.operations,
    statuses: STATUSES,
    write: options.stdout,
  });
  summary.warnings.push(...problems.map(redact));
  return summary;
}

/** Each pack as this lake's runs knew it, else the pack before it in the folder of packs. */
async function baselinesOf(
  outcome: RunOutcome | undefined,
  { packs }: Operations,
): Promise<Map<string, Baseline>> {
  const baselines = new Map<string, Baseline>();
  for (const { folder, content } of outcome?.reports ?? []) {
    const name = basename(folder);
    const known = packs[name];
    const baseline = known
      ? { name, contradictions: known.contradictions }
      : await previousContradictions(folder, content);
    if (baseline) baselines.set(folder, baseline);
  }
  return baselines;
}

/** A run that failed before there was a lake makes none, unless somebody must be told of it. */
async function remember(config: Config, operations: Operations): Promise<void> {
  const folder = join(config.lake, '.flowproof');
  const isWanted = config.notifications.length > 0 || config.metrics !== undefined;
  if (!existsSync(folder)) {
    if (!isWanted) return;
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  await writeOperations(config.lake, operations);
}

function unwritable(path: string, thrown: unknown): FlowproofError {
  return new FlowproofError('SUMMARY_UNWRITABLE', {
    place: path,
    problem: `the summary of the run could not be written (${messageOf(thrown)}); the run itself is done`,
    remedy: `Make the folder, and let this user write to it: mkdir -p ${dirname(resolve(path))}`,
    cause: thrown,
  });
}
