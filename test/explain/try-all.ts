/**
 * The trials of `flowproof explain` for every enriched flow at once: the same queries, with all flows as
 * their subject. What they come to is held against `flow_enriched`, which is made another way.
 */
import { join } from 'node:path';
import { type Database, readRows } from '../../src/database.ts';
import { makeTable } from '../../src/explain/ask.ts';
import { TRIALS } from '../../src/explain/enrichment.ts';
import { QUERIES_ROOT, readQueryFile } from '../../src/query-file.ts';

/** Columns that both have; of what `flow_enriched` does not have, there is nothing to compare. */
const COMPARED = ['rule_verdict', 'rule_ids', 'group_verdict', 'acl_verdict', 'acl_entry_ids'];

export type TriedAll = {
  flowCount: number;
  /** Columns that were compared. */
  compared: string[];
  /** Flows of which the trials say something else. */
  differences: Record<string, unknown>[];
};

/** Tries the rules and entries of every flow in `flow_enriched`. */
export async function tryAll(database: Database, maxAgeHours = 24): Promise<TriedAll> {
  const { connection } = database;
  const file = readQueryFile('explain', join(QUERIES_ROOT, 'explain', 'subject.sql'));
  const [everyFlow] = file.text.split(/^where$/m);
  if (everyFlow === file.text) throw new Error('subject.sql has no where of its own');
  await connection.run(`create or replace temporary table subject as (${everyFlow})`);
  const values = { metadata_max_age_seconds: BigInt(maxAgeHours * 3600) };
  for (const name of TRIALS) await makeTable(connection, name, values);
  const subject = await readRows<{ column_name: string }>(connection, 'describe subject');
  const held = subject.map((column) => column.column_name);
  const compared = COMPARED.filter((name) => held.includes(name));
  const differences = await readRows(
    connection,
    `select subject.flow_id, ${compared.map((name) => `subject.${name}, conclusion.${name} as tried_${name}`).join(', ')}
     from subject left join conclusion using (object_id, line_number)
     where ${compared.map((name) => `subject.${name} is distinct from conclusion.${name}`).join(' or ')}`,
  );
  const [count] = await readRows<{ n: bigint }>(connection, 'select count(*) as n from subject');
  return { flowCount: Number(count?.n), compared, differences };
}
