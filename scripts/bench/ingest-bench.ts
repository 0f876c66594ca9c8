/**
 * Measures whole processes of `flowproof ingest` against two floors, in one run and in turn, so that what
 * else the machine does falls on all of them: a process of bare DuckDB that reads the same files with typed
 * columns into Parquet, and zlib decompressing them (that work alone). Gives medians and ratios of times:
 * below 1 is faster. `ratio_to_duckdb_statement` leaves out the start of DuckDB's process, but not of ours.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { duckdbStatement } from './duckdb-statement.ts';
import { generateFlowLogs, patternOf } from './generate.ts';
import {
  type BenchOptions,
  benchFolder,
  median,
  PROGRAM,
  type Run,
  runDuckdb,
  runInflate,
  runNode,
} from './measure.ts';
import { type BenchFormat, FORMATS } from './topology.ts';

type Measured = Record<'floor' | 'duckdb' | 'ingest', Run[]>;

export async function benchIngest({
  rows: rowCount,
  repeat,
  seed,
}: BenchOptions): Promise<unknown> {
  const folder = benchFolder();
  const measured = new Map<BenchFormat, Measured>();
  const inputs = new Map<BenchFormat, { paths: string[]; rows: number }>();
  for (const format of FORMATS) {
    const rows = format === 'v2' ? Math.ceil(rowCount / 2) : Math.floor(rowCount / 2);
    process.stderr.write(`generating ${rows} rows of ${format}\n`);
    inputs.set(format, {
      paths: await generateFlowLogs({ format, rowCount: rows, seed }),
      rows,
    });
    measured.set(format, { floor: [], duckdb: [], ingest: [] });
  }
  for (let round = 1; round <= repeat; round += 1) {
    for (const [format, { paths, rows }] of inputs) {
      process.stderr.write(`round ${round} of ${repeat}, ${format}\n`);
      const runs = measured.get(format) as Measured;
      const files = patternOf(paths);
      const target = join(folder, 'duckdb.parquet');
      runs.floor.push(await runInflate(paths));
      runs.ingest.push(await runIngest(folder, files, rows));
      runs.duckdb.push(await runDuckdb(duckdbStatement(format, paths, target)));
      rmSync(target, { force: true });
    }
  }
  return summarize(inputs, measured, repeat, seed);
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
