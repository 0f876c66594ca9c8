/**
 * Writes `docs/sizing.md`, and the table of sizes in the README, from what was measured: `npm run sizing`.
 * Measured figures stand in `docs/sizing/`, one file a lake; prices and rates that were not measured with
 * them are named here, once.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PACKAGE_ROOT } from '../src/query-file.ts';
import { TABLES } from '../src/tables.ts';
import type { SizeFigures } from './sizing-figures.ts';

/** Published list prices in US dollars, us-east-1, as known in November 2026: check the current ones. */
const PRICES = {
  /** S3 Standard, a GB and month, first 50 TB. */
  s3GigabyteMonth: 0.023,
  /** Athena, a TB scanned. */
  athenaTerabyte: 5,
  /** EC2 m7i.large on demand (2 vCPU, 8 GiB), an hour. */
  machineHour: 0.1008,
};

/** Rows a second that ingest reads on 2 cores: "How fast" of the README, 4 M rows. */
const INGEST_FLOWS_PER_SECOND = 960_000;

/** Half a day: the rest is for late data, packs and what goes wrong. */
const HOURS_OF_A_DAY = 12;

/** So many times the largest day that was measured, and one machine is no longer what we would begin with. */
const BEYOND = 10;

const FLOWS_A_DAY = [1e6, 1e7, 1e8, 1e9, 1e10];
const DAYS_KEPT = 365;
const DAYS_OF_A_MONTH = 30;

const folder = join(PACKAGE_ROOT, 'docs', 'sizing');
const lakes = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as SizeFigures)
  .sort((a, b) => a.flows - b.flows);
/** What a day takes is told by lakes of one day. */
const dayLakes = lakes.filter(({ days }) => days === 1);
const largest = dayLakes.at(-1);
if (!largest) throw new Error(`no figures in ${folder}`);

const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);
const count = (value: number): string => value.toLocaleString('en-US');
const dollars = (value: number): string =>
  `$${value < 10 ? value.toFixed(2) : count(Math.round(value))}`;

function bytes(value: number): string {
  const units: [number, string][] = [
    [1e12, 'TB'],
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'kB'],
  ];
  const [unit, name] = units.find(([size]) => value >= size) ?? [1, 'B'];
  return `${(value / unit).toFixed(value / unit < 10 ? 1 : 0)} ${name}`;
}

/** Tables that grow by the flow: those of ingest, and those with a row a flow. */
const GROWING = ['flow', 'flow_verdict', 'flow_copy', 'flow_class'];

function growth({ tableBytes, flows }: SizeFigures): number {
  return sum(GROWING.map((name) => tableBytes[name] ?? 0)) / flows;
}

/** What a day of so many flows takes: the line through the two largest lakes; there are fixed costs in it. */
function dayOf(flows: number, measure: (lake: SizeFigures) => number): number {
  const [first, second] = dayLakes.slice(-2);
  if (!first || !second) return (flows / (first?.flows ?? 1)) * (first ? measure(first) : 0);
  const slope = (measure(second) - measure(first)) / (second.flows - first.flows);
  return Math.max(0, measure(second) + slope * (flows - second.flows));
}

const lakeText = ({ flows, days, enrichSeconds }: SizeFigures): string =>
  `${count(flows)} flows of ${days === 1 ? 'a day' : `${days} days`} (enriched in ${enrichSeconds.toFixed(0)} s)`;

const scannedBytes = ({ reports }: SizeFigures): number =>
  sum(reports.map((report) => report.scannedBytes));

function reportLines(): string[] {
  const names =
    lakes
      .at(-1)
      ?.reports.map(({ name }) => name)
      .sort() ?? [];
  const cells = (name: string): string =>
    lakes
      .map(({ reports }) => {
        const one = reports.find((report) => report.name === name);
        if (!one) return '– | – | –';
        return `${one.duckdbSeconds.toFixed(1)} | ${one.trinoSeconds.toFixed(1)} | ${bytes(one.scannedBytes)}`;
      })
      .join(' | ');
  const heads = lakes.map(({ flows }) => `DuckDB, s (${count(flows / 1e6)} M) | Trino, s | read`);
  const total = lakes
    .map(({ reports }) =>
      [
        sum(reports.map(({ duckdbSeconds }) => duckdbSeconds)).toFixed(0),
        sum(reports.map(({ trinoSeconds }) => trinoSeconds)).toFixed(0),
        bytes(sum(reports.map((report) => report.scannedBytes))),
      ].join(' | '),
    )
    .join(' | ');
  return [
    `| Report | ${heads.join(' | ')} |`,
    `|---|${'---:|---:|---:|'.repeat(lakes.length)}`,
    ...names.map((name) => `| \`${name}\` | ${cells(name)} |`),
    `| all | ${total} |`,
  ];
}

