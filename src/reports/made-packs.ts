/**
 * The packs of a schedule that are there already: which configuration made them, and what of the lake
 * they lack because it arrived later.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import { readRows } from '../database.ts';
import type { DayPeriod } from '../schedule.ts';
import { MANIFEST_NAME } from './manifest.ts';

/** What of a manifest is asked here; whether the pack is sound is for `verifyPack` to say. */
const headSchema = z.object({
  pack: z.object({ name: z.string() }),
  period: z.object({ start: z.string(), end: z.string() }),
  config_sha256: z.string(),
  sources: z.array(z.object({ uri: z.string(), sha256: z.string(), row_count: z.number() })),
});

export type MadePack = z.infer<typeof headSchema>;

/** The pack in a folder, if it is of this name and period; undefined for anything else, or nothing. */
export async function readMadePack(
  folder: string,
  pack: string,
  { start, end }: DayPeriod,
): Promise<MadePack | undefined> {
  const head = headSchema.safeParse(await readJson(join(folder, MANIFEST_NAME)));
  if (!head.success) return undefined;
  const { period } = head.data;
  const isSame =
    head.data.pack.name === pack &&
    Date.parse(period.start) === start.getTime() &&
    Date.parse(period.end) === end.getTime();
  return isSame ? head.data : undefined;
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** An object of the ledger as far as packs may lack it. */
export type LakeObject = {
  uri: string;
  sha256: string;
  row_count: bigint;
  first_ms: bigint;
  last_ms: bigint;
  /** True if it says how things are at its last time, and recalls earlier ones: inventory, lists of agents. */
  is_state: boolean;
};

/** The objects of the lake that hold records, less those that later content replaced. */
export function readLakeObjects(connection: DuckDBConnection): Promise<LakeObject[]> {
  return readRows<LakeObject>(
    connection,
    `select uri, sha256, row_count, epoch_ms(first_at) as first_ms, epoch_ms(last_at) as last_ms,
       kind = 'inventory' or coalesce(format, '') = 'deep_security_computers' as is_state
     from source_object
     where status in ('loaded', 'damaged') and first_at is not null and last_at is not null
     order by uri, sha256`,
  );
}

/** Objects with records of a pack's days that the pack does not name, and how many rows they have. */
export type LateObjects = { objectCount: number; rowCount: number };

/**
 * What a pack lacks of the lake. Of an object that grew, or was completed, only the rows that the pack does
 * not have count. An object with records of two periods counts with all its rows for the packs of both.
 */
export function lateObjects(
  made: MadePack,
  { start, end }: DayPeriod,
  objects: readonly LakeObject[],
): LateObjects {
  const known = new Set(made.sources.map(({ uri, sha256 }) => `${sha256} ${uri}`));
  const rowsBefore = new Map<string, number>();
  for (const { uri, row_count } of made.sources) {
    rowsBefore.set(uri, Math.max(row_count, rowsBefore.get(uri) ?? 0));
  }
  const late: LateObjects = { objectCount: 0, rowCount: 0 };
  for (const object of objects) {
    const last = Number(object.last_ms);
    // A snapshot recalls times long before it: late is only what was taken in the period.
    const first = object.is_state ? last : Number(object.first_ms);
    if (last < start.getTime() || first >= end.getTime()) continue;
    if (known.has(`${object.sha256} ${object.uri}`)) continue;
    late.objectCount += 1;
    late.rowCount += Math.max(0, Number(object.row_count) - (rowsBefore.get(object.uri) ?? 0));
  }
  return late;
}
