/**
 * Flow logs in CloudWatch Logs, pulled a UTC day at a time. Records arrive late and under old
 * timestamps, so a day is pulled anew by each run, and events that an earlier pull brought are left
 * out by their event id: each pull that brings something is an object of its own.
 */
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CloudWatchLogsClient,
  type FilteredLogEvent,
  FilterLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { DescribeFlowLogsCommand, type EC2Client, type FlowLog } from '@aws-sdk/client-ec2';
import { FlowproofError } from '../../errors.ts';
import type { ObjectHints } from '../format.ts';
import { parseLogFormat } from '../log-format.ts';
import type { ListedObject, Source } from '../source.ts';
import {
  awsClientDefaults,
  failCall,
  fileNameOf,
  pause,
  type Sleep,
  withRetries,
} from './aws-call.ts';

const DAY = 86_400_000;

/** FilterLogEvents allows 5 requests a second for an account and region ("CloudWatch Logs quotas"). */
const REQUESTS_PER_SECOND = 5;

export type LogGroupFormat = {
  /** Field names in the order of the records. */
  fields: readonly string[];
  /** The flow log, if only one writes to the group. */
  flowLogId?: string;
};

export type CloudWatchLogsOptions = {
  label: string;
  logGroup: string;
  region: string;
  /** Field names that the configuration declares; `describeFormat` is not asked then. */
  fields?: readonly string[];
  describeFormat: () => Promise<LogGroupFormat>;
  /** Ids of the events already in the lake with `from <= timestamp < to`. */
  seenEventIds: (from: Date, to: Date) => Promise<ReadonlySet<string>>;
  client?: CloudWatchLogsClient;
  now?: () => Date;
  sleep?: Sleep;
};

/**
 * The URI of a log group, and the start of those of its pulls: `cloudwatch-logs://us-east-1/vpc/flow-logs`.
 * A colon stands before a group whose name does not open with a slash.
 */
export function logGroupPlace(region: string, logGroup: string): string {
  return `cloudwatch-logs://${region}${logGroup.startsWith('/') ? '' : ':'}${logGroup}`;
}

/**
 * A source with one object for each UTC day of the period that has begun. Its URI,
 * `cloudwatch-logs://<region><log group>?date=<day>&pulled=<time>`, names the pull, so listing again
 * gives new URIs; a colon stands before a group whose name does not open with a slash.
 *
 * `fetch` writes one JSON object a line (`eventId`, `timestamp`, `ingestionTime`, `logStreamName`,
 * `message`; times in milliseconds) in the order received: sorting would hold a day in memory. It
 * resolves to undefined if every event was seen before. Listing throws what `describeFormat` does;
 * fetching throws FlowproofError SOURCE_UNREACHABLE, naming logs:FilterLogEvents.
 */
export function cloudWatchLogsSource(options: CloudWatchLogsOptions): Source {
  const { label, logGroup, region, now = () => new Date(), sleep = pause } = options;
  const client = options.client ?? new CloudWatchLogsClient(awsClientDefaults(region));
  const pace = createPace(REQUESTS_PER_SECOND, sleep);
  const place = logGroupPlace(region, logGroup);
  const group: LogGroup = { client, logGroup, place, sleep, pace };
  return {
    label,
    place,
    async *list(period) {
      const pulledAt = now();
      const days = daysOf(period.start, new Date(Math.min(+period.end, +pulledAt + 1)));
      if (days.length === 0) return;
      const { fields, flowLogId } = options.fields
        ? { fields: options.fields, flowLogId: undefined }
        : await options.describeFormat();
      const hints: ObjectHints = { fields, region, ...(flowLogId ? { flowLogId } : {}) };
      for (const day of days) {
        const version = pulledAt.toISOString();
        const uri = `${place}?date=${day.toISOString().slice(0, 10)}&pulled=${version}`;
        yield listDay(group, { uri, version, modifiedAt: pulledAt, hints }, day, options);
      }
    },
  };
}

type LogGroup = {
  client: CloudWatchLogsClient;
  logGroup: string;
  place: string;
  sleep: Sleep;
  pace: () => Promise<void>;
};

/** Midnights from that of `start` on, before `end`. */
function daysOf(start: Date, end: Date): Date[] {
  const days: Date[] = [];
  const first = Math.floor(start.getTime() / DAY) * DAY;
  for (let day = first; day < end.getTime(); day += DAY) days.push(new Date(day));
  return days;
}

