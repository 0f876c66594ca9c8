/**
 * What the lake knows of the objects that were read before: the ledger, as ingest asks it.
 */
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import type { DuckDBConnection } from '@duckdb/node-api';
import { readRows } from '../database.ts';
import { quoteFile } from '../lake.ts';
import { tableFiles } from '../lake-files.ts';
import { findTable, quoteText } from '../tables.ts';
import { TOOL_VERSION } from '../version.ts';

export type KnownObject = {
  objectId: string;
  uri: string;
  version: string;
  sha256: string;
  sizeBytes: number;
  /** As in `source_object`. */
  status: string;
  /** True for a refused object that another configuration or version of flowproof may be able to read. */
  isOpen: boolean;
};

export type Ledger = {
  /** True if this URI was read at this version, and nothing can be gained by reading it again. */
  hasVersion(uri: string, version: string): boolean;
  /** The object with these bytes at this URI. */
  findSame(uri: string, sha256: string): KnownObject | undefined;
  /** An object with these bytes at any URI that was read: what was refused gave no rows. */
  findCopy(sha256: string): KnownObject | undefined;
  /** What was read from this URI, newest last. */
  history(uri: string): readonly KnownObject[];
  add(known: KnownObject): void;
};

/**
 * Reads the ledger of the lake: all of it, with what was superseded, which the view leaves out. What
 * was refused under another configuration than `configSha256`, or by another version of flowproof, is
 * open to another try. Needs the view `run`.
 */
export async function readLedger(
  connection: DuckDBConnection,
  lake: string,
  configSha256?: string,
): Promise<Ledger> {
  const files = await tableFiles(lake, findTable('source_object'));
  const rows =
    files.length === 0
      ? []
      : await readRows<{
          object_id: string;
          uri: string;
          version: string;
          sha256: string;
          size_bytes: bigint;
          status: string;
          is_settled: boolean;
        }>(connection, selectLedger(files, configSha256));
  const byUri = new Map<string, KnownObject[]>();
  const bySha = new Map<string, KnownObject>();
  const add = (known: KnownObject): void => {
    const history = byUri.get(known.uri);
    if (history) history.push(known);
    else byUri.set(known.uri, [known]);
    const wasRead = known.status === 'loaded' || known.status === 'damaged';
    if (wasRead && !bySha.has(known.sha256)) bySha.set(known.sha256, known);
  };
  for (const row of rows) {
    add({
      objectId: row.object_id,
      uri: row.uri,
      version: row.version,
      sha256: row.sha256,
      sizeBytes: Number(row.size_bytes),
      status: row.status,
      isOpen: row.status === 'refused' && !row.is_settled,
    });
  }
  return {
    hasVersion: (uri, version) =>
      byUri.get(uri)?.findLast((known) => known.version === version)?.isOpen === false,
    findSame: (uri, sha256) => byUri.get(uri)?.findLast((known) => known.sha256 === sha256),
    findCopy: (sha256) => bySha.get(sha256),
    history: (uri) => byUri.get(uri) ?? [],
    add,
  };
}

function selectLedger(files: readonly string[], configSha256: string | undefined): string {
  // A run has its row from its start on: also what a run that was killed refused is settled.
  const isSettled =
    configSha256 === undefined
      ? 'true'
      : `run_id in (select run_id from run where config_sha256 = ${quoteText(configSha256)} and tool_version = ${quoteText(TOOL_VERSION)})`;
  return `select object_id, uri, version, sha256, size_bytes, status, ${isSettled} as is_settled
    from read_parquet([${files.map(quoteFile).join(', ')}], hive_partitioning = false)
    order by ingested_at, uri, object_id`;
}

export type Fingerprint = { sha256: string; sizeBytes: number; prefixes: Map<number, string> };

/**
 * SHA-256 of a file, and of its first bytes at each of the given lengths: a file that begins with
 * what was read before has grown.
 */
export async function fingerprintFile(
  path: string,
  prefixLengths: readonly number[],
): Promise<Fingerprint> {
  const hash = createHash('sha256');
  const prefixes = new Map<number, string>();
  const wanted = [...new Set(prefixLengths)].sort((a, b) => a - b);
  let sizeBytes = 0;
  for await (const part of bytesOf(path)) {
    let chunk = part;
    while (wanted[0] !== undefined && wanted[0] <= sizeBytes + chunk.length) {
      const length = wanted.shift() ?? 0;
      const head = chunk.subarray(0, length - sizeBytes);
      hash.update(head);
      prefixes.set(length, hash.copy().digest('hex'));
      chunk = chunk.subarray(head.length);
      sizeBytes = length;
    }
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  return { sha256: hash.digest('hex'), sizeBytes, prefixes };
}

/** Files up to this size are read at once: opening a stream takes longer than reading so much. */
const SMALL_BYTES = 256 * 1024;

async function* bytesOf(path: string): AsyncIterable<Buffer> {
  const { size } = statSync(path);
  if (size === 0) return;
  if (size <= SMALL_BYTES) yield readFileSync(path);
  else yield* createReadStream(path, { highWaterMark: 1024 * 1024 });
}