function sizeLines(lake: SizeFigures): string[] {
  const perFlow = growth(lake);
  return FLOWS_A_DAY.map((flows) => {
    const enrichSeconds = dayOf(flows, (one) => one.enrichSeconds);
    const hours = (flows / INGEST_FLOWS_PER_SECOND + enrichSeconds) / 3600;
    const stored = flows * DAYS_KEPT * perFlow;
    const machine = hours * DAYS_OF_A_MONTH * PRICES.machineHour;
    const reports = (DAYS_OF_A_MONTH * dayOf(flows, scannedBytes)) / 1e12;
    const isForOne = hours <= HOURS_OF_A_DAY && flows <= BEYOND * lake.flows;
    const where = isForOne ? 'DuckDB, 2 cores' : 'Trino or Athena';
    const guess = flows > lake.flows ? ' (not measured)' : '';
    return `| ${count(flows)} | ${where}${guess} | ${hours < 1 ? `${(hours * 60).toFixed(1)} min` : `${hours.toFixed(1)} h`} | ${dollars(machine)} | ${bytes(stored)} | ${dollars((stored / 1e9) * PRICES.s3GigabyteMonth)} | ${bytes(reports * 1e12)} | ${dollars(reports * PRICES.athenaTerabyte)} |`;
  });
}

const derived = TABLES.filter(({ layer }) => layer !== 'ingest').map(({ name }) => name);
const rollups = derived.filter((name) => !GROWING.includes(name));

const SIZE_TABLE = `| Flows a day | Where | Reading and enriching a day | Machine a month | A year of raw rows | S3 a month | Reports of a month read | Athena, one pack |
|---:|---|---:|---:|---:|---:|---:|---:|
${sizeLines(largest).join('\n')}`;

const DOC = `# Sizing

What a day of so many flows needs. Measured: generated lakes of ${lakes.map(lakeText).join(', ')}
(600 interfaces, 2,000 rules, 100,000 IPS events, those of several days with the same flows each day) on 2 cores and 24 GiB, DuckDB in this program and Trino 470 with a heap of
2 GB on the same machine, one after the other, once; files on a local disk. \`TRINO_FLOWS=10000000 TRINO_FIGURES=docs/sizing/10.json npm run
test:integration trino-generated\` measures a lake (with \`TRINO_DAYS=10\`, one of ten days), and fails where a row of a report differs between the engines;
\`npm run sizing\` writes this page. Other sizes
were not measured: what is said of them lies on the line through the two largest lakes of one day.

## Flows a day → machine, and cost a month

${SIZE_TABLE}

From the lake of ${count(largest.flows)} flows: ${growth(largest).toFixed(1)} bytes a flow in the tables that grow with flows (${GROWING.map((name) => `\`${name}\``).join(', ')}), ${bytes(sum(rollups.map((name) => largest.tableBytes[name] ?? 0)))} of
all others together, ${largest.enrichSeconds.toFixed(0)} s of \`flowproof enrich\` (${((largest.enrichSeconds / largest.flows) * 1e6).toFixed(1)} s a million flows); ingest ${count(INGEST_FLOWS_PER_SECOND)} rows a second, as in the README. List
prices, US dollars, us-east-1, from memory of November 2026, to be checked: S3 Standard ${PRICES.s3GigabyteMonth} a GB and month, Athena ${PRICES.athenaTerabyte} a TB
scanned, m7i.large ${PRICES.machineHour} an hour. Enrichment by Athena is not in the table: what its steps scan was not measured at size.
A day of more than ${HOURS_OF_A_DAY} hours of work, or of more than ${BEYOND} times the flows of the largest day that was measured, is called
one for Trino or Athena; its time and machine are still those of 2 cores, on the line. Flow logs themselves cost: vended logs to S3 are billed by AWS.
Generated flows are more alike than real ones, and pack better: expect more bytes a flow, and measure your own.

## Reports on both engines

Seconds, and what Trino read of the files. The rows were equal, in their order.

${reportLines().join('\n')}
`;

/** The page, as it must stand in the repository. */
export const sizingDoc = (): string => DOC;

const BEGIN = '<!-- made by npm run sizing: begin -->';
const END = '<!-- made by npm run sizing: end -->';

/** The README with the table of sizes as it must stand there. Throws if the README has no place for it. */
export function withSizes(readme: string): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`README.md has no ${BEGIN} before ${END}`);
  return `${readme.slice(0, begin + BEGIN.length)}\n${SIZE_TABLE}\n${readme.slice(end)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const readme = join(PACKAGE_ROOT, 'README.md');
  writeFileSync(join(PACKAGE_ROOT, 'docs', 'sizing.md'), sizingDoc());
  writeFileSync(readme, withSizes(readFileSync(readme, 'utf8')));
}
