/**
 * `flowproof compact` killed (SIGKILL) between any two steps on the files of the lake, as it merges and as
 * it removes what was merged before: the lake has every row once before and after, and the next compaction
 * finishes what this one began. FLOWPROOF_TEST_COMPACT_KILLS asks for more kills than there are by default.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compact } from '../../src/compact/compact.ts';
import { openDatabase } from '../../src/database.ts';
import { openLakeForWriting } from '../../src/lake.ts';
import { openBatch } from '../../src/lake-batch.ts';
import { PACKAGE_ROOT } from '../../src/query-file.ts';
import { buildProgram, PROGRAM } from '../built-program.ts';
import { checkLake, contentOf, writeConfig } from './lake-content.ts';

const KILLS = Number(process.env.FLOWPROOF_TEST_COMPACT_KILLS ?? 6);
const BATCHES = 6;

let base = '';
let expected: Record<string, string[]>;
/** Steps that a compaction takes: the first merges, the second removes. */
const steps: number[] = [];

beforeAll(async () => {
  await buildProgram();
  base = mkdtempSync(join(tmpdir(), 'flowproof-compact-kill-'));
  await writeLake(join(base, 'first'));
  expected = await contentOf(join(base, 'first'));
  expect(expected.flow).toHaveLength(2 * BATCHES);
  cpSync(join(base, 'first'), join(base, 'lake-whole'), { recursive: true });
  expect(spawnCompact('lake-whole')).toEqual({ code: 0, signal: null, errors: '' });
  steps.push(Number(readFileSync(join(base, 'steps'), 'utf8')));
  cpSync(join(base, 'lake-whole'), join(base, 'second'), { recursive: true });
  expect(spawnCompact('lake-whole')).toEqual({ code: 0, signal: null, errors: '' });
  steps.push(Number(readFileSync(join(base, 'steps'), 'utf8')));
  expect(Math.min(...steps)).toBeGreaterThan(20);
});

afterAll(() => rmSync(base, { recursive: true }));

/** Six batches of two days, each an object with a flow on either day. */
async function writeLake(lake: string): Promise<void> {
  const lock = await openLakeForWriting(lake);
  const database = await openDatabase();
  for (let index = 0; index < BATCHES; index += 1) {
    const id = `object-${index}`;
    const batch = await openBatch(database.connection, lake, id);
    for (const [line, date] of ['2026-11-02', '2026-11-03'].entries()) {
      batch.addRow('flow', { object_id: id, line_number: line, flow_date: new Date(date) });
    }
    batch.addRow('source_object', {
      object_id: id,
      row_count: 2,
      ingested_at: new Date('2026-11-03T12:00:00Z'),
    });
    await batch.commit();
  }
  database.close();
  await lock.release();
}

/** Removes at once what an earlier compaction merged, and merges what is left to merge. */
function spawnCompact(lake: string, kill?: { step: number; isAfter: boolean }) {
  const { status, signal, stderr } = spawnSync(
    process.execPath,
    [
      ...[PROGRAM, 'compact', '--quiet'],
      ...['--grace-hours', '0', '--older-than-days', '0', '--config', writeConfig(base, lake)],
    ],
    {
      cwd: PACKAGE_ROOT,
      encoding: 'utf8',
      env: {
        ...process.env,
        NODE_OPTIONS: `--import "${join(PACKAGE_ROOT, 'test/crash/kill-at-step.mjs')}"`,
        FLOWPROOF_TEST_STEPS_IN: `${join(base, lake)}/`,
        FLOWPROOF_TEST_STEPS_FILE: join(base, 'steps'),
        ...(kill && {
          FLOWPROOF_TEST_KILL_AT: String(kill.step),
          FLOWPROOF_TEST_KILL_AFTER: kill.isAfter ? '1' : '0',
        }),
      },
    },
  );
  return { code: status, signal, errors: stderr };
}

test('killed anywhere, the lake has every row once, and the next compaction finishes', async () => {
  const seed = Date.now() % 1_000_000;
  const drawn = fc.sample(
    fc.record({ part: fc.double({ min: 0, max: 1, noNaN: true }), isAfter: fc.boolean() }),
    { seed, numRuns: KILLS },
  );
  for (const [index, { part, isAfter }] of drawn.entries()) {
    const round = index % 2;
    const kill = { step: 1 + Math.floor(part * ((steps[round] ?? 1) - 1)), isAfter };
    const lake = `lake-${index}`;
    const place = `seed ${seed}, ${round === 0 ? 'merging' : 'removing'}, step ${kill.step}`;
    cpSync(join(base, round === 0 ? 'first' : 'second'), join(base, lake), { recursive: true });
    expect([place, spawnCompact(lake, kill).signal]).toEqual([place, 'SIGKILL']);
    const check = async (): Promise<void> => {
      expect([place, await contentOf(join(base, lake))]).toEqual([place, expected]);
      const { inconsistent } = await checkLake(join(base, lake));
      expect([place, inconsistent]).toEqual([place, []]);
    };
    await check();
    // One merges what is left, one removes what was merged, one the second names of the merged files.
    for (let more = 0; more < 3; more += 1) {
      await compact({
        lake: join(base, lake),
        now: new Date(),
        olderThanDays: 0,
        graceHours: 0,
        onProgress: () => {},
      });
    }
    await check();
    expect(readdirSync(join(base, lake, 'flow', 'flow_date=2026-11-02'))).toHaveLength(1);
    expect(readdirSync(join(base, lake, '.flowproof', 'staging'))).toEqual([]);
  }
}, 300_000);
