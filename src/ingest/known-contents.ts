/** What the lake holds of the EC2 API's answers, so that an unchanged one is not kept again. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { readRows } from '../database.ts';
import type { KnownContents } from './sources/ec2-pull.ts';

/**
 * The newest snapshot of each resource type in a series and its prefix lists, by type and series: its
 * hash, and when the snapshot was taken that has its items. Those that are not complete are left out.
 */
export async function readKnownContents(
  connection: DuckDBConnection,
  series: string,
): Promise<KnownContents> {
  const rows = await readRows<{ name: string; content_sha256: string; kept_at: bigint }>(
    connection,
    `select resource_type || ' ' || series as name, content_sha256,
       epoch_ms(coalesce(same_as_at, taken_at)) as kept_at
     from inventory_snapshot
     where (series = $series or starts_with(series, $series || '/'))
       and coalesce(known_by, 'describe') = 'describe'
     qualify row_number() over (
         partition by resource_type, series order by taken_at desc, is_complete
       ) = 1
       and is_complete and content_sha256 is not null`,
    { series },
  );
  return new Map(
    rows.map((row) => [
      row.name,
      { contentSha256: row.content_sha256, takenAt: new Date(Number(row.kept_at)) },
    ]),
  );
}
