/**
 * Files of a lake in S3 that another engine writes: it puts them below `.flowproof/next/`, from where they take their
 * places as all files that replace others do. This machine knows their names alone.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { listFiles } from '../list-files.ts';
import type { CopyState } from './copy-state.ts';
import type { RemoteFile } from './head.ts';
import type { ObjectStore } from './object-store.ts';
import type { RemotePlace } from './place.ts';
import { NEXT } from './publish.ts';

export type EngineFiles = {
  /** A folder of the bucket, as the beginning of keys, in which nothing is. */
  newFolder(): string;
  uriOf(key: string): string;
  /**
   * Makes the objects below `folder` the files of a folder of the lake, such as `flow_copy/flow_date=2026-11-02`, in
   * place of those that are there. All that see the lake see it with the next `publish`.
   */
  adopt(folder: string, into: string): Promise<void>;
  /** Removes what is below a folder of the bucket. */
  discard(folder: string): Promise<void>;
  /** Removes what runs that died left below `.flowproof/next/`. */
  sweep(): Promise<void>;
  publish(): Promise<void>;
};

type Options = {
  store: ObjectStore;
  place: RemotePlace;
  copy: string;
  state: CopyState;
  adopted: Map<string, RemoteFile>;
  publish: () => Promise<void>;
};

export function engineFiles(options: Options): EngineFiles {
  const { store, place, copy, state, adopted, publish } = options;
  const removeBelow = async (folder: string, isWanted: (key: string) => boolean): Promise<void> => {
    const keys = (await store.list(folder)).map(({ key }) => key);
    await store.remove(keys.filter((key) => !isWanted(key)));
  };
  return {
    newFolder: () => `${NEXT}${randomUUID()}/`,
    uriOf: (key) => `s3://${place.bucket}/${place.prefix}${key}`,
    async adopt(folder, into) {
      for (const name of await listFiles(join(copy, into))) {
        await rm(join(copy, into, name), { force: true });
      }
      const written = (await store.list(folder)).filter(({ size }) => size > 0);
      for (const [index, { key, size, etag }] of written.entries()) {
        adopted.set(`${into}/data-${index}.parquet`, { key, size, etag });
      }
    },
    discard: (folder) => removeBelow(folder, () => false),
    async sweep() {
      const named = new Set([...state.files.values(), ...adopted.values()].map(({ key }) => key));
      await removeBelow(NEXT, (key) => named.has(key));
    },
    publish,
  };
}
