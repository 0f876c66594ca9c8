/**
 * A lake of three flows in a folder with things that no statement may reach: files beside the lake and in
 * its own folder, a file of a batch that the ledger does not know, and links that lead out. Each holds
 * the canary.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../src/database.ts';
import { FlowproofError } from '../../src/errors.ts';
import type { QueryLimits } from '../../src/query/limits.ts';
import type { QuerySession, Statement } from '../../src/query/query-session.ts';
import type { Sink } from '../../src/query/sink.ts';

export const CANARY = 'canary-5f1c';

export const LIMITS: QueryLimits = {
  seconds: 30,
  memory: '500MB',
  temp_disk: '1GB',
  rows: 1_000_000,
  bytes: '100MB',
};

/** Makes it in a new folder, which the caller removes. */
export async function makeSmallLake(): Promise<{ root: string; lake: string }> {
  const root = await mkdtemp(join(tmpdir(), 'flowproof-small-lake-'));
  const lake = join(root, 'lake');
  const day = join(lake, 'flow', 'flow_date=2026-11-02');
  for (const folder of [day, join(lake, 'source_object'), join(lake, '.flowproof', 'outbox')]) {
    await mkdir(folder, { recursive: true });
  }
  for (const path of [
    join(root, 'outside.csv'),
    join(root, 'outside.txt'),
    join(lake, '.flowproof', 'lock'),
    join(lake, '.flowproof', 'outbox', 'message.csv'),
  ]) {
    await writeFile(path, `a,b\n${CANARY},2\n`);
  }
  await writeFile(join(root, 'outside.json'), `{"a":"${CANARY}"}\n`);
  const { connection, close } = await openDatabase();
  const copy = (select: string, path: string) => connection.run(`copy (${select}) to '${path}'`);
  const flows = `select 'o1' as object_id, i as line_number, '192.0.2.' || i as srcaddr, 22::integer as dstport,
    '00123' as account_id, i::bigint as bytes from range(3) r(i)`;
  await copy(flows, join(day, 'b1-0.parquet'));
  await copy(
    "select 'o1' as object_id, null::varchar as supersedes_object_id",
    join(lake, 'source_object', 'b1-0.parquet'),
  );
  await copy(`select '${CANARY}' as object_id`, join(day, 'unknown-0.parquet'));
  await copy(`select '${CANARY}' as a`, join(root, 'outside.parquet'));
  await connection.run(`attach '${join(root, 'outside.duckdb')}' as other`);
  await connection.run(`create table other.t as select '${CANARY}' as a`);
  close();
  await symlink(join(root, 'outside.parquet'), join(day, 'b1-1.parquet'));
  await symlink(root, join(lake, 'flow', 'flow_date=2026-11-03'));
  return { root, lake };
}

/** A hash of every file below a folder, but of the record of access. */
export async function hashesOf(root: string): Promise<Record<string, string>> {
  const entries = await readdir(root, { withFileTypes: true, recursive: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes('access_event'))
    .sort();
  const hashes: Record<string, string> = {};
  for (const path of files) {
    hashes[path] = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  }
  return hashes;
}

export type Ended = { text: string; error: FlowproofError | undefined; milliseconds: number };

/** A sink that keeps what it gets. */
export function memorySink(isTerminal = false): Sink & { bytes(): Buffer } {
  const parts: Uint8Array[] = [];
  return {
    isTerminal,
    isOpen: () => true,
    write: async (data) => {
      parts.push(typeof data === 'string' ? Buffer.from(data) : data);
      return true;
    },
    finish: async () => {},
    abandon: async () => {},
    bytes: () => Buffer.concat(parts),
  };
}

/** Runs a statement to its end, whatever it is; anything but a FlowproofError is thrown. */
export async function ask(
  session: QuerySession,
  sql: string,
  options: Partial<Statement> = {},
): Promise<Ended> {
  const sink = memorySink();
  const startedAt = performance.now();
  let error: FlowproofError | undefined;
  try {
    await session.run({ sql, format: 'csv', sink, ...options });
  } catch (thrown) {
    if (!(thrown instanceof FlowproofError)) throw thrown;
    error = thrown;
  }
  const milliseconds = performance.now() - startedAt;
  return { text: sink.bytes().toString('utf8'), error, milliseconds };
}
