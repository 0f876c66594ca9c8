/**
 * Measures whole processes of `flowproof enrich` that make every derived table anew, in turn with two
 * floors over the same Parquet files of the flows: a process of bare DuckDB that copies them with the
 * settings of the lake, and one that only reads every column. Gives medians, and what enrichment found.
 */
import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { PARQUET_OPTIONS } from '../../src/lake-batch.ts';
import { quoteText } from '../../src/tables.ts';
import {
  dropDerivedTables,
  type EnrichLake,
  type Found,
  MEMORY_LIMIT,
  prepareLake,
  readFound,
} from './enrich-lake.ts';
import {
  type BenchOptions,
  benchFolder,
  median,
  PROGRAM,
  type Run,
  runDuckdb,
  runNode,
} from './measure.ts';

type Measured = Record<'enrich' | 'copy' | 'scan', Run[]>;

export async function benchEnrich(options: BenchOptions): Promise<unknown> {
  const prepared = await prepareLake(options);
  const measured: Measured = { enrich: [], copy: [], scan: [] };
  let found: Found | undefined;
  for (let round = 1; round <= options.repeat; round += 1) {
    process.stderr.write(`round ${round} of ${options.repeat}\n`);
    await runFloors(prepared, measured);
    dropDerivedTables(prepared.lake);
    measured.enrich.push(
      await runNode([PROGRAM, 'enrich', '--quiet', '--config', prepared.config]),
    );
    const now = await readFound(prepared.lake, options.rows);
    if (found && !isDeepStrictEqual(found, now)) {
      throw new Error('enrichment of the same lake found something else than the round before');
    }
    found = now;
  }
  return summarize(options, measured, found);
}

async function runFloors({ flowFiles }: EnrichLake, measured: Measured): Promise<void> {
  const files = `read_parquet([${flowFiles.map(quoteText).join(', ')}], hive_partitioning = false)`;
  const target = join(benchFolder(), 'copy.parquet');
  measured.copy.push(
    await runDuckdb(`copy (select * from ${files}) to ${quoteText(target)} (${PARQUET_OPTIONS})`),
  );
  rmSync(target, { force: true });
  measured.scan.push(await runDuckdb(`select count(columns(*)) from ${files}`));
}

function summarize(
  { rows, repeat, seed }: BenchOptions,
  measured: Measured,
  found: Found | undefined,
): unknown {
  const seconds = (what: keyof Measured): number =>
    median(measured[what].map((run) => run.seconds));
  const peak = (what: keyof Measured): number =>
    Math.max(...measured[what].map((run) => run.peakBytes));
  const statementSeconds = (what: 'copy' | 'scan'): number =>
    median(measured[what].map((run) => run.statementSeconds ?? Number.NaN));
  return {
    flows_per_second: Math.round(rows / seconds('enrich')),
    ratio_to_scan_copy: seconds('enrich') / seconds('copy'),
    peak_rss_bytes: peak('enrich'),
    memory_limit: MEMORY_LIMIT,
    seconds: seconds('enrich'),
    all_seconds: measured.enrich.map((run) => run.seconds),
    scan_copy_seconds: seconds('copy'),
    scan_copy_statement_seconds: statementSeconds('copy'),
    scan_copy_peak_rss_bytes: peak('copy'),
    scan_seconds: seconds('scan'),
    scan_statement_seconds: statementSeconds('scan'),
    rows,
    ...found,
    repeat,
    seed,
    cores: availableParallelism(),
    node: process.version,
  };
}
