/** That `npm run bench` measures what it says: small, as the figures of so few rows mean nothing. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MEMORY_LIMIT } from '../../scripts/bench/enrich-lake.ts';
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
  const { stdout } = await bench('ingest', '--rows', '20001', '--repeat', '2', '--json', file);
  expect(stdout).toBe(await readFile(file, 'utf8'));
  const { ingest } = JSON.parse(stdout) as { ingest: Record<string, number> };
  expect(ingest).toMatchObject({
    rows: 20_001,
    repeat: 2,
    formats: { v2: { rows: 10_001 }, v5: { rows: 10_000 } },
  });
  const { seconds = 0, duckdb_seconds: duckdb = 0, floor_seconds: floor = 0 } = ingest;
  expect(floor).toBeGreaterThan(0);
  expect(ingest.ratio_to_duckdb).toBeCloseTo(seconds / duckdb, 6);
  expect(ingest.ratio_to_floor).toBeCloseTo(seconds / floor, 6);
  expect(ingest.rows_per_second).toBe(Math.round(20_001 / seconds));
  expect(ingest.peak_rss_bytes).toBeGreaterThan(50_000_000);
});

type EnrichFigures = Record<string, number> & {
  verdicts: Record<string, Record<string, number>>;
};

test('enrichment is measured beside a copy of the flows, and what it found is counted', async () => {
  const file = join(folder, 'enrich.json');
  const { stdout } = await bench('enrich', '--rows', '20001', '--repeat', '1', '--json', file);
  expect(stdout).toBe(await readFile(file, 'utf8'));
  const { enrich } = JSON.parse(stdout) as { enrich: EnrichFigures };
  expect(enrich).toMatchObject({
    rows: 20_001,
    repeat: 1,
    interfaces: 600,
    groups: 200,
    rules: 2_000,
    events: 2_001,
    memory_limit: MEMORY_LIMIT,
  });
  const { seconds = 0, scan_copy_seconds: copy = 0, scan_seconds: scan = 0 } = enrich;
  expect(scan).toBeGreaterThan(0);
  expect(enrich.ratio_to_scan_copy).toBeCloseTo(seconds / copy, 6);
  expect(enrich.flows_per_second).toBe(Math.round(20_001 / seconds));
  expect(enrich.peak_rss_bytes).toBeGreaterThan(100_000_000);
  // The traffic is such that every way to a verdict is gone.
  const { verdicts } = enrich;
  expect(Object.keys(verdicts.as_of_verdict ?? {})).toEqual(['ambiguous', 'exact', 'no_metadata']);
  expect(Object.keys(verdicts.initiator_basis ?? {})).toEqual([
    ...['conversation', 'none', 'ports', 'tcp_flags'],
  ]);
  expect(Object.keys(verdicts.rule_verdict ?? {})).toEqual([
    ...['no_metadata', 'no_security_group', 'not_applicable', 'permitted', 'response'],
    ...['tracked_or_changed', 'undecidable', 'unexplained'],
  ]);
  expect(Object.keys(verdicts.acl_verdict ?? {})).toEqual([
    ...['denied', 'no_metadata', 'not_applicable', 'permitted', 'undecidable'],
  ]);
  // Of the flows whose rules are asked, most are permitted.
  const { permitted = 0, unexplained = 0 } = verdicts.rule_verdict ?? {};
  expect(permitted).toBeGreaterThan(3 * unexplained);
  // Five events in six are about a flow.
  const { matched_events: matched = 0 } = enrich;
  expect(matched).toBeGreaterThan(1_500);
  expect(matched).toBeLessThan(1_900);
});

test('the options are told', async () => {
  const { stdout } = await bench('--help');
  expect(stdout).toContain('ingest 4000000, enrich 17000000');
});

test('what cannot be measured is said', async () => {
  await expect(bench('report')).rejects.toMatchObject({
    code: 2,
    stderr: 'no benchmark report; known: ingest, enrich\n',
  });
  await expect(bench('ingest', '--rows', 'many')).rejects.toMatchObject({
    code: 2,
    stderr: '--rows: a whole number of at least 1 is needed (found many)\n',
  });
});
