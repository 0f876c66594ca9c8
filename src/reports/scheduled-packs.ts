/**
 * The packs of a schedule: which are due and not made yet, which are there, which lack what arrived after
 * they were made, and making them in the order of their chain.
 *
 * A pack that was made is evidence that somebody may hold, and the packs after it name its hash: it is
 * made again only when that is asked for (`isRemake`), and then with all that follow it.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Config } from '../config.ts';
import { closedUntil, type PlannedPack, plannedPacks } from '../schedule.ts';
import type { Every, Schedule } from '../schedule-schema.ts';
import { type LateObjects, lateObjects, readLakeObjects, readMadePack } from './made-packs.ts';
import { finishSwap } from './pack-folder.ts';
import { packName, type ReportOptions, type ReportOutcome, report } from './reports.ts';

/** A pack of the schedule, after a run or as it stands; plain data, times in ISO 8601. */
export type ScheduledPack = {
  pack: string;
  every: Every;
  period: { start: string; end: string };
  folder: string;
  /** When its last day is closed for late data. */
  dueAt: string;
  /**
   * `made`: by this run. `there`: made before, not touched. `not_due`: its period goes on, or waits for late
   * data. `due`: the next run makes it. `postponed`: due, but a source could not be reached, so that data may be
   * missing. `held`: due, but packs that follow it are there, and would have to be made again.
   */
  state: 'made' | 'there' | 'not_due' | 'due' | 'postponed' | 'held';
  /** Of a pack that is there: what it lacks, and whether the configuration was another one. */
  late?: LateObjects;
  hasOtherConfig?: boolean;
};

export type ScheduleOutcome = {
  asOf: string;
  /** Days before this one are closed for late data. */
  closedUntil: string;
  packs: ScheduledPack[];
};

export type ScheduleStateOptions = {
  /** With the views of the lake. */
  connection: DuckDBConnection;
  config: Pick<Config, 'output' | 'sha256'>;
  schedule: Schedule;
  asOf: Date;
};

export type ScheduleOptions = ReportOptions &
  ScheduleStateOptions & {
    /** Makes again what lacks rows or had another configuration, and what follows it in the chain. */
    isRemake: boolean;
    /** True if a source could not be reached: what is due waits for the next run, a day at most. */
    isIncomplete: boolean;
  };

/** What stays out of reach must not keep back evidence for good. */
const MAX_POSTPONEMENT_MILLISECONDS = 86_400_000;

type Candidate = PlannedPack & {
  folder: string;
  isDue: boolean;
  isPostponed: boolean;
  isMade: boolean;
  isStale: boolean;
  late: LateObjects;
  hasOtherConfig: boolean;
};

/** The packs of the schedule as they stand. Makes none, and changes nothing. */
export async function readSchedule(options: ScheduleStateOptions): Promise<ScheduleOutcome> {
  const candidates = await readCandidates(options, false);
  return outcomeOf(options, candidates, []);
}

/** Makes the packs that are due and not there. Needs the views of the lake, and its lock. */
export async function reportSchedule(
  options: ScheduleOptions,
): Promise<{ outcome: ScheduleOutcome; reports: ReportOutcome[] }> {
  const { schedule, asOf, config } = options;
  for (const planned of plannedPacks(schedule, asOf)) {
    if (planned.dueAt <= asOf) await finishSwap(folderOf(config, planned));
  }
  const candidates = await readCandidates(options, options.isIncomplete);
  const begun = await readRemake(config.lake);
  const again = new Set(options.isRemake ? toRemake(candidates) : []);
  for (const candidate of candidates) {
    if (begun.has(basename(candidate.folder)) && candidate.isDue) again.add(candidate);
  }
  const isHeld = (one: Candidate): boolean => !again.has(one) && candidates.some(follows(one));
  const due = candidates.filter(
    (one) => one.isDue && !one.isPostponed && (again.has(one) || (!one.isMade && !isHeld(one))),
  );
  // Killed half-way, the next run goes on with the rest, whether it is asked to or not.
  if (again.size > 0)
    await noteRemake(
      config.lake,
      [...again].map(({ folder }) => basename(folder)),
    );
  const reports: ReportOutcome[] = [];
  for (const group of byPeriod(due)) {
    const [first] = group;
    if (!first) continue;
    const packs = group.map(({ pack }) => pack);
    reports.push(
      ...(await report({ ...options, config: { ...config, packs, period: first.period } })),
    );
  }
  await forgetRemake(config.lake);
  return { outcome: outcomeOf(options, candidates, due), reports };
}

