/**
 * One pull from a log group: the events of a stretch of time that no earlier pull brought, as JSON
 * lines in one file, or in one for each format that the group holds.
 *
 * Events are known by their id. The stretch is pulled in slices that hold no more than `MAX_EVENTS`
 * events, so that the ids in memory have a bound: a slice that proves too full is dropped and pulled
 * again in halves.
 */
import { type FileHandle, open, rm } from 'node:fs/promises';
import {
  type CloudWatchLogsClient,
  type FilteredLogEvent,
  FilterLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { failCall, type Sleep, withRetries } from './aws-call.ts';
import type { Pace } from './pace.ts';

export type LogGroup = {
  client: CloudWatchLogsClient;
  logGroup: string;
  place: string;
  sleep: Sleep;
  pace: Pace;
  /** Width of the slices that proved right, in milliseconds: what one pull learns serves the next. */
  sliceWidth: number;
};

/** What the lake holds of a log group. Bounds are half open. */
export type SeenEvents = {
  /** Ids of the events in the lake with `from <= timestamp < until`; undefined if more than `limit`. */
  idsBetween(from: Date, until: Date, limit: number): Promise<ReadonlySet<string> | undefined>;
};

export type PullTask = {
  group: LogGroup;
  from: Date;
  until: Date;
  seen: SeenEvents;
  /** One file for each; `fileOf` says which of them an event is for. */
  paths: readonly string[];
  fileOf(event: FilteredLogEvent): number;
  /** Last line of each file: what was pulled, which makes the content of each pull its own. */
  trailerOf(file: number, eventCount: number): string;
  /** True if a file is to be kept though no event is new: it says that the stretch is complete. */
  isKeptEmpty: boolean;
  maxEvents?: number;
};

/** Ids held in memory by a pull; eight pulls may run at once. */
const MAX_EVENTS = 100_000;

type Spool = { path: string; handle: FileHandle; size: number; eventCount: number };

/**
 * Pulls, and says of each file whether it was kept. Throws FlowproofError SOURCE_UNREACHABLE, naming
 * logs:FilterLogEvents; no file is left then.
 */
export async function pullEvents(task: PullTask): Promise<boolean[]> {
  const spools: Spool[] = [];
  const kept = task.paths.map(() => false);
  try {
    for (const path of task.paths) {
      spools.push({ path, handle: await open(path, 'w'), size: 0, eventCount: 0 });
    }
    await pullSlices(task, spools);
    for (const [index, spool] of spools.entries()) {
      if (spool.eventCount === 0 && !task.isKeptEmpty) continue;
      await append(spool, [`${task.trailerOf(index, spool.eventCount)}\n`], 0);
    }
    for (const [index, spool] of spools.entries()) kept[index] = spool.size > 0;
  } catch (thrown) {
    kept.fill(false);
    throw thrown;
  } finally {
    for (const [index, { handle, path }] of spools.entries()) {
      await handle.close();
      if (!kept[index]) await rm(path, { force: true });
    }
  }
  return kept;
}

async function pullSlices(task: PullTask, spools: readonly Spool[]): Promise<void> {
  const { maxEvents = MAX_EVENTS, group } = task;
  const end = task.until.getTime();
  for (let at = task.from.getTime(); at < end; ) {
    const width = Math.min(group.sliceWidth, end - at);
    const slice = { from: new Date(at), until: new Date(at + width) };
    // A millisecond cannot be halved, whatever it holds.
    const limit = width > 1 ? maxEvents : Number.MAX_SAFE_INTEGER;
    const count = await pullSlice(task, slice, spools, limit);
    if (count === undefined) {
      group.sliceWidth = Math.max(1, Math.floor(width / 2));
      continue;
    }
    at = slice.until.getTime();
    if (count < maxEvents / 4) group.sliceWidth = Math.max(group.sliceWidth, width * 2);
  }
}

/** Pulls a slice and returns how many events it holds, old and new; undefined if over the limit. */
async function pullSlice(
  task: PullTask,
  slice: { from: Date; until: Date },
  spools: readonly Spool[],
  limit: number,
): Promise<number | undefined> {
  const seen = await task.seen.idsBetween(slice.from, slice.until, limit);
  if (seen === undefined) return undefined;
  const taken = new Set(seen);
  const before = spools.map(({ size, eventCount }) => ({ size, eventCount }));
  for await (const events of pullPages(task.group, slice)) {
    const lines: string[][] = spools.map(() => []);
    for (const event of events) {
      if (isNew(event, taken)) lines[task.fileOf(event)]?.push(lineOf(event));
    }
    if (taken.size > limit) {
      for (const [index, spool] of spools.entries()) {
        Object.assign(spool, before[index]);
        await spool.handle.truncate(spool.size);
      }
      return undefined;
    }
    for (const [index, spool] of spools.entries()) {
      const own = lines[index] ?? [];
      if (own.length > 0) await append(spool, own, own.length);
    }
  }
  return taken.size;
}

async function append(spool: Spool, lines: readonly string[], eventCount: number): Promise<void> {
  const bytes = Buffer.from(lines.join(''));
  for (let written = 0; written < bytes.length; ) {
    const step = await spool.handle.write(bytes, written, undefined, spool.size + written);
    written += step.bytesWritten;
  }
  spool.size += bytes.length;
  spool.eventCount += eventCount;
}

/** Remembers the event as well, in case two pages of one pull bring it. */
function isNew(event: FilteredLogEvent, taken: Set<string>): boolean {
  // Without an id nothing says that it was seen; the reader of the format will refuse the line.
  if (event.eventId === undefined) return true;
  if (taken.has(event.eventId)) return false;
  taken.add(event.eventId);
  return true;
}

function lineOf(event: FilteredLogEvent): string {
  const { eventId, timestamp, ingestionTime, logStreamName, message } = event;
  return `${JSON.stringify({ eventId, timestamp, ingestionTime, logStreamName, message })}\n`;
}

/** Pages of a slice's events. An empty page is not the last: only one without a token is. */
async function* pullPages(
  group: LogGroup,
  slice: { from: Date; until: Date },
): AsyncGenerator<FilteredLogEvent[]> {
  let nextToken: string | undefined;
  do {
    const command = new FilterLogEventsCommand({
      logGroupName: group.logGroup,
      startTime: slice.from.getTime(),
      // The API's end is inclusive.
      endTime: slice.until.getTime() - 1,
      ...(nextToken === undefined ? {} : { nextToken }),
    });
    const send = async () => {
      await group.pace();
      return group.client.send(command);
    };
    const page = await withRetries(send, group.sleep).catch((thrown) =>
      failCall(thrown, {
        place: group.place,
        operation: 'FilterLogEvents',
        needs: `logs:FilterLogEvents on the log group ${group.logGroup}`,
      }),
    );
    yield page.events ?? [];
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
}
