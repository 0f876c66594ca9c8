/**
 * `npm run -s bench -- [ingest] [enrich] [options]`: measures parts of flowproof as processes, beside
 * floors. Each part says in its file what it measures.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { benchEnrich } from './enrich-bench.ts';
import { benchIngest } from './ingest-bench.ts';
import type { BenchOptions } from './measure.ts';

type Benchmark = { run: (options: BenchOptions) => Promise<unknown>; rows: number };

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  ingest: { run: benchIngest, rows: 4_000_000 },
  enrich: { run: benchEnrich, rows: 17_000_000 },
};

const HELP = `npm run -s bench -- [ingest] [enrich] [options]

  ingest  flow logs to Parquet, beside bare DuckDB and zlib over the same files
  enrich  flows with inventory and IPS events, beside a scan-and-copy of the flows' Parquet

Without a name both run, one after the other.

  --rows N     flows to generate (ingest ${BENCHMARKS.ingest?.rows}, enrich ${BENCHMARKS.enrich?.rows})
  --repeat K   rounds, of which the median counts (3)
  --seed S     another seed, other flows (1)
  --json FILE  write the figures to a file as well

What is generated is kept below the folder for temporary files, in flowproof-bench.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: 'string' },
    repeat: { type: 'string' },
    seed: { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});

/** A whole number of at least 1, or the end of the program with a word on what to write. */
function numberOption(name: 'rows' | 'repeat' | 'seed', absent: number): number {
  const text = values[name];
  if (text === undefined) return absent;
  const value = Number(text.replaceAll('_', ''));
  if (Number.isSafeInteger(value) && value >= 1) return value;
  process.stderr.write(`--${name}: a whole number of at least 1 is needed (found ${text})\n`);
  process.exit(2);
}

if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const known = Object.keys(BENCHMARKS);
const unknown = positionals.find((name) => !known.includes(name));
if (unknown !== undefined) {
  process.stderr.write(`no benchmark ${unknown}; known: ${known.join(', ')}\n`);
  process.exit(2);
}
const results: Record<string, unknown> = {};
for (const [name, benchmark] of Object.entries(BENCHMARKS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  results[name] = await benchmark.run({
    rows: numberOption('rows', benchmark.rows),
    repeat: numberOption('repeat', 3),
    seed: numberOption('seed', 1),
  });
}
const text = `${JSON.stringify(results, null, 2)}\n`;
if (values.json !== undefined) writeFileSync(values.json, text);
process.stdout.write(text);