function outcomeOf(
  { schedule, asOf }: Pick<ScheduleStateOptions, 'schedule' | 'asOf'>,
  candidates: readonly Candidate[],
  madeNow: readonly Candidate[],
): ScheduleOutcome {
  return {
    asOf: asOf.toISOString(),
    closedUntil: closedUntil(schedule, asOf).toISOString(),
    packs: candidates.map((one) => describe(one, madeNow.includes(one), candidates)),
  };
}

function folderOf({ output }: Pick<Config, 'output'>, planned: PlannedPack): string {
  return join(output, packName(planned.pack, planned));
}

function describe(
  one: Candidate,
  isMadeNow: boolean,
  candidates: readonly Candidate[],
): ScheduledPack {
  const { pack, every, period, folder, dueAt, late, hasOtherConfig } = one;
  const isThere = one.isMade && !isMadeNow;
  return {
    pack,
    every,
    period: { start: period.start.toISOString(), end: period.end.toISOString() },
    folder,
    dueAt: dueAt.toISOString(),
    state: isMadeNow ? 'made' : stateWithout(one, candidates),
    ...(isThere && late.objectCount > 0 ? { late } : {}),
    ...(isThere && hasOtherConfig ? { hasOtherConfig } : {}),
  };
}

/** The state of a pack that was not made now. */
function stateWithout(one: Candidate, candidates: readonly Candidate[]): ScheduledPack['state'] {
  if (one.isMade) return 'there';
  if (!one.isDue) return 'not_due';
  if (one.isPostponed) return 'postponed';
  return candidates.some(follows(one)) ? 'held' : 'due';
}

async function readCandidates(
  { connection, config, schedule, asOf }: ScheduleStateOptions,
  isIncomplete: boolean,
): Promise<Candidate[]> {
  const objects = await readLakeObjects(connection);
  const candidates: Candidate[] = [];
  for (const planned of plannedPacks(schedule, asOf)) {
    const folder = folderOf(config, planned);
    const isDue = planned.dueAt <= asOf;
    const overdue = asOf.getTime() - planned.dueAt.getTime();
    const isPostponed = isDue && isIncomplete && overdue < MAX_POSTPONEMENT_MILLISECONDS;
    const made = await readMadePack(folder, planned.pack, planned.period);
    const late = made
      ? lateObjects(made, planned.period, objects)
      : { objectCount: 0, rowCount: 0 };
    const hasOtherConfig = made !== undefined && made.config_sha256 !== config.sha256;
    const isMade = made !== undefined;
    const isStale = late.objectCount > 0 || hasOtherConfig;
    candidates.push({
      ...planned,
      folder,
      isDue,
      isPostponed,
      isMade,
      isStale,
      late,
      hasOtherConfig,
    });
  }
  return candidates;
}

/** Packs that are there and begin at or after the end of this one, of the same name: its chain goes on. */
function follows(one: Candidate): (other: Candidate) => boolean {
  return (other) => other.isMade && other.pack === one.pack && other.period.start >= one.period.end;
}

/** What is to be made again: packs that are stale or missing from their chain, and all that follow them. */
function toRemake(candidates: readonly Candidate[]): Candidate[] {
  const changed = candidates.filter((one) => one.isDue && (one.isStale || !one.isMade));
  return candidates.filter(
    (one) => changed.includes(one) || changed.some((other) => follows(other)(one)),
  );
}

function byPeriod(candidates: readonly Candidate[]): Candidate[][] {
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const { start, end } = candidate.period;
    const key = `${start.toISOString()} ${end.toISOString()}`;
    groups.set(key, [...(groups.get(key) ?? []), candidate]);
  }
  return [...groups.values()];
}

/** Names of the packs that a run has begun to make again, in a file of the lake until all of them are. */
const remakeFile = (lake: string): string => join(lake, '.flowproof', 'remake');

async function readRemake(lake: string): Promise<ReadonlySet<string>> {
  const text = await readFile(remakeFile(lake), 'utf8').catch(() => '');
  return new Set(text.split('\n').filter((name) => name !== ''));
}

async function noteRemake(lake: string, names: readonly string[]): Promise<void> {
  const file = remakeFile(lake);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}-${randomUUID()}`;
  await writeFile(fresh, names.map((name) => `${name}\n`).join(''), { mode: 0o600 });
  await rename(fresh, file);
}

async function forgetRemake(lake: string): Promise<void> {
  await rm(remakeFile(lake), { force: true });
}
