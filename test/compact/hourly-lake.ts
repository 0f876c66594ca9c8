/** A lake that runs at some hours of some days have filled, and what readers find in it. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readConfig } from '../../src/config.ts';
import { openDatabase, readRows } from '../../src/database.ts';
import { DEFAULT_FORMAT } from '../../src/flow-log-fields.ts';
import { createLakeViews } from '../../src/lake.ts';
import { type Part, type RunOutcome, run } from '../../src/run.ts';
import { quoteName, TABLES } from '../../src/tables.ts';

const HOUR = 3_600_000;

/** Every table that files are kept of. */
const STORED = TABLES.filter(({ isView }) => !isView);

/** Writes the configuration of an empty lake below a folder, with further lines; returns its path. */
export function writeConfig(base: string, more = '', lake = 'lake'): string {
  mkdirSync(join(base, 'logs'), { recursive: true });
  const path = join(base, `${lake}.yaml`);
  writeFileSync(
    path,
    `lake: ./${lake}
output: ./evidence-${lake}
sources:
  flow_logs: [{ files: ["logs/*.log.gz"] }]
  ips_events: [{ files: ["logs/*.json"] }]
  inventory: [{ files: ["logs/*Z.vpcs"] }]
scope: [{ name: cde, match: { vpc: [vpc-0123456789abcdef0] } }]
period: { start: 2026-11-01, end: 2026-12-01 }
allowance: { rejected_lines: 100 }
${more}`,
  );
  return path;
}

export async function runAt(
  config: string,
  time: Date,
  parts: readonly Part[],
): Promise<RunOutcome> {
  return run({
    config: readConfig(config),
    parts,
    command: parts[0] ?? 'run',
    progress: { step: () => {}, finish: () => {} },
    now: () => time,
  });
}

/** Writes what became of one hour: flows, NODATA, a line that is none, an IPS event, a snapshot. */
export function writeHour(base: string, hour: Date): void {
  const start = hour.getTime() / 1000;
  const name = hour.toISOString().replaceAll(':', '-').replace('.000', '');
  const lines = Array.from({ length: 5 }, (_, line) => {
    const ports = line === 4 ? '- - -' : `${50_000 + line} 443 6`;
    const from = start + line * 60;
    return `2 123456789012 eni-0123456789abcdef0 10.0.0.${line} 198.51.100.7 ${ports} 1 40 ${from} ${from + 60} ACCEPT ${line === 4 ? 'NODATA' : 'OK'}`;
  });
  writeFileSync(
    join(base, 'logs', `${name}.log.gz`),
    gzipSync([DEFAULT_FORMAT.join(' '), ...lines, `2 broken ${name}`].join('\n')),
  );
  writeFileSync(
    join(base, 'logs', `${name}.json`),
    `${JSON.stringify({
      timestamp: hour.toISOString().replace('Z', '+0000'),
      event_type: 'alert',
      src_ip: '10.0.0.1',
      src_port: 50_001,
      dest_ip: '198.51.100.7',
      dest_port: 443,
      proto: 'TCP',
      host: 'web-1',
      alert: { action: 'allowed', signature_id: 1, signature: 'test', severity: 1 },
    })}\n`,
  );
  writeFileSync(
    join(base, 'logs', `${name}.vpcs`),
    JSON.stringify({
      Vpcs: [{ VpcId: 'vpc-0123456789abcdef0', OwnerId: '123456789012', CidrBlock: name }],
    }),
  );
}

/** Runs `ingest` an hour after each of the hours, as a schedule would. */
export async function ingestHours(base: string, config: string, hours: readonly Date[]) {
  for (const hour of hours) {
    writeHour(base, hour);
    await runAt(config, new Date(hour.getTime() + HOUR), ['ingest']);
  }
}

/** Times of so many hours a day, of days in November 2026. */
export function hoursOf(days: readonly number[], hoursADay: number): Date[] {
  return days.flatMap((day) =>
    Array.from({ length: hoursADay }, (_, hour) => new Date(Date.UTC(2026, 10, day, hour * 3))),
  );
}

/** Every row of every table that has files, in a fixed order. */
export async function rowsOf(lake: string): Promise<Record<string, string[]>> {
  const database = await openDatabase();
  try {
    await createLakeViews(database.connection, lake);
    const content: Record<string, string[]> = {};
    for (const { name, columns, computed = [] } of STORED) {
      const list = [...columns, ...computed].map((column) => quoteName(column.name)).join(', ');
      const rows = await readRows<{ content: string }>(
        database.connection,
        `select cast(row(${list}) as varchar) as content from ${quoteName(name)} order by all`,
      );
      content[name] = rows.map((row) => row.content);
    }
    return content;
  } finally {
    database.close();
  }
}

/** Rows that a program finds which reads the folders of the tables by pattern. */
export async function countByPattern(lake: string): Promise<Record<string, number>> {
  const database = await openDatabase();
  try {
    const counts: Record<string, number> = {};
    for (const name of readdirSync(lake).filter((folder) => !folder.startsWith('.'))) {
      const [row] = await readRows<{ n: bigint }>(
        database.connection,
        `select count(*) as n from read_parquet('${lake}/${name}/**/*.parquet')`,
      );
      counts[name] = Number(row?.n ?? 0);
    }
    return counts;
  } finally {
    database.close();
  }
}

/** Hash of every file below a folder, less the lock and the scratch of a run, by its path. */
export function hashesOf(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true })
      .map(String)
      .filter((name) => statSync(join(folder, name)).isFile())
      .sort()
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex'),
      ]),
  );
}
