/**
 * A small database as `flowproof query` has it, locked down: a lake folder with one Parquet file, a view
 * and two tables, a folder beside it whose name begins alike, and a link that leads out.
 */
import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase } from '../../src/database.ts';
import { FlowproofError } from '../../src/errors.ts';
import { lockDown } from '../../src/query/gate.ts';

/** Makes it in a new folder, which the caller removes. */
export async function openLockedLake(): Promise<{ root: string; database: Database }> {
  const root = await mkdtemp(join(tmpdir(), 'flowproof-query-'));
  for (const folder of ['lake', 'lake-2', 'temp', 'out']) await mkdir(join(root, folder));
  await writeFile(join(root, 'outside.csv'), 'a,b\n1,2\n');
  await writeFile(join(root, 'lake-2', 'near.csv'), 'a,b\n1,2\n');
  await symlink(join(root, 'outside.csv'), join(root, 'lake', 'link.csv'));
  const database = await openDatabase();
  const { connection } = database;
  await connection.run(`copy (select 1 as one) to '${join(root, 'lake', 'part.parquet')}'`);
  await connection.run(
    `create view lake_part as select * from read_parquet('${join(root, 'lake', 'part.parquet')}')`,
  );
  await connection.run(
    "create table flow as select '192.0.2.' || i as source_address, i::bigint as bytes from range(3) r(i)",
  );
  await connection.run('create table flow_event as select 1 as event_id');
  await lockDown(connection, {
    folders: [join(root, 'lake'), join(root, 'temp')],
    memoryLimit: '1GB',
  });
  return { root, database };
}

/** The FlowproofError that an act ends with; throws if it ends otherwise. */
export async function errorOf(act: Promise<unknown>): Promise<FlowproofError> {
  const thrown = await act.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown instanceof FlowproofError) return thrown;
  throw new Error(`expected a FlowproofError, got ${String(thrown)}`);
}
