/**
 * Hourly runs in a row over data that arrives late, twice, cut and out of order, some of them stopped or
 * killed at any moment: at the end the tables and the packs are those of one clean run over everything.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { verifyChain } from '../../src/reports/pack-chain.ts';
import { verifyPack } from '../../src/reports/verify.ts';
import { type RunOutcome, run } from '../../src/run.ts';
import { stopError } from '../../src/stop.ts';
import { buildProgram, startProgram } from '../built-program.ts';
import { deliver, makeWorld, randomFrom, SOAK_START, writeSoakConfig } from './soak-world.ts';
import { filesBelow, hashesOf, packsOf, tablesOf } from './whole-content.ts';

const HOUR = 3_600_000;

export type SoakOptions = {
  hours: number;
  /** The hour of the first run: it finds what arrived before. */
  firstHour: number;
  seed: number;
  /** In how many hours a child process is killed or asked to stop, in turn, and in how many the run in this process is stopped. */
  kills: number;
  stops: number;
  waitHours: number;
  /** PCI DSS by week too: its packs take seconds. */
  isWhole: boolean;
};

type Fate = 'SIGKILL' | 'SIGTERM' | 'stop' | undefined;

type Tally = { killed: number; terminated: number; stopped: number; finished: number };

/** Runs the soak, and expects all that it is to show. Returns what happened on the way. */
export async function soak(options: SoakOptions): Promise<Tally> {
  const { hours, seed, waitHours } = options;
  const base = mkdtempSync(join(tmpdir(), 'flowproof-soak-'));
  const random = randomFrom(seed);
  const tally: Tally = { killed: 0, terminated: 0, stopped: 0, finished: 0 };
  try {
    await buildProgram();
    const own = join(base, 'own');
    mkdirSync(own);
    const config = writeSoakConfig(own, waitHours, options.isWhole);
    const world = makeWorld(seed, hours, waitHours - 1);
    for (const [what, count] of Object.entries(world.counts)) {
      expect([what, count > 0]).toEqual([what, true]);
    }
    const manifests = new Map<string, string>();
    const fates = fatesOf(options, random);
    deliver(own, world, 0, options.firstHour - 1);
    for (let hour = options.firstHour; hour <= hours; hour += 1) {
      deliver(own, world, hour - 1, hour);
      const place = `seed ${seed}, hour ${hour}`;
      const fate = fates[hour - options.firstHour];
      if (fate === 'stop') await stopRun(config, hour, random, tally);
      else if (fate) await killChild(config, hour, fate, random, tally);
      // What was killed is taken up at once, or by the run of a later hour.
      if (!fate || random() < 0.5) {
        const outcome = await runAt(config, hour);
        expect([place, outcome.exitCode, outcome.ingest?.unreachable]).toEqual([place, 0, []]);
        tally.finished += 1;
      }
      expectUntouched(own, manifests, place);
      if (hour % 20 === 0) await expectIdempotent(own, config, hour, place);
    }
    await runAt(config, hours);
    deliver(own, world, hours, hours + 1);
    // Once the last day is closed all is due.
    const end = Math.ceil(hours / 24) * 24 + waitHours;
    const last = await runAt(config, end);
    expect(last.schedule?.packs.filter(({ late }) => late).length).toBeGreaterThan(0);
    const remade = await runAt(config, end, true);
    expect(remade.schedule?.packs.filter(({ late }) => late)).toEqual([]);
    await expectIdempotent(own, config, end, `seed ${seed}, at the end`);

    const clean = join(base, 'clean');
    cpSync(own, clean, {
      recursive: true,
      preserveTimestamps: true,
      filter: (path) => path !== join(own, 'lake') && path !== join(own, 'evidence'),
    });
    await runAt(join(clean, 'flowproof.yaml'), end);
    const place = `seed ${seed}, at the end`;
    const tables = await tablesOf(join(own, 'lake'));
    expect([place, tables]).toEqual([place, await tablesOf(join(clean, 'lake'))]);
    const packs = packsOf(join(own, 'evidence'));
    expect(Object.keys(packs).length).toBeGreaterThan(5);
    expect([place, packs]).toEqual([place, packsOf(join(clean, 'evidence'))]);
    await expectSound(own);
  } finally {
    rmSync(base, { recursive: true });
  }
  return tally;
}

