/**
 * `flowproof retain` killed (SIGKILL) between any two steps on the files of the lake and of the archive: each
 * day is there with all its rows and no action, or gone with one action and in the archive, and the next call
 * finishes. FLOWPROOF_TEST_RETAIN_KILLS asks for more kills than there are by default.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openLakeForWriting } from '../../src/lake.ts';
import { PACKAGE_ROOT } from '../../src/query-file.ts';
import { rowsOf } from '../compact/hourly-lake.ts';
import { askLake, configOf, NOW, restoreAt, retainAt, writeOldLake } from '../retain/old-lake.ts';

const KILLS = Number(process.env.FLOWPROOF_TEST_RETAIN_KILLS ?? 2);

const RETENTION = 'retention: { raw_months: 12, archive: ./archive }';

let base = '';
let steps = 0;
let expected: Record<string, string[]>;
let whole: unknown[][];

const COUNTS = `
  select table_name, strftime(log_date, '%d') as day, row_count, action from retention_action
  order by table_name, log_date`;

beforeAll(async () => {
  base = await writeOldLake('flowproof-retain-kill-');
  expected = await rowsOf(join(base, 'lake'));
  cpSync(join(base, 'lake'), join(base, 'lake-whole'), { recursive: true });
  expect(spawnRetain('lake-whole')).toEqual({ code: 0, signal: null, errors: '' });
  steps = Number(readFileSync(join(base, 'steps'), 'utf8'));
  expect(steps).toBeGreaterThan(20);
  whole = await askLake(join(base, 'lake-whole'), COUNTS);
  expect(whole.length).toBe(12);
}, 120_000);

afterAll(() => rmSync(base, { recursive: true }));

function spawnRetain(lake: string, kill?: { step: number; isAfter: boolean }) {
  const { status, signal, stderr } = spawnSync(
    process.execPath,
    [
      ...['--import', 'tsx', join(PACKAGE_ROOT, 'test/crash/retain-at.ts')],
      ...[configOf(base, lake, RETENTION), NOW.toISOString()],
    ],
    {
      cwd: PACKAGE_ROOT,
      encoding: 'utf8',
      env: {
        ...process.env,
        NODE_OPTIONS: `--import "${join(PACKAGE_ROOT, 'test/crash/kill-at-step.mjs')}"`,
        FLOWPROOF_TEST_STEPS_IN: `${lake}/`,
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

test('killed anywhere, a day is there or has left with its action, and the next call finishes', async () => {
  const seed = Date.now() % 1_000_000;
  const drawn = fc.sample(
    fc.record({ part: fc.double({ min: 0, max: 1, noNaN: true }), isAfter: fc.boolean() }),
    { seed, numRuns: KILLS },
  );
  for (const [index, { part, isAfter }] of drawn.entries()) {
    const kill = { step: 1 + Math.floor(part * (steps - 1)), isAfter };
    const lake = `lake-${index}`;
    const place = `seed ${seed}, step ${kill.step}`;
    cpSync(join(base, 'lake'), join(base, lake), { recursive: true });
    expect([place, spawnRetain(lake, kill).signal]).toEqual([place, 'SIGKILL']);
    const root = join(base, lake);
    await (await openLakeForWriting(root)).release();
    const acted = await askLake(root, COUNTS);
    const [flows] = await askLake(
      root,
      "select count(*) from flow where flow_date in ('2026-11-02', '2026-11-03', '2026-11-04')",
    );
    expect([place, acted, flows]).toEqual(
      acted.length > 0 ? [place, whole, [0]] : [place, [], [12]],
    );
    const config = configOf(base, lake, RETENTION);
    await retainAt(config, NOW, { graceHours: 0 });
    expect([place, await askLake(root, COUNTS)]).toEqual([place, whole]);
    expect(readdirSync(join(root, '.flowproof', 'staging'))).toEqual([]);
    for (const day of ['02', '03', '04']) await restoreAt(config, NOW, `2026-11-${day}`);
    const { retention_action: _, ...back } = await rowsOf(root);
    const { retention_action: none, ...before } = expected;
    expect([place, none, back]).toEqual([place, [], before]);
  }
}, 300_000);
