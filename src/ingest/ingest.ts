/**
 * Ingest: from sources to rows of the lake. This folder owns everything between the bytes of an
 * object and the tables of layer `ingest` (`src/tables.ts`).
 *
 * An object is listed, skipped if the ledger has it, brought to local disk, hashed, recognised by its
 * content, read, and committed with its ledger row, in batches. What cannot be read is a row of
 * `rejected_record`, or a reason in the ledger; it never stops the rest.
 */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { messageOf } from '../errors.ts';
import { createIngestViews, scratchFolder } from '../lake.ts';
import { type BatchWriter, openBatch } from '../lake-batch.ts';
import { orStop } from '../stop.ts';
import { openBulkReader } from './bulk/bulk-reader.ts';
import type { BulkObject } from './bulk/flow-log-lines.ts';
import { type Fetched, fetchObject, isUnreachable } from './fetch-object.ts';
import type { Kind, LocalObject } from './format.ts';
import type { IngestProgress } from './ingest-progress.ts';
import { createLane } from './lane.ts';
import { hasLaterRecord, isOfLaterPlace } from './later-records.ts';
import { type Ledger, readLedger } from './ledger.ts';
import { expansionLimit } from './lines.ts';
import { lookAhead } from './look-ahead.ts';
import type { FirstReject } from './object-sink.ts';
import { prefetch } from './prefetch.ts';
import { localObject, type ReadOutcome, readObject, recogniseFormat } from './read-object.ts';
import type { ListedObject, Period, Source } from './source.ts';

/** Objects and rows after which a batch is committed. */
const BATCH_OBJECTS = 2_000;
const BATCH_ROWS = 8_000_000;

const FETCHES_AT_ONCE = 8;

/** Listed objects that may wait: how far ahead the end is seen, for about 10 MB of memory. */
const LISTED_AHEAD = 20_000;

const DAY_MILLISECONDS = 86_400_000;

export type KindOfSource = { kind: Kind; source: Source };

export type DamagedObject = { uri: string; status: string; reason: string };

export type IngestResult = {
  listedCount: number;
  skippedCount: number;
  objectCount: number;
  duplicateCount: number;
  /** Objects left to later runs, as they hold records later than `asOf`. */
  laterCount?: number;
  rowCount: number;
  rejectedCount: number;
  nodataCount: number;
  skipdataCount: number;
  sizeBytes: number;
  /** Lines rejected, by object. */
  rejected: ({ uri: string; count: number } & FirstReject)[];
  damaged: DamagedObject[];
  unreachable: { uri: string; problem: string }[];
};

export type IngestOptions = {
  connection: DuckDBConnection;
  lake: string;
  sources: readonly KindOfSource[];
  period: Period;
  /** A past moment: objects with records later than it are left to later runs. */
  asOf?: Date | undefined;
  /** Once aborted, nothing more is read or committed, and its reason is thrown. */
  signal?: AbortSignal | undefined;
  runId: string;
  /** Hash of the configuration: under another one, what was refused is tried again. */
  configSha256?: string;
  now: () => Date;
  /** Objects in a batch; what is not committed when a run dies is read again. */
  batchObjects?: number;
  onProgress: (progress: IngestProgress) => void;
};

