/** Retention on its own: what `flowproof retain` does with a lake that no run has open. */
import type { Config } from '../config.ts';
import { type Database, openDatabase } from '../database.ts';
import { FlowproofError } from '../errors.ts';
import { abandonBatches, openLakeForWriting, scratchFolder } from '../lake.ts';
import { resourceError } from '../resource-error.ts';
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
  return withDatabase(config, !isDryRun, (database) =>
    retain({
      ...options,
      connection: database.connection,
      lake: config.lake,
      retention,
      schedule: config.schedule,
      configSha256: config.sha256,
    }),
  );
}

/** Brings a UTC day back. Throws USAGE, LAKE_LOCKED and what `restore` throws. */
export async function restoreDay(
  options: Pick<RetainLakeOptions, 'config' | 'now'> & { date: string },
): Promise<RestoreResult> {
  const { config, date, now } = options;
  const retention = retentionOf(config);
  return withDatabase(config, true, ({ connection }) =>
    restore({ connection, lake: config.lake, retention, configSha256: config.sha256, date, now }),
  );
}

function retentionOf({ retention, path }: RetainLakeOptions['config']): Retention {
  if (retention) return retention;
  throw new FlowproofError('USAGE', {
    place: path,
    problem: 'the configuration does not say how long raw rows stay, so all of them do',
    remedy: 'Add, for example: retention: { raw_months: 15, archive: ../archive }',
  });
}

async function withDatabase<Result>(
  config: RetainLakeOptions['config'],
  isWriting: boolean,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const { lake, memory_limit: memoryLimit } = config;
  const lock = isWriting ? await openLakeForWriting(lake) : undefined;
  let database: Database | undefined;
  try {
    database = await openDatabase({
      ...(isWriting ? { tempDirectory: scratchFolder(lake) } : {}),
      ...(memoryLimit ? { memoryLimit } : {}),
    });
    const result = await work(database);
    await lock?.publish();
    return result;
  } catch (thrown) {
    const limit = resourceError(lake, thrown);
    if (!limit) throw thrown;
    database?.close();
    database = undefined;
    await abandonBatches(lake);
    throw limit;
  } finally {
    database?.close();
    await lock?.release();
  }
}
