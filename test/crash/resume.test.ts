/**
 * `flowproof run` with a schedule, killed (SIGKILL) at any step that it takes on the files of its lake and
 * its packs, from the first object to the last pack: the next runs finish the work with the same result.
 * FLOWPROOF_TEST_ROUNDS=50 kills it more often.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/query-file.ts';
import { verifyPack } from '../../src/reports/verify.ts';
import { buildProgram, type Exit, startProgram } from '../built-program.ts';
import { deliver, makeWorld, randomFrom, writeSoakConfig } from './soak-world.ts';
import { packsOf, tablesOf } from './whole-content.ts';

/** Lakes that are made, each with two kills on the way. */
const ROUNDS = Number(process.env.FLOWPROOF_TEST_ROUNDS ?? 2);
const AS_OF = '2025-11-04T03:00:00Z';

let base = '';
let expected: { tables: Record<string, string>; packs: Record<string, string> };
/** Steps of an uninterrupted run. */
let steps = 0;

beforeAll(async () => {
  await buildProgram();
  base = mkdtempSync(join(tmpdir(), 'flowproof-resume-'));
  const whole = join(base, 'sources');
  mkdirSync(whole);
  deliver(whole, makeWorld(1, 26, 2), 0, 27);
  writeSoakConfig(whole, 3, false);
  const folder = makeCopy('whole');
  expect(await runOnce(folder)).toMatchObject({ code: 0, stderr: '' });
  steps = Number(readFileSync(join(base, 'steps'), 'utf8'));
  expected = contentOf(folder, await tablesOf(join(folder, 'lake')));
  expect(Object.keys(expected.packs).length).toBeGreaterThan(5);
});

afterAll(() => rmSync(base, { recursive: true }));

function makeCopy(name: string): string {
  const folder = join(base, name);
  cpSync(join(base, 'sources'), folder, { recursive: true, preserveTimestamps: true });
  return folder;
}

const contentOf = (folder: string, tables: Record<string, string>) => ({
  tables,
  packs: packsOf(join(folder, 'evidence')),
});

/** Runs the program, which dies before or after a step where one is given. */
async function runOnce(folder: string, kill?: { step: number; isAfter: boolean }): Promise<Exit> {
  const preload = pathToFileURL(join(PACKAGE_ROOT, 'test/crash/kill-at-step.mjs')).href;
  const config = join(folder, 'flowproof.yaml');
  const { child, ended } = startProgram(['run', '--quiet', '--config', config, '--as-of', AS_OF], {
    NODE_OPTIONS: `--import "${preload}"`,
    FLOWPROOF_TEST_STEPS_FILE: join(base, 'steps'),
    FLOWPROOF_TEST_STEPS_IN: folder,
    ...(kill && {
      FLOWPROOF_TEST_KILL_AT: String(kill.step),
      FLOWPROOF_TEST_KILL_AFTER: kill.isAfter ? '1' : '0',
    }),
  });
  child.stdin?.end();
  return ended;
}

/** How far a killed run had come. */
function stageOf(folder: string): 'ingest' | 'enrich' | 'report' {
  const has = (...path: string[]): boolean => readdirSafe(join(folder, ...path)).length > 0;
  if (has('evidence')) return 'report';
  return has('lake', 'source_object') ? 'enrich' : 'ingest';
}

function readdirSafe(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

test('killed in each of its parts, it comes to the same end', async () => {
  const seed = Date.now() % 1_000_000;
  const random = randomFrom(seed);
  const met = { ingest: 0, enrich: 0, report: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    const folder = makeCopy(`round-${round}`);
    const place = `seed ${seed}, round ${round}`;
    // A lake is first killed in the steps from a fifth to three fifths, which are those of enrichment, the next in
    // the last quarter, which are those of the pack; and each once more soon after it went on.
    const part = round % 2 === 0 ? 0.2 + 0.4 * random() : 0.75 + 0.25 * random();
    const first = 1 + Math.floor(steps * part);
    for (const step of [first, 1 + Math.floor(random() * 40)]) {
      const exit = await runOnce(folder, { step, isAfter: random() < 0.5 });
      // A run that goes on may have less to do than that.
      if (exit.signal !== 'SIGKILL') continue;
      expect([place, exit.stderr]).toEqual([place, '']);
      met[stageOf(folder)] += 1;
      for (const name of readdirSafe(join(folder, 'evidence'))) {
        // What stands in a pack's place is a whole pack.
        if (name.startsWith('.')) continue;
        const { problems } = await verifyPack(join(folder, 'evidence', name));
        expect([place, name, problems]).toEqual([place, name, []]);
      }
    }
    expect([place, await runOnce(folder)]).toMatchObject([place, { code: 0, stderr: '' }]);
    const content = contentOf(folder, await tablesOf(join(folder, 'lake')));
    expect([place, content]).toEqual([place, expected]);
    expect(readdirSync(join(folder, 'evidence')).filter((name) => name.startsWith('.'))).toEqual(
      [],
    );
    rmSync(folder, { recursive: true });
  }
  expect([seed, met.enrich > 0, met.report > 0]).toEqual([seed, true, true]);
}, 400_000);
