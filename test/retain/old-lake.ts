/** A lake of a few days of November 2026, enriched, as it is when some of them are older than a year. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config.ts';
import { openDatabase, readRows } from '../../src/database.ts';
import { isEnriched } from '../../src/enrich/enrich.ts';
import { createLakeViews } from '../../src/lake.ts';
import type { RestoreResult } from '../../src/retain/restore.ts';
import type { RetainResult } from '../../src/retain/retain.ts';
import { type RetainLakeOptions, restoreDay, retainLake } from '../../src/retain/retain-lake.ts';
import { ingestHours, runAt, writeConfig, writeHour } from '../compact/hourly-lake.ts';

/** Flows of the 2nd to the 4th are older than a year, events of the 2nd and 3rd, pairs of the 2nd. */
export const NOW = new Date('2027-11-05T06:00:00Z');

export const ARCHIVING = 'retention: { raw_months: 12, archive: ./archive }';
export const REMOVING = 'retention: { raw_months: 12 }';

const noon = (day: number): Date => new Date(Date.UTC(2026, 10, day, 12));

/** Writes logs and the lake `lake` made of them below a new folder, and returns the folder. */
export async function writeOldLake(prefix: string): Promise<string> {
  const base = mkdtempSync(join(tmpdir(), prefix));
  const config = writeConfig(base);
  for (const day of [2, 3, 4]) writeHour(base, noon(day));
  await ingestHours(base, config, [noon(7)]);
  await runAt(config, noon(9), ['enrich']);
  return base;
}

/** The configuration of a lake below that folder, with the archive named after the lake. */
export function configOf(base: string, lake: string, retention: string): string {
  return writeConfig(base, retention.replace('./archive', `./archive-${lake}`), lake);
}

export async function retainAt(
  config: string,
  now: Date,
  more: Partial<RetainLakeOptions & { isDryRun: boolean }> = {},
): Promise<RetainResult> {
  const checked = readConfig(config);
  return retainLake({
    config: checked,
    now,
    isDryRun: false,
    isEnriched: () => isEnriched({ lake: checked.lake, config: checked }),
    onProgress: () => {},
    ...more,
  });
}

export async function restoreAt(config: string, now: Date, date: string): Promise<RestoreResult> {
  return restoreDay({ config: readConfig(config), now, date });
}

/** Changes a configuration so that every day would be enriched anew. */
export function changeRules(config: string): void {
  writeFileSync(config, `${readFileSync(config, 'utf8')}\nmetadata_max_age_hours: 25\n`);
}

/** The rows of a statement, as text, on the views of a lake. */
export async function askLake(lake: string, sql: string): Promise<unknown[][]> {
  const database = await openDatabase();
  try {
    await createLakeViews(database.connection, lake);
    const rows = await readRows(database.connection, sql);
    return rows.map((row) =>
      Object.values(row).map((value) => (typeof value === 'bigint' ? Number(value) : value)),
    );
  } finally {
    database.close();
  }
}

/** Rows of a table by day. */
export function countDays(lake: string, table: string, column = 'flow_date'): Promise<unknown[][]> {
  return askLake(
    lake,
    `select strftime(${column}, '%d') as day, count(*) as n from ${table} group by all order by all`,
  );
}
