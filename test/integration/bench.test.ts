/** That `npm run bench` measures what it says: small, as the figures of so few rows mean nothing. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/query-file.ts';

const run = promisify(execFile);

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowproof-bench-test-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function bench(...args: string[]) {
  const script = join(PACKAGE_ROOT, 'scripts', 'bench', 'bench.ts');
  return run(process.execPath, ['--import', 'tsx', script, ...args], {
    cwd: PACKAGE_ROOT,
    // The generated logs go below the folder for temporary files.
    env: { ...process.env, TMPDIR: folder },
  });
}

test('ingest is measured against both floors, by the same files', async () => {
  const file = join(folder, 'figures.json');
  const { stdout } = await bench('ingest', '--rows', '20001', '--repeat', '1', '--json', file);
  expect(stdout).toBe(await readFile(file, 'utf8'));
  const { ingest } = JSON.parse(stdout) as { ingest: Record<string, number> };
  expect(ingest).toMatchObject({
    rows: 20_001,
    repeat: 1,
    formats: { v2: { rows: 10_001 }, v5: { rows: 10_000 } },
  });
  const { seconds = 0, duckdb_seconds: duckdb = 0, floor_seconds: floor = 0 } = ingest;
  expect(floor).toBeGreaterThan(0);
  expect(ingest.ratio_to_duckdb).toBeCloseTo(seconds / duckdb, 6);
  expect(ingest.ratio_to_floor).toBeCloseTo(seconds / floor, 6);
  expect(ingest.rows_per_second).toBe(Math.round(20_001 / seconds));
  expect(ingest.peak_rss_bytes).toBeGreaterThan(50_000_000);
});

test('what cannot be measured is said', async () => {
  await expect(bench('report')).rejects.toMatchObject({
    code: 2,
    stderr: 'no benchmark report; known: ingest\n',
  });
  await expect(bench('ingest', '--rows', 'many')).rejects.toMatchObject({
    code: 2,
    stderr: '--rows: a whole number of at least 1 is needed (found many)\n',
  });
});
