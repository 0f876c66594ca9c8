/**
 * What the lake knows of the objects that were read before: the ledger, as ingest asks it.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { DuckDBConnection } from '@duckdb/node-api';
import { readRows } from '../database.ts';

export type KnownObject = {
  objectId: string;
  uri: string;
  version: string;
  sha256: string;
  sizeBytes: number;
};

export type Ledger = {
  /** True if this URI was read at this version, so that its bytes need not be looked at. */
  hasVersion(uri: string, version: string): boolean;
  /** The object with these bytes at this URI. */
  findSame(uri: string, sha256: string): KnownObject | undefined;
  /** An object with these bytes at any URI. */
  findCopy(sha256: string): KnownObject | undefined;
  /** What was read from this URI, newest last. */
  history(uri: string): readonly KnownObject[];
  add(known: KnownObject): void;
};

/** Reads the ledger of the lake. Needs the view `source_object`. */
export async function readLedger(connection: DuckDBConnection): Promise<Ledger> {
  const rows = await readRows<{
    object_id: string;
    uri: string;
    version: string;
    sha256: string;
    size_bytes: bigint;
  }>(
    connection,
    'select object_id, uri, version, sha256, size_bytes from source_object order by ingested_at, uri, object_id',
  );
  const byUri = new Map<string, KnownObject[]>();
  const bySha = new Map<string, KnownObject>();
  const add = (known: KnownObject): void => {
    const history = byUri.get(known.uri);
    if (history) history.push(known);
    else byUri.set(known.uri, [known]);
    if (!bySha.has(known.sha256)) bySha.set(known.sha256, known);
  };
  for (const row of rows) {
    add({
      objectId: row.object_id,
      uri: row.uri,
      version: row.version,
      sha256: row.sha256,
      sizeBytes: Number(row.size_bytes),
    });
  }
  return {
    hasVersion: (uri, version) =>
      byUri.get(uri)?.some((known) => known.version === version) ?? false,
    findSame: (uri, sha256) => byUri.get(uri)?.find((known) => known.sha256 === sha256),
    findCopy: (sha256) => bySha.get(sha256),
    history: (uri) => byUri.get(uri) ?? [],
    add,
  };
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
  for await (const part of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    let chunk = part as Buffer;
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
