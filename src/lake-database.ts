/** The engine over a lake that is held for writing: opened, tidied and let go of alike by all that change a lake. */
import { type Database, openDatabase } from './database.ts';
import { abandonBatches, openLakeForWriting, scratchFolder, type WritableLake } from './lake.ts';
import { resourceError } from './resource-error.ts';

export type LakeDatabase = Database & {
  lock: WritableLake;
  /** Says that something may still use the connection: then only the end of the process takes it away. */
  leave: () => void;
};

/**
 * Does `work` while nobody else may write to the lake. Where it fails, what it had begun and not committed goes.
 * Throws LAKE_LOCKED, LAKE_UNUSABLE, DISK_FULL, OUT_OF_MEMORY, and what `work` throws.
 */
export async function withLakeDatabase<Result>(
  { lake, memoryLimit }: { lake: string; memoryLimit: string | undefined },
  work: (database: LakeDatabase) => Promise<Result>,
): Promise<Result> {
  const lock = await openLakeForWriting(lake);
  let database: Database | undefined;
  const leave = () => {
    database = undefined;
  };
  const close = () => {
    database?.close();
    leave();
  };
  try {
    database = await openDatabase({
      tempDirectory: scratchFolder(lake),
      ...(memoryLimit ? { memoryLimit } : {}),
    });
    return await work({ ...database, lock, leave });
  } catch (thrown) {
    close();
    await abandonBatches(lake);
    throw resourceError(lake, thrown) ?? thrown;
  } finally {
    close();
    await lock.release();
  }
}
