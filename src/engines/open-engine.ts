/** The engine of the configuration, with the tables of the lake. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Config } from '../config.ts';
import { FlowproofError } from '../errors.ts';
import { type RemotePlace, remoteOf } from '../remote-lake/place.ts';
import { declareTables } from './declare-tables.ts';
import { duckdbEngine } from './duckdb.ts';
import type { Engine, Scanned } from './engine.ts';
import { trinoEngine } from './trino.ts';

export type EngineConfig = Pick<Config, 'engine' | 'trino' | 'athena' | 'lake'>;

export type EngineUse = {
  /** Is told what statements read. */
  scanned: Scanned;
  /** Ends the statement that runs. */
  signal?: AbortSignal | undefined;
};

/** True if the embedded engine does everything, and nothing else is asked. */
export function isEmbedded({ engine }: Pick<Config, 'engine'>): boolean {
  return engine === 'duckdb';
}

/**
 * The engine that reads the lake as it is published. `connection` is DuckDB's, with the views of the lake. Throws
 * ENGINE_FAILED if another engine cannot be reached, and CONFIG_INVALID if its password is not there.
 */
export async function openEngine(
  config: EngineConfig,
  connection: DuckDBConnection,
  use: EngineUse,
): Promise<Engine> {
  if (isEmbedded(config)) return duckdbEngine(connection);
  const engine = await connectEngine(config, engineSchema(config), use);
  await declareLake(engine, config);
  return engine;
}

/** Brings the tables of the engine, or the days of some of them, up to the lake as it is published. */
export async function declareLake(
  engine: Engine,
  config: EngineConfig,
  tables?: readonly string[],
): Promise<void> {
  const schema = engineSchema(config);
  await engine.runOwn(`create schema if not exists ${schema}`);
  await declareTables(engine, { lake: config.lake, location: locationOf(config), schema, tables });
}

/** The schema of the tables of the lake. */
export function engineSchema({ trino, athena }: EngineConfig): string {
  return trino?.schema ?? athena?.database ?? 'flowproof';
}

function placeOf({ lake }: EngineConfig): RemotePlace {
  const place = remoteOf(lake);
  if (!place) throw new Error(`the lake in ${lake} stands in no bucket`);
  return place;
}

/** Where the engine finds the files of the lake, without a slash at its end. */
function locationOf(config: EngineConfig): string {
  const { bucket, prefix } = placeOf(config);
  return prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix.slice(0, -1)}`;
}

/** The engine, with statements in a schema of their own. Nothing is asked of it yet. */
export async function connectEngine(
  config: EngineConfig,
  schema: string,
  use: EngineUse,
): Promise<Engine> {
  if (config.athena) return connectAthena(config, schema, use);
  if (!config.trino) throw new Error('the configuration names no other engine');
  const { url, catalog, user, password_env, token_env } = config.trino;
  return trinoEngine({
    ...use,
    url: new URL(url).origin,
    catalog,
    schema,
    user,
    ...(password_env ? { password: secretOf(password_env, 'trino.password_env') } : {}),
    ...(token_env ? { token: secretOf(token_env, 'trino.token_env') } : {}),
  });
}

async function connectAthena(
  config: EngineConfig,
  database: string,
  use: EngineUse,
): Promise<Engine> {
  const { athena } = config;
  if (!athena) throw new Error('the configuration names no workgroup');
  const { AthenaClient } = await import('@aws-sdk/client-athena');
  const { athenaEngine } = await import('./athena.ts');
  const place = placeOf(config);
  const region = athena.region ?? place.region;
  const roleArn = athena.role_arn ?? place.roleArn;
  const requestHandler = { connectionTimeout: 10_000, socketTimeout: 60_000 };
  const credentials =
    roleArn === undefined
      ? {}
      : {
          credentials: (await import('@aws-sdk/credential-providers')).fromTemporaryCredentials({
            params: { RoleArn: roleArn, RoleSessionName: 'flowproof' },
            clientConfig: { region, requestHandler },
          }),
        };
  const { max_gigabytes_scanned: gigabytes } = athena;
  return athenaEngine({
    ...use,
    // Statements are many, and each account may start so many a second.
    client: new AthenaClient({
      region,
      maxAttempts: 10,
      retryMode: 'adaptive',
      requestHandler,
      ...credentials,
    }),
    workgroup: athena.workgroup,
    catalog: athena.catalog,
    database,
    output: athena.output,
    resultReuseMinutes: athena.result_reuse_minutes,
    ...(gigabytes === undefined ? {} : { maxBytesScanned: gigabytes * 1e9 }),
  });
}

function secretOf(name: string, place: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== '') return value;
  throw new FlowproofError('CONFIG_INVALID', {
    place,
    problem: `the environment variable ${name} is not set`,
    remedy: `Set it for the process that runs flowproof, or name another one in ${place}.`,
  });
}
