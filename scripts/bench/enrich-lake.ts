/**
 * The lake that enrichment is measured on: flows, inventory and events of one seed, ingested once and
 * kept for later runs. Before a measurement only the tables of ingest are left in it.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase, readRows } from '../../src/database.ts';
import { createLakeViews, scratchFolder } from '../../src/lake.ts';
import { TABLES } from '../../src/tables.ts';
import { eventCountOf, writeEvents } from './events.ts';
import { generateFlowLogs, generateLaterDays, patternOf } from './generate.ts';
import { writeInventory } from './inventory.ts';
import { type BenchOptions, makeOnce, PROGRAM, runNode, textHash } from './measure.ts';
import { ACCOUNT_ID, FORMATS, idOf } from './topology.ts';
import type { Traffic } from './traffic.ts';

export type EnrichLake = {
  lake: string;
  config: string;
  /** The Parquet files of the flows. */
  flowFiles: readonly string[];
};

/** Of the engine; what the process takes beside it is measured with it. */
export const MEMORY_LIMIT = '480MB';

const HERE = new URL('.', import.meta.url);
const DIST = new URL('../../dist/', import.meta.url);

/**
 * The lake of these rows and this seed, made unless the same program made it before. With `days`, the rows are those of
 * so many days in a row, which have the same flows; events and changes of the inventory are of the first.
 */
export async function prepareLake({
  rows,
  seed,
  days = 1,
}: Omit<BenchOptions, 'repeat'> & { days?: number }): Promise<EnrichLake> {
  const name = `enrich-${rows}-seed-${seed}${days === 1 ? '' : `-days-${days}`}`;
  const folder = await makeOnce(name, textHash(sourceFiles()), (partial) =>
    ingestAll(partial, Math.ceil(rows / days), seed, days),
  );
  const lake = join(folder, 'lake');
  const flows = join(lake, 'flow');
  const flowFiles = namesBelow(flows, /\.parquet$/).map((name) => join(flows, name));
  return { lake, config: join(folder, 'flowproof.yaml'), flowFiles };
}

/** What decides what is in the lake: the generator, and the program that reads what it makes. */
function sourceFiles(): URL[] {
  const generator = namesBelow(HERE, /^[^/]+\.ts$/).map((name) => new URL(name, HERE));
  const program = namesBelow(DIST, /^([^/]+|ingest\/.*)\.(js|wasm)$/);
  return [...generator, ...program.map((name) => new URL(name, DIST))];
}

function namesBelow(folder: URL | string, pattern: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => pattern.test(name))
    .sort();
}

async function ingestAll(folder: string, rows: number, seed: number, days: number): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const traffics = FORMATS.map((format, index): Traffic => {
    const rowCount = index === 0 ? Math.ceil(rows / 2) : Math.floor(rows / 2);
    return { format, rowCount, seed };
  });
  process.stderr.write(
    `generating ${rows * days} rows, ${eventCountOf(rows)} events and the inventory\n`,
  );
  const patterns: string[] = [];
  for (const traffic of traffics) {
    patterns.push(patternOf(await generateFlowLogs(traffic)));
    if (days > 1) patterns.push(patternOf(await generateLaterDays(traffic, days - 1)));
  }
  writeInventory(join(folder, 'inventory'), seed);
  writeEvents(join(folder, 'events'), rows, traffics);
  const config = join(folder, 'flowproof.yaml');
  writeFileSync(config, JSON.stringify(configuration(patterns), null, 2));
  process.stderr.write('ingesting\n');
  await runNode([PROGRAM, 'ingest', '--quiet', '--config', config]);
}

/** Paths are relative to the file of the configuration. */
function configuration(flowLogFiles: readonly string[]): unknown {
  return {
    lake: 'lake',
    output: 'evidence',
    sources: {
      flow_logs: [{ files: flowLogFiles }],
      ips_events: [{ files: ['events/**/eve.json'] }],
      inventory: [{ files: ['inventory/**/*.json'] }],
    },
    scope: [
      { name: 'cde', match: { vpc: [idOf('vpc', 0)], tag: { pci: 'true' } } },
      { name: 'connected', match: { account: [ACCOUNT_ID] } },
    ],
    period: { start: '2026-11-01', end: '2026-12-01' },
    memory_limit: MEMORY_LIMIT,
  };
}

/** Takes away all that enrichment has made. */
export function dropDerivedTables(lake: string): void {
  for (const { name, layer } of TABLES) {
    if (layer !== 'ingest') rmSync(join(lake, name), { recursive: true, force: true });
  }
}

type Counts = Record<string, number>;

/** What enrichment found: so many flows, and of each verdict so many. */
export type Found = {
  interfaces: number;
  groups: number;
  /** Of the newest snapshot. */
  rules: number;
  events: number;
  matches: number;
  matched_events: number;
  verdicts: Record<string, Counts>;
};

const VERDICTS = [
  ...['as_of_verdict', 'row_direction_basis', 'initiator_basis', 'rule_verdict'],
  ...['group_verdict', 'acl_verdict', 'event_disposition'],
];
const ELEMENTS = [
  ...['user_identification', 'event_type', 'event_time', 'outcome', 'origination'],
  'affected_resource',
];

/** Reads the tables that enrichment made. Throws if a flow is missing from them, or counted twice. */
export async function readFound(lake: string, rows: number): Promise<Found> {
  const database = await openDatabase({ tempDirectory: scratchFolder(lake) });
  try {
    const { connection } = database;
    await createLakeViews(connection, lake);
    const one = async (sql: string): Promise<number> =>
      Number((await readRows<{ value: bigint }>(connection, `select ${sql} as value`))[0]?.value);
    const verdicts: Record<string, Counts> = {};
    for (const [table, columns] of [
      ['flow_enriched', VERDICTS],
      ['flow_detail', ELEMENTS],
    ] as const) {
      const groups = await readRows<Record<string, string | bigint | null>>(
        connection,
        `select ${columns.join(', ')}, count(*) as flow_count from ${table} group by all`,
      );
      Object.assign(verdicts, sumByValue(columns, groups));
    }
    for (const [name, counts] of Object.entries(verdicts)) {
      const sum = Object.values(counts).reduce((total, count) => total + count, 0);
      if (sum !== rows) throw new Error(`${name} is decided of ${sum} flows, not of ${rows}`);
    }
    const distinct = (column: string, table: string) =>
      one(`(select count(distinct ${column}) from ${table})`);
    return {
      interfaces: await distinct('network_interface_id', 'interface_context'),
      groups: await distinct('group_id', 'security_group'),
      rules: await distinct('rule_id', 'security_group_rule where valid_to is null'),
      events: await distinct('event_id', 'ips_event'),
      matches: await one('(select count(*) from flow_event)'),
      matched_events: await distinct('event_id', 'flow_event'),
      verdicts,
    };
  } finally {
    database.close();
  }
}

/** For each column, how many flows have each of its values; null is counted as none. */
function sumByValue(
  columns: readonly string[],
  groups: readonly Record<string, string | bigint | null>[],
): Record<string, Counts> {
  return Object.fromEntries(
    columns.map((column) => {
      const counts = new Map<string, number>();
      for (const group of groups) {
        const value = String(group[column] ?? 'none');
        counts.set(value, (counts.get(value) ?? 0) + Number(group.flow_count));
      }
      return [column, Object.fromEntries([...counts].sort())];
    }),
  );
}
