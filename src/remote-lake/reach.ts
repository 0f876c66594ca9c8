/**
 * Reading a lake in S3 in place: whether this machine can, and letting a database do it. The files that stay in
 * S3 are those whose names alone the copy has; views name them by their URIs.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { beforeClose, besideConnection } from '../database.ts';
import { FlowproofError } from '../errors.ts';
import { findHttpfs, giveSecret, loadHttpfs, type S3Access } from './httpfs.ts';
import { endpointOfS3 } from './object-store.ts';
import { type RemotePlace, remoteOf } from './place.ts';
import { LEAST_MILLISECONDS, renewInTime } from './renew.ts';
import { credentialsOf } from './s3-credentials.ts';

/** A prefix whose characters mean nothing else in a URI or in a pattern of files. */
const PLAIN_PREFIX = /^[\w.=/-]*$/;

/** How large files are read: in place by the extension in `folder`, or from the copy, and why. */
export type WayOfReading =
  | { folder: string; version: string }
  | { folder?: undefined; why: string };

/** Throws LAKE_UNUSABLE where the configuration asks for what cannot be. */
export async function wayOfReading(place: RemotePlace): Promise<WayOfReading> {
  const { reading, prefix } = place;
  if (!reading || reading.mode === 'staged') return { why: 'as lake_read: staged says' };
  const isMust = reading.mode === 'in_place';
  if (!PLAIN_PREFIX.test(prefix)) {
    const why = 'its prefix has characters that DuckDB takes for a pattern or an escape';
    if (isMust) throw unreachable(place, why, 'Take lake_read out, which stages all.');
    return { why };
  }
  const { folder, version, file, problem } = await findHttpfs(reading.extensions);
  if (problem === undefined) return { folder, version };
  if (isMust) {
    throw unreachable(
      place,
      `it cannot be read in place: ${problem}`,
      `Put the extension httpfs of DuckDB ${version}, no other version, there: ${file} (the PyPI package duckdb-extension-httpfs of that version has it inside: pip download --no-deps duckdb-extension-httpfs==${version.slice(1)}, then unzip). Or take lake_read out, which stages all.`,
    );
  }
  return { why: problem };
}

/** Says of the place whether copies leave large files in S3, as this machine can read them there. */
export async function settleReading(place: RemotePlace): Promise<void> {
  if (place.reading === undefined || place.leavesLargeFiles) return;
  if ((await wayOfReading(place)).folder !== undefined) place.leavesLargeFiles = true;
}

/** What another process needs to read the lake in place; undefined if this machine does not. */
export async function accessTo(
  place: RemotePlace,
  leastMilliseconds = LEAST_MILLISECONDS,
): Promise<S3Access | undefined> {
  const { folder } = await wayOfReading(place);
  if (folder === undefined) return undefined;
  const credentials = await credentialsOf(place, leastMilliseconds);
  const endpoint = endpointOfS3();
  return { folder, credentials, ...(endpoint === undefined ? {} : { endpoint }) };
}

const reaching = new WeakSet<DuckDBConnection>();

/** Lets a database read the lake in place, with what another process was given. */
export async function openAccess(
  connection: DuckDBConnection,
  place: RemotePlace,
  access: S3Access,
): Promise<void> {
  await loadHttpfs(connection, access.folder);
  await giveSecret(connection, place, access);
  reaching.add(connection);
}

/** Lets a database read files of the lake in S3, for as long as it is open; false if this machine cannot. */
export async function reachS3(connection: DuckDBConnection, root: string): Promise<boolean> {
  if (reaching.has(connection)) return true;
  const place = remoteOf(root);
  if (place?.reading === undefined) return false;
  const access = await accessTo(place);
  if (!access) return false;
  await openAccess(connection, place, access);
  const stop = renewInTime(access, {
    next: () => accessTo(place),
    // The connection may be busy with a long statement.
    give: (newer) => besideConnection(connection, (other) => giveSecret(other, place, newer)),
  });
  beforeClose(connection, stop);
  return true;
}

function unreachable({ uri }: RemotePlace, problem: string, remedy: string): FlowproofError {
  return new FlowproofError('LAKE_UNUSABLE', { place: uri, problem, remedy });
}