/** Reads all that is new. The lake must be open for writing, and its views made. */
export async function ingest(options: IngestOptions): Promise<IngestResult> {
  const { batchObjects = BATCH_OBJECTS, asOf, signal } = options;
  const ledger = await readLedger(options.connection, options.lake, options.configSha256);
  const result: IngestResult = {
    listedCount: 0,
    skippedCount: 0,
    objectCount: 0,
    duplicateCount: 0,
    ...(asOf ? { laterCount: 0 } : {}),
    rowCount: 0,
    rejectedCount: 0,
    nodataCount: 0,
    skipdataCount: 0,
    sizeBytes: 0,
    rejected: [],
    damaged: [],
    unreachable: [],
  };
  const scratch = scratchFolder(options.lake);
  const bulk = openBulkReader();
  const lane = createLane(bulk.capacity);
  const underWay = new Set<string>();
  const began = performance.now();
  let freshCount = 0;
  let freshBytes = 0;
  let isListed = false;
  let batch: Batch | undefined;

  // Threads that read a long object do not hear of it: they are ended, and what waits for them fails.
  signal?.addEventListener('abort', () => void bulk.close(), { once: true });

  const commit = async (): Promise<void> => {
    await lane.idle();
    signal?.throwIfAborted();
    if (!batch) return;
    await bulk.finish();
    await batch.writer.commit();
    batch = undefined;
  };

  const take = async (
    { listed, path, fingerprint }: Fetched,
    { kind, source }: KindOfSource,
  ): Promise<void> => {
    // What is under way is not in the ledger yet: the same bytes, or the same place, must wait for it.
    const keys = [listed.uri, fingerprint.sha256];
    if (keys.some((key) => underWay.has(key))) await lane.idle();
    const same = ledger.findSame(listed.uri, fingerprint.sha256);
    if (same && !same.isOpen) {
      result.skippedCount += 1;
      return removeScratch(path, scratch);
    }
    const objectId = objectIdOf(listed.uri, fingerprint.sha256, same?.objectId);
    const object = localObject({ listed, path, fingerprint, objectId, scratchFolder: scratch });
    // Two snapshots of an inventory may well be equal: each proves the state at its own time.
    const copy = kind === 'inventory' ? undefined : ledger.findCopy(fingerprint.sha256);
    const format = copy ? undefined : await recogniseFormat(object, kind);
    if (asOf && format && (await hasLaterRecord(object, format, options.connection, asOf))) {
      result.laterCount = (result.laterCount ?? 0) + 1;
      return removeScratch(path, scratch);
    }
    if (batch && (batch.objectCount >= batchObjects || batch.rowCount >= BATCH_ROWS)) {
      await commit();
    }
    batch ??= {
      writer: await openBatch(
        options.connection,
        options.lake,
        `${options.runId}/${objectId}`,
        signal,
      ),
      objectCount: 0,
      rowCount: 0,
    };
    const current = batch;
    current.objectCount += 1;
    const ahead = format?.isReadAhead
      ? bulk.read(bulkObjectOf(object), current.writer.place)
      : undefined;
    ahead?.catch(() => {});
    for (const key of keys) underWay.add(key);
    await lane.add(async () => {
      const task = {
        ...{ listed, path, fingerprint, objectId, kind, copy, format },
        label: source.label,
        scratchFolder: scratch,
        refused: same,
        runId: options.runId,
        readAt: options.now(),
      };
      const outcome = await readObject(
        task,
        current.writer,
        ledger,
        options.connection,
        await ahead,
      );
      for (const key of keys) underWay.delete(key);
      current.rowCount += outcome.counts.rowCount + outcome.counts.rejectedCount;
      tally(result, listed.uri, fingerprint.sizeBytes, outcome);
      options.onProgress({
        objectCount: result.objectCount,
        rowCount: result.rowCount,
        sizeBytes: result.sizeBytes,
        listedCount: freshCount,
        listedBytes: freshBytes,
        isListed,
        elapsedSeconds: (performance.now() - began) / 1000,
        uri: listed.uri,
      });
      await removeScratch(path, scratch);
    });
  };

  try {
    // Which flow log wrote to a log group may depend on where the inventory says an interface is: so
    // what it brings is there to be asked before the other sources are listed.
    const inventory = options.sources.filter(({ kind }) => kind === 'inventory');
    const others = options.sources.filter(({ kind }) => kind !== 'inventory');
    for (const entries of [inventory, others]) {
      const fresh = lookAhead({
        source: freshObjects(entries, options, ledger, result),
        limit: LISTED_AHEAD,
        onTaken({ listed }) {
          freshCount += 1;
          freshBytes += listed.sizeBytes ?? 0;
        },
        onEnd() {
          isListed = entries === others;
        },
      });
      for await (const { fetched, entry } of prefetch(fresh, FETCHES_AT_ONCE, async (item) => ({
        fetched: await orStop(signal, fetchObject(item.listed, scratch, ledger)),
        entry: item.entry,
      }))) {
        if ('problem' in fetched) result.unreachable.push(fetched);
        else if (fetched.path !== undefined) await take(fetched, entry);
      }
      await commit();
      if (entries.length > 0) await createIngestViews(options.connection, options.lake);
    }
  } finally {
    // What is under way uses the connection: it ends before the caller closes that.
    await lane.idle().catch(() => {});
    await bulk.close();
  }
  return result;
}

type Batch = { writer: BatchWriter; objectCount: number; rowCount: number };

async function removeScratch(path: string, scratch: string): Promise<void> {
  if (path.startsWith(scratch)) await rm(path, { force: true });
}

function bulkObjectOf(object: LocalObject): BulkObject {
  const { objectId, path, sizeBytes, modifiedAt, hints } = object;
  return {
    objectId,
    path,
    day: Math.floor(modifiedAt.getTime() / DAY_MILLISECONDS),
    maxBytes: expansionLimit(sizeBytes, hints.maxExpansion),
    fields: hints.fields,
  };
}

function tally(
  result: IngestResult,
  uri: string,
  sizeBytes: number,
  { status, reason, counts, firstReject }: ReadOutcome,
): void {
  result.objectCount += 1;
  result.sizeBytes += sizeBytes;
  result.rowCount += counts.rowCount;
  result.rejectedCount += counts.rejectedCount;
  result.nodataCount += counts.nodataCount;
  result.skipdataCount += counts.skipdataCount;
  if (firstReject) result.rejected.push({ uri, count: counts.rejectedCount, ...firstReject });
  if (status === 'duplicate') result.duplicateCount += 1;
  if (status === 'damaged' || status === 'refused') {
    result.damaged.push({ uri, status, reason: reason ?? '' });
  }
}

/**
 * Id of an object: the same content at the same place is the same object. One that was refused and is
 * tried again gets another id, made of its earlier one, as both stand in the ledger.
 */
export function objectIdOf(uri: string, sha256: string, refusedId?: string): string {
  const text = [uri, sha256, ...(refusedId === undefined ? [] : [refusedId])].join('\n');
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

type FreshObject = { listed: ListedObject; entry: KindOfSource };

/** What the sources list and the ledger does not have, source by source. */
async function* freshObjects(
  sources: readonly KindOfSource[],
  { period, asOf, signal }: Pick<IngestOptions, 'period' | 'asOf' | 'signal'>,
  ledger: Ledger,
  result: IngestResult,
): AsyncIterable<FreshObject> {
  for (const entry of sources) {
    try {
      for await (const listed of entry.source.list(period)) {
        signal?.throwIfAborted();
        result.listedCount += 1;
        if (asOf && isOfLaterPlace(listed.uri, asOf)) {
          result.laterCount = (result.laterCount ?? 0) + 1;
        } else if (ledger.hasVersion(listed.uri, listed.version)) {
          result.skippedCount += 1;
        } else {
          yield { listed, entry };
        }
      }
    } catch (thrown) {
      // A source that is out of reach does not keep the others from being read.
      if (!isUnreachable(thrown)) throw thrown;
      result.unreachable.push({ uri: entry.source.place, problem: messageOf(thrown) });
    }
  }
}
