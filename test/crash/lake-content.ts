/** Flow logs and inventory for runs that are stopped by force, and what a lake holds of them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openDatabase, readRows } from '../../src/database.ts';
import { DEFAULT_FORMAT } from '../../src/flow-log-fields.ts';
import { createLakeViews } from '../../src/lake.ts';
import { quoteName, TABLES } from '../../src/tables.ts';

const START = 1_793_491_200;

/**
 * Writes `count` objects, of a few lines each, below a folder: flow logs of several days with bad lines,
 * NODATA, copies and one that is none, and snapshots; and the configuration that reads them. Two batches
 * and more, if there are over 500.
 */
export function writeObjects(base: string, count: number): string {
  mkdirSync(join(base, 'logs'), { recursive: true });
  mkdirSync(join(base, 'inventory'));
  for (let index = 0; index < count - 10; index += 1) {
    const content = index % 40 === 39 ? 0 : index;
    const lines = Array.from({ length: 6 }, (_, line) => {
      const start = START + (content % 50) * 10_000 + line * 60;
      if (line === 2 && content % 3 === 0) return `2 broken ${content}`;
      const [ports, status] = line === 4 ? ['- - -', 'NODATA'] : ['50000 443 6', 'OK'];
      const address = `10.0.${content >> 8}.${content % 256}`;
      return `2 123456789012 eni-0123456789abcdef0 ${address} 198.51.100.7 ${ports} 1 40 ${start} ${start + 60} ACCEPT ${status}`;
    });
    const text = [DEFAULT_FORMAT.join(' '), ...lines].join('\n');
    const name = `flow-${String(index).padStart(5, '0')}.log.gz`;
    writeFileSync(join(base, 'logs', name), gzipSync(index === 20 ? 'no flow log' : text));
  }
  for (let index = 0; index < 10; index += 1) {
    const time = `2026-11-${String(index + 1).padStart(2, '0')}T00-00-00Z`;
    writeFileSync(
      join(base, 'inventory', `${time}.json`),
      JSON.stringify({ Vpcs: [{ VpcId: 'vpc-0123456789abcdef0', OwnerId: '123456789012' }] }),
    );
  }
  return writeConfig(base, 'lake');
}

/** Writes the configuration for another lake beside the objects, and returns its path. */
export function writeConfig(base: string, lake: string): string {
  const path = join(base, `${lake}.yaml`);
  writeFileSync(
    path,
    `lake: ./${lake}
output: ./evidence
sources:
  flow_logs: [{ files: ["logs/*.gz"] }]
  inventory: [{ files: ["inventory/*.json"] }]
scope: [{ name: cde, match: { vpc: [vpc-0123456789abcdef0] } }]
period: { start: 2026-10-01, end: 2027-01-01 }
allowance: { rejected_lines: 100000, damaged_objects: 1 }
`,
  );
  return path;
}

/** Runs differ, and so does who looked at the lake meanwhile. */
const COMPARED = TABLES.filter(
  (table) => table.layer === 'ingest' && table.name !== 'run' && !table.isJsonLines,
);

/** Every row of every table that ingest makes, in a fixed order, less when and by which run it was read. */
export async function contentOf(lake: string): Promise<Record<string, string[]>> {
  const content: Record<string, string[]> = {};
  const database = await openDatabase();
  try {
    await createLakeViews(database.connection, lake);
    for (const table of COMPARED) {
      const columns = table.columns
        .map(({ name }) => name)
        .filter((name) => name !== 'ingested_at' && name !== 'run_id')
        .map(quoteName)
        .join(', ');
      const rows = await readRows<{ content: string }>(
        database.connection,
        `select cast(row(${columns}) as varchar) as content from ${table.name} order by content`,
      );
      content[table.name] = rows.map((row) => row.content);
    }
  } finally {
    database.close();
  }
  return content;
}

/** Objects in the ledger, and those whose rows are not as many as it says, or rows of no object. */
export async function checkLake(
  lake: string,
): Promise<{ objects: number; inconsistent: Record<string, unknown>[] }> {
  const database = await openDatabase();
  try {
    await createLakeViews(database.connection, lake);
    const objects = await readRows(database.connection, 'select object_id from source_object');
    const inconsistent = await readRows(
      database.connection,
      `with counted as (
        select object_id, count(*) as row_count from flow group by object_id
        union all
        select object_id, count(*) from inventory_item group by object_id
      )
      select object_id, source_object.row_count as said, counted.row_count as found
      from source_object full join counted using (object_id)
      where coalesce(source_object.row_count, -1) <> coalesce(counted.row_count, 0)
      order by all`,
    );
    return { objects: objects.length, inconsistent };
  } finally {
    database.close();
  }
}
