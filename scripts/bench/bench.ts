/**
 * `npm run bench -- ingest [--rows N] [--repeat K] [--seed S] [--json FILE]`
 *
 * Measures whole processes of `flowproof ingest` against two floors, in one run and in turn, so that what
 * else the machine does falls on all of them: a process of bare DuckDB that reads the same files with typed
 * columns into Parquet, and zlib decompressing them (that work alone). Prints medians and ratios of times:
 * below 1 is faster. `ratio_to_duckdb_statement` leaves out the start of DuckDB's process, but not of ours.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { duckdbStatement } from './duckdb-statement.ts';
import { type BenchFormat, FORMATS, generateFlowLogs } from './generate.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const PROGRAM = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

type Run = {
  seconds: number;
  peakBytes: number;
  /** Of DuckDB, without the start of its process. */
  statementSeconds?: number;
};

/** Runs a Node program to its end; its standard output, and the peak of its memory. */
function runNode(
  args: readonly string[],
): Promise<{ output: string; peakBytes: number; seconds: number }> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(
      process.execPath,
      ['--import', new URL('peak-memory.mjs', import.meta.url).href, ...args],
      { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] },
    );
    let output = '';
    let peak = '';
    child.stdout?.on('data', (chunk) => {
      output += chunk;
    });
    child.stdio[3]?.on('data', (chunk) => {
      peak += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      const seconds = (performance.now() - began) / 1000;
      if (code !== 0) reject(new Error(`${args.join(' ').slice(0, 200)} ended with ${code}`));
      else resolve({ output, seconds, peakBytes: Number(peak) * 1024 });
    });
  });
}

async function runInflate(paths: readonly string[]): Promise<Run> {
  const script = join(HERE, 'inflate-floor.ts');
  const { output, peakBytes } = await runNode(['--import', 'tsx', script, ...paths]);
  return { seconds: Number(output), peakBytes };
}

async function runDuckdb(statement: string): Promise<Run> {
  const { output, ...run } = await runNode([join(HERE, 'duckdb-floor.mjs'), statement]);
  return { ...run, statementSeconds: Number(output) };
}

async function runIngest(folder: string, files: string, rowCount: number): Promise<Run> {
  const work = mkdtempSync(join(folder, 'lake-'));
  try {
    const config = join(work, 'flowproof.yaml');
    writeFileSync(
      config,
      JSON.stringify({
        lake: join(work, 'lake'),
        output: join(work, 'evidence'),
        sources: { flow_logs: [{ files: [files] }] },
        scope: [{ name: 'all', match: { account: ['123456789012'] } }],
        period: { start: '2026-11-01', end: '2026-12-01' },
      }),
    );
    const { output, ...run } = await runNode([PROGRAM, 'ingest', '--quiet', '--config', config]);
    const expected = `${rowCount.toLocaleString('en-US')} rows, 0 NODATA, 0 SKIPDATA, 0 rejected`;
    if (!output.includes(expected)) throw new Error(`not "${expected}" in:\n${output}`);
    return run;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

type Measured = Record<'floor' | 'duckdb' | 'ingest', Run[]>;

async function benchIngest(rowCount: number, repeat: number, seed: number): Promise<unknown> {
  const folder = join(tmpdir(), 'flowproof-bench');
  mkdirSync(folder, { recursive: true });
  const measured = new Map<BenchFormat, Measured>();
  const inputs = new Map<BenchFormat, { paths: string[]; rows: number }>();
  for (const format of FORMATS) {
    const rows = format === 'v2' ? Math.ceil(rowCount / 2) : Math.floor(rowCount / 2);
    process.stderr.write(`generating ${rows} rows of ${format}\n`);
    inputs.set(format, { paths: await generateFlowLogs(folder, format, rows, seed), rows });
    measured.set(format, { floor: [], duckdb: [], ingest: [] });
  }
  for (let round = 1; round <= repeat; round += 1) {
    for (const [format, { paths, rows }] of inputs) {
      process.stderr.write(`round ${round} of ${repeat}, ${format}\n`);
      const runs = measured.get(format) as Measured;
      const files = `${(paths[0] ?? '').split('/AWSLogs/')[0]}/**/*.log.gz`;
      const target = join(folder, 'duckdb.parquet');
      runs.floor.push(await runInflate(paths));
      runs.ingest.push(await runIngest(folder, files, rows));
      runs.duckdb.push(await runDuckdb(duckdbStatement(format, paths, target)));
      rmSync(target, { force: true });
    }
  }
  return summarize(inputs, measured, repeat, seed);
}

function summarize(
  inputs: ReadonlyMap<BenchFormat, { rows: number }>,
  measured: ReadonlyMap<BenchFormat, Measured>,
  repeat: number,
  seed: number,
): unknown {
  const of = (format: BenchFormat, what: keyof Measured): number =>
    median((measured.get(format)?.[what] ?? []).map((run) => run.seconds));
  const figures = (formats: readonly BenchFormat[]) => {
    const sum = (what: keyof Measured): number =>
      formats.reduce((total, format) => total + of(format, what), 0);
    const statementSeconds = formats.reduce(
      (total, format) =>
        total +
        median((measured.get(format)?.duckdb ?? []).map((run) => run.statementSeconds ?? 0)),
      0,
    );
    const rows = formats.reduce((total, format) => total + (inputs.get(format)?.rows ?? 0), 0);
    const peak = (what: keyof Measured): number =>
      Math.max(
        ...formats.flatMap((name) => measured.get(name)?.[what].map((run) => run.peakBytes) ?? []),
      );
    return {
      ratio_to_duckdb: sum('ingest') / sum('duckdb'),
      ratio_to_duckdb_statement: sum('ingest') / statementSeconds,
      ratio_to_floor: sum('ingest') / sum('floor'),
      rows_per_second: Math.round(rows / sum('ingest')),
      peak_rss_bytes: peak('ingest'),
      seconds: sum('ingest'),
      duckdb_seconds: sum('duckdb'),
      duckdb_statement_seconds: statementSeconds,
      duckdb_peak_rss_bytes: peak('duckdb'),
      floor_seconds: sum('floor'),
      rows,
    };
  };
  return {
    ...figures(FORMATS),
    formats: Object.fromEntries(FORMATS.map((format) => [format, figures([format])])),
    repeat,
    seed,
    cores: availableParallelism(),
    node: process.version,
  };
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: 'string', default: '4000000' },
    repeat: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    json: { type: 'string' },
  },
});

const KNOWN = ['ingest'];

/** A whole number of at least 1, or the end of the program with a word on what to write. */
function numberOption(name: 'rows' | 'repeat' | 'seed'): number {
  const value = Number(values[name].replaceAll('_', ''));
  if (Number.isSafeInteger(value) && value >= 1) return value;
  process.stderr.write(
    `--${name}: a whole number of at least 1 is needed (found ${values[name]})\n`,
  );
  process.exit(2);
}

const wanted = positionals.length === 0 ? KNOWN : positionals;
const unknown = wanted.find((name) => !KNOWN.includes(name));
if (unknown !== undefined) {
  process.stderr.write(`no benchmark ${unknown}; known: ${KNOWN.join(', ')}\n`);
  process.exit(2);
}
const results = {
  ingest: await benchIngest(numberOption('rows'), numberOption('repeat'), numberOption('seed')),
};
const text = `${JSON.stringify(results, null, 2)}\n`;
if (values.json !== undefined) writeFileSync(values.json, text);
process.stdout.write(text);
