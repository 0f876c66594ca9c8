/**
 * `flowproof ingest` killed (SIGKILL) at many points, by the clock and between any two steps on the files
 * that it commits, and continued until it is done: the lake is then what an uninterrupted run makes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/query-file.ts';
import { buildProgram, PROGRAM } from '../built-program.ts';
import { checkLake, contentOf, writeConfig, writeObjects } from './lake-content.ts';

/** Three batches: the inventory of ten objects, then flow logs, 2,000 and the rest. */
const OBJECTS = 2200;
const INVENTORY_OBJECTS = 10;

/**
 * Steps that a reading thread takes on staged files, roughly: it writes a file in many pieces. A run with
 * fewer is not killed.
 */
const THREAD_STEPS = 1500;

const KILLS = 9;

let base = '';
let expected: Record<string, string[]>;
let wholeMilliseconds = 0;
/** Steps that the main thread takes in a run of all objects: more, the more threads there are. */
let mainSteps = 0;

beforeAll(async () => {
  await buildProgram();
  base = mkdtempSync(join(tmpdir(), 'flowproof-kill-'));
  writeObjects(base, OBJECTS);
  const config = writeConfig(base, 'whole');
  const startedAt = Date.now();
  expect(await ingest(config)).toEqual({ code: 0, signal: null, errors: '' });
  wholeMilliseconds = Date.now() - startedAt;
  mainSteps = Number(readFileSync(join(base, 'steps'), 'utf8'));
  expect(mainSteps).toBeGreaterThan(50);
  expected = await contentOf(join(base, 'whole'));
  expect(expected.source_object).toHaveLength(OBJECTS);
  expect(expected.flow?.length).toBeGreaterThan(2000);
  expect(expected.rejected_record?.length).toBeGreaterThan(150);
});

afterAll(() => rmSync(base, { recursive: true }));

type Kill =
  /** Before or after the nth step on staged files, of the main thread or of one that reads. */
  | { step: number; isAfter: boolean; isThread: boolean }
  /** At a part of the time that a whole run takes. */
  | { time: number };

type Exit = { code: number | null; signal: string | null; errors: string };

async function ingest(config: string, kill?: Kill): Promise<Exit> {
  const child = spawn(process.execPath, [PROGRAM, 'ingest', '--quiet', '--config', config], {
    cwd: PACKAGE_ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      // In the environment it is for threads as well.
      NODE_OPTIONS: `--import "${join(PACKAGE_ROOT, 'test/crash/kill-at-step.mjs')}"`,
      FLOWPROOF_TEST_STEPS_FILE: join(base, 'steps'),
      ...(kill &&
        'step' in kill && {
          [kill.isThread ? 'FLOWPROOF_TEST_KILL_THREAD_AT' : 'FLOWPROOF_TEST_KILL_AT']: String(
            kill.step,
          ),
          FLOWPROOF_TEST_KILL_AFTER: kill.isAfter ? '1' : '0',
        }),
    },
  });
  let errors = '';
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const timer =
    kill && 'time' in kill
      ? setTimeout(() => child.kill('SIGKILL'), kill.time * wholeMilliseconds)
      : undefined;
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  clearTimeout(timer);
  return { code, signal, errors };
}

const stepOf = (max: number, isThread: boolean): fc.Arbitrary<Kill> =>
  fc.record({
    step: fc.integer({ min: 1, max }),
    isAfter: fc.boolean(),
    isThread: fc.constant(isThread),
  });

const anyKill = (): fc.Arbitrary<Kill> =>
  fc.oneof(
    { weight: 3, arbitrary: stepOf(mainSteps, false) },
    { weight: 2, arbitrary: stepOf(THREAD_STEPS, true) },
    { weight: 1, arbitrary: fc.record({ time: fc.double({ min: 0.2, max: 1, noNaN: true }) }) },
  );

/** What the lake must be after its last run: every row of the uninterrupted one, and no other. */
async function expectWhole(lake: string, place: string): Promise<void> {
  const content = await contentOf(lake);
  for (const [table, rows] of Object.entries(expected)) {
    const found = new Set(content[table]);
    const missing = rows.filter((row) => !found.has(row));
    expect([place, table, missing.slice(0, 3)]).toEqual([place, table, []]);
    expect([place, table, content[table]?.length]).toEqual([place, table, rows.length]);
  }
  expect(readdirSync(join(lake, '.flowproof', 'staging'))).toEqual([]);
}

test('killed again and again, a run leaves all of an object or nothing, and comes to the same end', async () => {
  const seed = Date.now() % 1_000_000;
  const kills: Kill[] = [
    // Behind the batch of 2,000, then as a thread writes the next.
    { step: Math.floor(mainSteps * 0.75), isAfter: false, isThread: false },
    { step: 100, isAfter: false, isThread: true },
    ...fc.sample(anyKill(), { seed, numRuns: 10 * KILLS }),
  ];
  let killCount = 0;
  let midwayCount = 0;
  let threadKillCount = 0;
  for (let run = 0, round = 0; killCount < KILLS; run += 1) {
    const lake = join(base, `lake-${round}`);
    const place = `seed ${seed}, run ${run}, lake ${round}`;
    const exit = await ingest(writeConfig(base, `lake-${round}`), kills[run]);
    expect([place, exit.errors]).toEqual([place, '']);
    if (exit.signal === 'SIGKILL') {
      killCount += 1;
      const { objects, inconsistent } = await checkLake(lake);
      expect([place, inconsistent]).toEqual([place, []]);
      if (objects > INVENTORY_OBJECTS && objects < OBJECTS) midwayCount += 1;
      const kill = kills[run];
      if (kill && 'isThread' in kill && kill.isThread) threadKillCount += 1;
    } else {
      expect([place, exit.code]).toEqual([place, 0]);
      await expectWhole(lake, place);
      round += 1;
    }
  }
  expect(midwayCount).toBeGreaterThan(1);
  expect(threadKillCount).toBeGreaterThan(0);
}, 400_000);
