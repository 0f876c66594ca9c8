/** One statement on the lake, from opening it to its last row. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { openDatabase } from '../database.ts';
import { createLakeViews } from '../lake.ts';
import { lockDown } from './gate.ts';
import { type QueryFormat, runQuery } from './query.ts';

export type LakeQuestion = {
  sql: string;
  format: QueryFormat;
  /** Where the rows go. */
  output: NodeJS.WritableStream;
  /** Aborted, the statement ends. */
  signal: AbortSignal;
};

/** Runs one SELECT behind the gates. Throws as `runQuery` does. */
export async function askLake(
  config: Pick<Config, 'lake' | 'memory_limit'>,
  { sql, format, output, signal }: LakeQuestion,
): Promise<{ rowCount: number }> {
  const tempFolder = await mkdtemp(join(tmpdir(), 'flowproof-query-'));
  const database = await openDatabase({ tempDirectory: join(tempFolder, 'spill') });
  const { connection } = database;
  const interrupt = (): void => connection.interrupt();
  signal.addEventListener('abort', interrupt);
  try {
    await createLakeViews(connection, config.lake);
    await lockDown(connection, {
      folders: [config.lake, tempFolder],
      memoryLimit: config.memory_limit,
    });
    signal.throwIfAborted();
    return await runQuery({
      ...{ connection, sql, format, stdout: output },
      lakeFolder: config.lake,
      tempFolder,
    });
  } finally {
    signal.removeEventListener('abort', interrupt);
    database.close();
    await rm(tempFolder, { recursive: true, force: true });
  }
}
