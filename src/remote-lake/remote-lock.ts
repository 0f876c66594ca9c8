/**
 * The lock of a lake in S3: one run writes at a time, whatever machine it is on. The lock is an object that
 * only one can make, that its holder writes anew every few seconds, and that another takes over by a
 * conditional write: at once if its process died on this machine, else once it was silent for two minutes.
 * Times are those that S3 gives objects.
 */
import { randomUUID } from 'node:crypto';
import { FlowproofError } from '../errors.ts';
import { judgeHolder, ownHolder, parseHolder } from '../lock-holder.ts';
import type { ObjectStore } from './object-store.ts';
import type { RemotePlace } from './place.ts';

const LOCK_KEY = '.flowproof/lock';

const HEARTBEAT_MILLISECONDS = 20_000;
const SILENCE_MILLISECONDS = 120_000;

export type RemoteLock = {
  /** Throws LAKE_LOCK_LOST if another run took it over. */
  confirm(): Promise<void>;
  release(): Promise<void>;
};

export type RemoteLockOptions = { heartbeatMilliseconds?: number; silenceMilliseconds?: number };

/** Takes the lock. Throws LAKE_LOCKED while another run holds it. */
export async function lockRemote(
  store: ObjectStore,
  place: RemotePlace,
  options: RemoteLockOptions = {},
): Promise<RemoteLock> {
  const {
    heartbeatMilliseconds = HEARTBEAT_MILLISECONDS,
    silenceMilliseconds = SILENCE_MILLISECONDS,
  } = options;
  const content = Buffer.from(`${JSON.stringify({ ...ownHolder(), token: randomUUID() })}\n`);
  let etag = await store.put(LOCK_KEY, content, { isNew: true });
  if (etag === undefined) etag = await takeOver(store, place, content, silenceMilliseconds);
  let isLost = false;
  // The same bytes have the same ETag: another's lock differs by its token.
  const beat = async (): Promise<void> => {
    const written = await store.put(LOCK_KEY, content, { etag: etag as string });
    if (written === undefined) isLost = true;
    else etag = written;
  };
  let last = Promise.resolve();
  const timer = setInterval(() => {
    // A beat that fails, as without a network, is made up for by the next.
    last = last.then(beat).catch(() => {});
  }, heartbeatMilliseconds);
  timer.unref();
  return {
    async confirm() {
      await last;
      if (!isLost) await beat();
      if (isLost) throw lostLock(place);
    },
    async release() {
      clearInterval(timer);
      await last;
      if (isLost) return;
      await beat().catch(() => {});
      if (!isLost) await store.remove([LOCK_KEY]);
    },
  };
}

async function takeOver(
  store: ObjectStore,
  place: RemotePlace,
  content: Buffer,
  silence: number,
): Promise<string> {
  const found = await store.get(LOCK_KEY);
  // It was released just now.
  if (!found) {
    const etag = await store.put(LOCK_KEY, content, { isNew: true });
    if (etag !== undefined) return etag;
    throw lockedError(place, undefined, 0);
  }
  const text = found.body.toString('utf8');
  const holder = parseHolder(text);
  const age = (await timeOfStore(store)) - found.modifiedAt.getTime();
  // Of a process of this machine it is known whether it lives.
  const verdict = holder === undefined ? 'unknown' : judgeHolder(holder, ownHolder());
  if (verdict === 'dead' || (verdict === 'unknown' && age >= silence)) {
    const etag = await store.put(LOCK_KEY, content, { etag: found.etag });
    if (etag !== undefined) return etag;
  }
  throw lockedError(place, text, age);
}

/** The time by the clock that gives objects theirs. */
async function timeOfStore(store: ObjectStore): Promise<number> {
  const key = `.flowproof/clock-${randomUUID()}`;
  await store.put(key, Buffer.alloc(0));
  const found = await store.get(key);
  await store.remove([key]);
  return found?.modifiedAt.getTime() ?? 0;
}

function lockedError({ uri }: RemotePlace, text: string | undefined, age: number): FlowproofError {
  const holder = text === undefined ? undefined : parseHolder(text);
  const who = holder
    ? `another run (process ${holder.pid} on ${holder.host}, since ${holder.since})`
    : 'another run';
  return new FlowproofError('LAKE_LOCKED', {
    place: uri,
    problem: `${who} is writing to this lake`,
    remedy: `Wait until it has ended. It is taken over once it has been silent for ${SILENCE_MILLISECONDS / 1000} seconds (now ${Math.max(0, Math.round(age / 1000))}).`,
  });
}

function lostLock({ uri }: RemotePlace): FlowproofError {
  return new FlowproofError('LAKE_LOCK_LOST', {
    place: uri,
    problem: 'another run took over the lock, as this one had given no sign of life',
    remedy:
      'Nothing that this run had not yet published is in the lake. Wait until the other run has ended, then run flowproof again.',
  });
}
