/**
 * DuckDB's extension httpfs, by which it reads files of S3 where they are. It is used where somebody put it;
 * nothing is ever downloaded. Engine and extension must be of one version and platform.
 */
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { FlowproofError, messageOf } from '../errors.ts';
import { quoteText } from '../tables.ts';
import type { RemotePlace } from './place.ts';

const FILE = 'httpfs.duckdb_extension';

/** Where DuckDB looks for extensions by itself. */
export function defaultExtensions(): string {
  return join(homedir(), '.duckdb', 'extensions');
}

export type Httpfs = {
  /** Folder with the extensions of every version and platform. */
  folder: string;
  /** Where the extension must lie; with `<version>/<platform>` in it while no engine was asked for its own. */
  file: string;
  /** Version of the engine, such as v1.5.6. */
  version: string;
  /** Why it cannot be used, in a line; undefined if it can. */
  problem?: string;
};

const known = new Map<string, Promise<Httpfs>>();

/** Looks for the extension in a folder and, where it is, loads it once to see that it works. */
export async function findHttpfs(folder: string): Promise<Httpfs> {
  const found = known.get(folder) ?? tryHttpfs(folder);
  known.set(folder, found);
  return await found;
}

async function tryHttpfs(folder: string): Promise<Httpfs> {
  const { DuckDBInstance, version: versionOf } = await import('@duckdb/node-api');
  const version = versionOf();
  if (!hasAny(folder)) {
    const file = join(folder, version, '<platform>', FILE);
    return { folder, version, file, problem: `${file} is missing` };
  }
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  try {
    const platform = String(
      (await connection.runAndReadAll('pragma platform')).getRows()[0]?.[0] ?? '',
    );
    const file = join(folder, version, platform, FILE);
    const found = { folder, version, file };
    if (!existsSync(file)) return { ...found, problem: `${file} is missing` };
    try {
      await loadHttpfs(connection, folder);
      return found;
    } catch (thrown) {
      const why = messageOf(thrown).split('\n', 1)[0];
      return { ...found, problem: `${file} does not load (${why})` };
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** True if a folder has the extension for any version and platform: asking the engine for its own takes time. */
function hasAny(folder: string): boolean {
  const namesIn = (path: string): string[] => (existsSync(path) ? readdirSync(path) : []);
  try {
    return namesIn(folder).some((version) =>
      namesIn(join(folder, version)).some((platform) =>
        existsSync(join(folder, version, platform, FILE)),
      ),
    );
  } catch {
    // A folder that may not be read, or a file in its place.
    return false;
  }
}

/** Loads the extension into the database of a connection. What it took from the environment is emptied. */
export async function loadHttpfs(connection: DuckDBConnection, folder: string): Promise<void> {
  await connection.run(`set extension_directory = ${quoteText(folder)}`);
  await connection.run('load httpfs');
  // It reads AWS_ACCESS_KEY_ID and the like by itself, for whatever S3 URI a statement names.
  for (const name of ['s3_access_key_id', 's3_secret_access_key', 's3_session_token']) {
    await connection.run(`set ${name} = ''`);
  }
}

/** Credentials of AWS, and until when they hold. */
export type S3Credentials = {
  keyId: string;
  secret: string;
  sessionToken?: string;
  /** Milliseconds since 1970; absent for those that do not end. */
  expiresAt?: number;
};

/** All that a process needs to read a lake in place: it may have no credentials of its own. */
export type S3Access = { folder: string; credentials: S3Credentials; endpoint?: string };

/** Lets a database read what is below the prefix of a lake, in the place of what it was let before. */
export async function giveSecret(
  connection: DuckDBConnection,
  place: RemotePlace,
  { credentials, endpoint }: Omit<S3Access, 'folder'>,
): Promise<void> {
  const options = Object.entries(secretOptions(place, credentials, endpoint))
    .map(([name, value]) => `${name} ${typeof value === 'boolean' ? value : quoteText(value)}`)
    .join(', ');
  try {
    await connection.run(
      `create or replace temporary secret flowproof_lake (type s3, provider config, ${options})`,
    );
  } catch {
    // The message of the engine shows the statement, and so the secret.
    throw new FlowproofError('LAKE_UNUSABLE', {
      place: place.uri,
      problem: 'DuckDB took no credentials for S3',
      remedy: 'Read all from a copy instead: lake_read: staged',
    });
  }
}

function secretOptions(
  { bucket, prefix, region }: RemotePlace,
  { keyId, secret, sessionToken }: S3Credentials,
  endpoint: string | undefined,
): Record<string, string | boolean> {
  const url = endpoint === undefined ? undefined : new URL(endpoint);
  const host = url ? `${url.host}${url.pathname.replace(/\/$/, '')}` : undefined;
  const ofChina = region.startsWith('cn-') ? `s3.${region}.amazonaws.com.cn` : undefined;
  return {
    key_id: keyId,
    secret,
    ...(sessionToken === undefined ? {} : { session_token: sessionToken }),
    region,
    ...(host || ofChina ? { endpoint: (host ?? ofChina) as string } : {}),
    // The name of a bucket with dots is no host name that a certificate of AWS is for.
    url_style: url || bucket.includes('.') ? 'path' : 'vhost',
    use_ssl: url === undefined || url.protocol === 'https:',
    scope: `s3://${bucket}/${prefix}`,
  };
}
