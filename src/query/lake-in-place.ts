/**
 * What the process of statements is told of a lake in S3: it has neither configuration nor credentials. Those that
 * it is given read objects below the prefix of the lake, and are fresh with each statement.
 */
import type { S3Access } from '../remote-lake/httpfs.ts';
import { openStore } from '../remote-lake/object-store.ts';
import { type RemotePlace, remoteOf } from '../remote-lake/place.ts';
import { assertUnchanged, filesSeen } from '../remote-lake/unchanged.ts';

export type LakeInPlace = {
  place: RemotePlace;
  /** Credentials that outlast a statement; undefined if nothing is read in S3. */
  access(): Promise<S3Access | undefined>;
  /** Throws LAKE_CHANGED if what a statement read in S3 may be of two states of the lake. */
  check(): Promise<void>;
  /** Brings the copy to what the lake is now. */
  refresh(): Promise<void>;
};

/** Longer than any statement is waited for once its time is over. */
const MARGIN_SECONDS = 300;

/** Undefined for a lake that does not stand in S3. To be asked before the views of the lake are made. */
export async function openInPlace(lake: string, seconds: number): Promise<LakeInPlace | undefined> {
  const configured = remoteOf(lake);
  if (!configured) return undefined;
  const { reading: _, ...place } = configured;
  const seen = await filesSeen(place, lake);
  const isInS3 = seen.files.size > 0;
  return {
    place,
    async access() {
      if (!isInS3) return undefined;
      const { accessTo } = await import('../remote-lake/reach.ts');
      return await accessTo(configured, (seconds + MARGIN_SECONDS) * 1000);
    },
    async check() {
      if (isInS3) await assertUnchanged(await openStore(place), place, seen);
    },
    async refresh() {
      const { refreshForReading } = await import('../remote-lake/remote-lake.ts');
      await refreshForReading(configured, lake);
    },
  };
}