/** What becomes of the run of each hour, in an order of chance. */
function fatesOf({ hours, firstHour, kills, stops }: SoakOptions, random: () => number): Fate[] {
  const fates = Array.from({ length: hours - firstHour + 1 }, (_, index): Fate => {
    if (index < kills) return index % 2 === 0 ? 'SIGKILL' : 'SIGTERM';
    return index < kills + stops ? 'stop' : undefined;
  });
  return fates
    .map((fate) => ({ fate, place: random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ fate }) => fate);
}

const timeOf = (hour: number): Date => new Date(SOAK_START + hour * HOUR);

async function runAt(
  path: string,
  hour: number,
  isRemake = false,
  signal?: AbortSignal,
): Promise<RunOutcome> {
  const asOf = timeOf(hour);
  let seconds = 0;
  return run({
    config: readConfig(path, asOf),
    parts: ['ingest', 'enrich', 'report'],
    command: 'run',
    progress: { step: () => {}, finish: () => {} },
    asOf,
    isRemake,
    signal,
    now: () => {
      seconds += 1;
      return new Date(asOf.getTime() + seconds * 1000);
    },
  });
}

/** A run in a process of its own that is killed, or asked to stop, at some moment of its two seconds. */
async function killChild(
  config: string,
  hour: number,
  signal: NodeJS.Signals,
  random: () => number,
  tally: Tally,
): Promise<void> {
  const asOf = timeOf(hour).toISOString().replace('.000Z', 'Z');
  const { child, ended } = startProgram(['run', '--quiet', '--config', config, '--as-of', asOf]);
  const timer = setTimeout(() => child.kill(signal), 350 + random() * 1700);
  const exit = await ended;
  clearTimeout(timer);
  if (exit.signal === 'SIGKILL') tally.killed += 1;
  else if (exit.code === 143 || exit.signal === 'SIGTERM') tally.terminated += 1;
  else expect([exit.code, exit.stderr]).toEqual([0, '']);
}

async function stopRun(
  config: string,
  hour: number,
  random: () => number,
  tally: Tally,
): Promise<void> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(stopError('SIGTERM')), random() * 1200);
  try {
    await runAt(config, hour, false, controller.signal);
    tally.finished += 1;
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: 'STOPPED_BY_SIGTERM' });
    tally.stopped += 1;
  } finally {
    clearTimeout(timer);
  }
}

/** A pack that was made stays as it is, byte for byte, whatever arrives. */
function expectUntouched(own: string, manifests: Map<string, string>, place: string): void {
  const hashes = hashesOf(join(own, 'evidence'));
  for (const [name, hash] of Object.entries(hashes)) {
    // What a killed run left half-done is beside the packs, with a dot.
    if (name.startsWith('.')) continue;
    expect([place, name, manifests.get(name) ?? hash]).toEqual([place, name, hash]);
    manifests.set(name, hash);
  }
}

/** A second run at once changes no byte but its own record. */
async function expectIdempotent(
  own: string,
  config: string,
  hour: number,
  place: string,
): Promise<void> {
  await runAt(config, hour);
  const before = hashesOf(own);
  await runAt(config, hour);
  const after = hashesOf(own);
  const added = Object.keys(after).filter((name) => !(name in before));
  expect([place, added.length, added[0]?.startsWith('lake/run/')]).toEqual([place, 1, true]);
  for (const name of added) delete after[name];
  expect([place, after]).toEqual([place, before]);
}

async function expectSound(own: string): Promise<void> {
  const output = join(own, 'evidence');
  const names = readdirSync(output);
  expect(names.filter((name) => name.startsWith('.') || name.includes('.kept-'))).toEqual([]);
  for (const name of names) {
    expect([name, (await verifyPack(join(output, name))).problems]).toEqual([name, []]);
  }
  for (const pack of new Set(names.map((name) => name.split('_')[0]))) {
    const newest = names.filter((name) => name.startsWith(`${pack}_`)).at(-1) ?? '';
    expect((await verifyChain(join(output, newest))).problems).toEqual([]);
  }
  expect(filesBelow(join(own, 'lake', '.flowproof', 'staging'))).toEqual([]);
  expect(filesBelow(join(own, 'lake', '.flowproof', 'scratch'))).toEqual([]);
}
