/** A bucket in memory that keeps the conditions of S3, counts what it is asked, and can die at any call. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import type { Condition, ObjectStore, StoredObject } from '../../src/remote-lake/object-store.ts';

export type MemoryStore = ObjectStore & {
  objects: Map<string, StoredObject>;
  calls: string[];
  /** The call that throws, and every one after it, counted from now; none if undefined. */
  dieAfter(calls: number | undefined): void;
  /** What another does just before the next write of a key. */
  before(key: string, act: () => Promise<void>): void;
  clock: { now: number };
};

export function createMemoryStore(): MemoryStore {
  const objects = new Map<string, StoredObject>();
  const calls: string[] = [];
  const clock = { now: Date.UTC(2026, 10, 1) };
  const acts = new Map<string, () => Promise<void>>();
  let left: number | undefined;
  const called = (call: string): void => {
    if (left !== undefined) {
      if (left === 0) throw new Error('the machine died');
      left -= 1;
    }
    calls.push(call);
  };
  const write = async (
    key: string,
    body: Buffer,
    condition: Condition | undefined,
  ): Promise<string | undefined> => {
    const act = acts.get(key);
    acts.delete(key);
    await act?.();
    called(`put ${key}`);
    const found = objects.get(key);
    if (condition && 'isNew' in condition && found) return undefined;
    if (condition && 'etag' in condition && found?.etag !== condition.etag) return undefined;
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    objects.set(key, { body, etag, modifiedAt: new Date(clock.now) });
    return etag;
  };
  return {
    objects,
    calls,
    clock,
    dieAfter(calls) {
      left = calls;
    },
    before: (key, act) => void acts.set(key, act),
    async get(key) {
      called(`get ${key}`);
      return objects.get(key);
    },
    async download(key, etag, file) {
      called(`get ${key}`);
      const found = objects.get(key);
      if (found?.etag !== etag) return false;
      await writeFile(file, found.body);
      return true;
    },
    put: write,
    upload: async (key, file, condition) => write(key, await readFile(file), condition),
    async list(prefix) {
      called(`list ${prefix}`);
      return [...objects]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, { body, etag }]) => ({ key, size: body.length, etag }))
        .sort((a, b) => (a.key < b.key ? -1 : 1));
    },
    async copy(from, to) {
      called(`copy ${from}`);
      const found = objects.get(from);
      if (!found) throw new Error(`nothing at ${from}`);
      objects.set(to, { ...found, modifiedAt: new Date(clock.now) });
      return found.etag;
    },
    async remove(keys) {
      called(`remove ${keys.length}`);
      for (const key of keys) objects.delete(key);
    },
  };
}