function listDay(
  group: LogGroup,
  listed: Omit<ListedObject, 'fetch'>,
  day: Date,
  options: Pick<CloudWatchLogsOptions, 'seenEventIds'>,
): ListedObject {
  return {
    ...listed,
    async fetch(folder) {
      const dayEnd = new Date(day.getTime() + DAY);
      const taken = new Set(await options.seenEventIds(day, dayEnd));
      const path = join(folder, fileNameOf(listed.uri, listed.version));
      const file = await open(path, 'w');
      let isEmpty = true;
      let isWhole = false;
      try {
        for await (const events of pullPages(group, day, dayEnd)) {
          const lines = events.filter((event) => isNew(event, taken)).map(lineOf);
          if (lines.length === 0) continue;
          isEmpty = false;
          await file.appendFile(lines.join(''));
        }
        isWhole = true;
      } finally {
        await file.close();
        if (isEmpty || !isWhole) await rm(path, { force: true });
      }
      return isEmpty ? undefined : path;
    },
  };
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

/** Pages of the day's events. An empty page is not the last: only one without a token is. */
async function* pullPages(
  group: LogGroup,
  day: Date,
  dayEnd: Date,
): AsyncGenerator<FilteredLogEvent[]> {
  let nextToken: string | undefined;
  do {
    const command = new FilterLogEventsCommand({
      logGroupName: group.logGroup,
      startTime: day.getTime(),
      // The API's end is inclusive.
      endTime: dayEnd.getTime() - 1,
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

/** A function that resolves at most `perSecond` times a second, evenly spaced, in order of calls. */
export function createPace(
  perSecond: number,
  sleep: Sleep,
  clock: () => number = () => performance.now(),
): () => Promise<void> {
  const gap = 1000 / perSecond;
  let free = Number.NEGATIVE_INFINITY;
  return async () => {
    const at = clock();
    const turn = Math.max(at, free);
    free = turn + gap;
    if (turn > at) await sleep(turn - at);
  };
}

/**
 * The format of the flow logs that write to a log group, by EC2's DescribeFlowLogs.
 *
 * Throws FlowproofError CONFIG_INVALID if no flow log writes to it, or if two write different
 * formats, as their records share streams and no record says which it has; SOURCE_UNREACHABLE,
 * naming ec2:DescribeFlowLogs, if the call fails.
 */
export async function describeLogGroupFormat(
  client: EC2Client,
  logGroup: string,
  sleep: Sleep = pause,
): Promise<LogGroupFormat> {
  const place = `log group ${logGroup}`;
  const flowLogs = await describeFlowLogs(client, logGroup, place, sleep);
  const [first] = flowLogs;
  if (!first) {
    throw new FlowproofError('CONFIG_INVALID', {
      place,
      problem: 'no flow log writes to it, so nothing says which fields its records have',
      remedy:
        'Correct the name or `region`; if the flow log was deleted or is in another account, declare ' +
        'its LogFormat as `format:` in the configuration.',
    });
  }
  const parsed = flowLogs.map((flowLog) =>
    parseLogFormat(flowLog.LogFormat ?? '', `${place}, flow log ${flowLog.FlowLogId}`),
  );
  if (new Set(parsed.map((fields) => fields.join(' '))).size > 1) {
    const formats = flowLogs.map((flowLog) => `${flowLog.FlowLogId} "${flowLog.LogFormat}"`);
    throw new FlowproofError('CONFIG_INVALID', {
      place,
      problem: `its flow logs write different formats: ${formats.join('; ')}`,
      remedy:
        'Give each flow log a log group of its own, or declare `format:` in the configuration if ' +
        'only one of them matters.',
    });
  }
  const isOnly = flowLogs.length === 1 && first.FlowLogId !== undefined;
  return { fields: parsed[0] ?? [], ...(isOnly ? { flowLogId: first.FlowLogId as string } : {}) };
}

async function describeFlowLogs(
  client: EC2Client,
  logGroup: string,
  place: string,
  sleep: Sleep,
): Promise<FlowLog[]> {
  const found: FlowLog[] = [];
  let nextToken: string | undefined;
  do {
    const command = new DescribeFlowLogsCommand({
      Filter: [{ Name: 'log-group-name', Values: [logGroup] }],
      ...(nextToken === undefined ? {} : { NextToken: nextToken }),
    });
    const page = await withRetries(() => client.send(command), sleep).catch((thrown) =>
      failCall(thrown, {
        place,
        operation: 'DescribeFlowLogs',
        needs: 'ec2:DescribeFlowLogs',
      }),
    );
    found.push(...(page.FlowLogs ?? []));
    nextToken = page.NextToken === '' ? undefined : page.NextToken;
  } while (nextToken !== undefined);
  return found.sort((a, b) => ((a.FlowLogId ?? '') < (b.FlowLogId ?? '') ? -1 : 1));
}
