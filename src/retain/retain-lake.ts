/** Retention on its own: what `flowproof retain` does with a lake that no run has open. */
import type { Config } from '../config.ts';
import { type Database, openDatabase } from '../database.ts';
import { FlowproofError } from '../errors.ts';
import { withLakeDatabase } from '../lake-database.ts';
import type { Retention } from '../retention-schema.ts';
import { type RestoreResult, restore } from './restore.ts';
import { type RetainOptions, type RetainResult, retain } from './retain.ts';

export type RetainLakeOptions = {
  config: Pick<Config, 'lake' | 'memory_limit' | 'path' | 'retention' | 'schedule' | 'sha256'>;
  now: Date;
} & Pick<RetainOptions, 'isEnriched' | 'graceHours' | 'onProgress'>;

/** Takes out what is due, or only says what that is. Throws USAGE, LAKE_LOCKED and what `retain` throws. */
export async function retainLake(
  options: RetainLakeOptions & { isDryRun: boolean },
): Promise<RetainResult> {
  const { config, isDryRun } = options;
  const retention = retentionOf(config);
  const { lake, memory_limit: memoryLimit, schedule, sha256: configSha256 } = config;
  const work = ({ connection }: Database) =>
    retain({ ...options, connection, lake, retention, schedule, configSha256 });
  if (isDryRun) return withReadingDatabase(memoryLimit, work);
  return withLakeDatabase({ lake, memoryLimit }, async (database) => {
    const result = await work(database);
    await database.lock.publish();
    return result;
  });
}

/** Brings a UTC day back. Throws USAGE, LAKE_LOCKED and what `restore` throws. */
export async function restoreDay(
  options: Pick<RetainLakeOptions, 'config' | 'now'> & { date: string },
): Promise<RestoreResult> {
  const { config, date, now } = options;
  const retention = retentionOf(config);
  const { lake, memory_limit: memoryLimit, sha256: configSha256 } = config;
  return withLakeDatabase({ lake, memoryLimit }, async ({ connection, lock }) => {
    const result = await restore({ connection, lake, retention, configSha256, date, now });
    await lock.publish();
    return result;
  });
}

function retentionOf({ retention, path }: RetainLakeOptions['config']): Retention {
  if (retention) return retention;
  throw new FlowproofError('USAGE', {
    place: path,
    problem: 'the configuration does not say how long raw rows stay, so all of them do',
    remedy: 'Add, for example: retention: { raw_months: 15, archive: ../archive }',
  });
}

/** A dry run reads what is committed, beside whoever writes. */
async function withReadingDatabase<Result>(
  memoryLimit: string | undefined,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const database = await openDatabase(memoryLimit ? { memoryLimit } : {});
  try {
    return await work(database);
  } finally {
    database.close();
  }
}
