/** What a lake and its packs hold, for comparing two of them that were made in different ways. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase, readRows } from '../../src/database.ts';
import { createLakeViews } from '../../src/lake.ts';
import { quoteName, TABLES } from '../../src/tables.ts';

/** When and by which run something was read, and which damaged object a whole one replaced. */
const HISTORY = ['ingested_at', 'run_id', 'supersedes_object_id'];

/** A hash of all rows of each table, in a fixed order, and how many there are. */
export async function tablesOf(lake: string): Promise<Record<string, string>> {
  const content: Record<string, string> = {};
  const database = await openDatabase();
  try {
    await createLakeViews(database.connection, lake);
    for (const table of TABLES) {
      if (table.name === 'run') continue;
      const columns = table.columns
        .map(({ name }) => name)
        .filter((name) => !HISTORY.includes(name))
        .map(quoteName)
        .join(', ');
      const [row] = await readRows<{ text: string }>(
        database.connection,
        `with content as (select cast(row(${columns}) as varchar) as line from ${quoteName(table.name)})
         select count(*) || ' rows ' || coalesce(md5(string_agg(line, chr(10) order by line)), '') as text from content`,
      );
      content[table.name] = row?.text ?? '';
    }
  } finally {
    database.close();
  }
  return content;
}

/** Reports that say when runs took place, or what they met: two ways to the same lake differ in them. */
const ON_RUNS = ['daily_review', 'audit_log_access', 'logging_failures', 'log_integrity'];

/** The CSV files of every pack, but those on the runs themselves, by pack and name. */
export function packsOf(output: string): Record<string, string> {
  return Object.fromEntries(
    filesBelow(output)
      .filter((name) => name.endsWith('.csv') && !ON_RUNS.some((on) => name.endsWith(`/${on}.csv`)))
      .map((name) => [name, readFileSync(join(output, name), 'utf8')]),
  );
}

/** Every file below a folder, hidden ones too, with its hash. */
export function hashesOf(folder: string): Record<string, string> {
  return Object.fromEntries(
    filesBelow(folder).map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    ]),
  );
}

export function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();
}
