/**
 * Logs in CloudWatch Logs, pulled a UTC day at a time. Records arrive late and under old timestamps,
 * so what is newer than a look-back is pulled anew by each run, and events that an earlier pull brought
 * are left out by their event id: each pull that brings something is an object of its own. What is
 * older was pulled for good, which an object says even if it holds nothing.
 */
import { join } from 'node:path';
import {
  CloudWatchLogsClient,
  type CloudWatchLogsClientConfig,
} from '@aws-sdk/client-cloudwatch-logs';
import type { ObjectHints } from '../format.ts';
import { tokensOf } from '../formats/flow-log-record.ts';
import type { ListedObject, Period, Source } from '../source.ts';
import { awsClientDefaults, fileNameOf, pause, type Sleep } from './aws-call.ts';
import { type LogGroup, pullEvents, type SeenEvents } from './cloudwatch-pull.ts';
import {
  checkGroupFormats,
  formatSpans,
  formatsOf,
  type GroupFlowLog,
  haveOneFormat,
  type InterfacePlaces,
  writersOf,
} from './log-group-format.ts';
import { createPace, type Pace } from './pace.ts';
import { openStretches, type Pull, pullUri, type Stretch } from './pull-record.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** FilterLogEvents allows 5 requests a second for an account and Region ("CloudWatch Logs quotas"). */
export const REQUESTS_PER_SECOND = 5;

/** What the lake remembers of a log group. */
export type GroupMemory = SeenEvents & {
  pulls(): Promise<readonly Pull[]>;
};

export type CloudWatchLogsOptions = {
  label: string;
  logGroup: string;
  region: string;
  /** Account of the group, where a role of that account is assumed: names repeat across accounts. */
  accountId?: string;
  /** What the configuration says of the records; with `fields`, flow logs are not asked for. */
  hints: ObjectHints;
  /** Flow logs that write, or wrote, to the group; absent where the group holds something else. */
  flowLogs?: () => Promise<readonly GroupFlowLog[]>;
  /** Where interfaces are, by the inventory; asked for only if there are several formats. */
  interfacePlaces?: () => Promise<InterfacePlaces>;
  memory: GroupMemory;
  lookBackHours: number;
  credentials?: CloudWatchLogsClientConfig['credentials'];
  /** Shared by the sources of one account and Region, as their quota is. */
  pace?: Pace;
  client?: CloudWatchLogsClient;
  now?: () => Date;
  sleep?: Sleep;
};

/**
 * The URI of a log group, and the start of those of its pulls: `cloudwatch-logs://us-east-1/vpc/flow-logs`.
 * A colon stands before a group whose name does not open with a slash, an account before the Region.
 */
export function logGroupPlace(region: string, logGroup: string, accountId?: string): string {
  const account = accountId === undefined ? '' : `${accountId}@`;
  return `cloudwatch-logs://${account}${region}${logGroup.startsWith('/') ? '' : ':'}${logGroup}`;
}

/**
 * A source with an object for each UTC day of the period, or what of it is to be pulled; more where
 * several flow logs wrote to the group. URIs name the pull, so listing again gives new ones.
 *
 * `fetch` writes one JSON object a line (`eventId`, `timestamp`, `ingestionTime`, `logStreamName`,
 * `message`; times in milliseconds) in the order received, and last one with what was pulled. It
 * resolves to undefined if nothing is new and the look-back is not over. Listing throws what
 * `flowLogs` and `checkGroupFormats` do; fetching throws FlowproofError SOURCE_UNREACHABLE, naming
 * logs:FilterLogEvents.
 */
export function cloudWatchLogsSource(options: CloudWatchLogsOptions): Source {
  const { label, logGroup, region, accountId, now = () => new Date(), sleep = pause } = options;
  const client =
    options.client ??
    new CloudWatchLogsClient({
      ...awsClientDefaults(region),
      ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    });
  const pace = options.pace ?? createPace(REQUESTS_PER_SECOND, sleep);
  const place = logGroupPlace(region, logGroup, accountId);
  const group: LogGroup = { client, logGroup, place, sleep, pace, sliceWidth: DAY };
  return {
    label,
    place,
    async *list(period) {
      const pulledAt = now().getTime();
      const days = daysOf(period, pulledAt);
      if (days.length === 0) return;
      const lookBack = options.lookBackHours * HOUR;
      const pulls = await options.memory.pulls();
      const open = days.flatMap((day) => openStretches(day, pulls, lookBack));
      if (open.length === 0) return;
      const formats = await readFormats(options);
      for (const stretch of open) {
        for (const pull of pullsOf(stretch, formats)) {
          const isClosing = stretch.until <= pulledAt - lookBack;
          yield* listPull({ group, options, pulledAt, isClosing, formats, ...pull });
        }
      }
    },
  };
}

/** The UTC days that the period touches, up to now. */
function daysOf(period: Period, now: number): Stretch[] {
  const days: Stretch[] = [];
  const first = Math.floor(period.start.getTime() / DAY) * DAY;
  for (let from = first; from < Math.min(period.end.getTime(), now); from += DAY) {
    days.push({ from, until: Math.min(from + DAY, now) });
  }
  return days;
}

type Formats = { flowLogs: readonly GroupFlowLog[]; places: InterfacePlaces };

async function readFormats(options: CloudWatchLogsOptions): Promise<Formats | undefined> {
  if (options.hints.fields !== undefined || !options.flowLogs) return undefined;
  const flowLogs = await options.flowLogs();
  const isMixed = formatsOf(flowLogs).length > 1;
  const places: InterfacePlaces = isMixed
    ? ((await options.interfacePlaces?.()) ?? new Map())
    : new Map();
  checkGroupFormats(options.logGroup, flowLogs, places);
  return { flowLogs, places };
}

type PlannedPull = { stretch: Stretch; writers: readonly GroupFlowLog[] };

function pullsOf(stretch: Stretch, formats: Formats | undefined): PlannedPull[] {
  if (!formats) return [{ stretch, writers: [] }];
  const spans = formatSpans(formats.flowLogs, new Date(stretch.from), new Date(stretch.until));
  return spans.map(({ from, until, writers }) => ({
    stretch: { from: from.getTime(), until: until.getTime() },
    writers,
  }));
}

type PullPlan = PlannedPull & {
  group: LogGroup;
  options: CloudWatchLogsOptions;
  pulledAt: number;
  isClosing: boolean;
  formats: Formats | undefined;
};

/** The objects of one pull: one, or one a format and one for what is of none of them for certain. */
function listPull(plan: PullPlan): ListedObject[] {
  const { group, options, stretch, pulledAt, formats } = plan;
  const kinds = hintsOf(plan);
  const version = new Date(pulledAt).toISOString();
  const uris = kinds.map((_, index) =>
    pullUri(group.place, {
      ...stretch,
      pulledAt,
      ...(kinds.length === 1 ? {} : { part: { number: index + 1, count: kinds.length } }),
    }),
  );
  const writers = formatsOf(plan.writers);
  const run = async (folder: string): Promise<(string | undefined)[]> => {
    const paths = uris.map((uri) => join(folder, fileNameOf(uri, version)));
    const kept = await pullEvents({
      group,
      from: new Date(stretch.from),
      until: new Date(stretch.until),
      seen: options.memory,
      paths,
      isKeptEmpty: plan.isClosing,
      fileOf(event) {
        if (kinds.length === 1) return 0;
        const tokenCount = tokensOf(event.message ?? '').length;
        const places = formats?.places ?? new Map();
        const possible = writersOf(plan.writers, event.logStreamName ?? '', tokenCount, places);
        const [only, ...others] = formatsOf(possible);
        if (only === undefined || others.length > 0) return writers.length;
        return writers.findIndex((writer) => haveOneFormat(writer, only));
      },
      trailerOf: (_, eventCount) =>
        JSON.stringify({
          pull: {
            logGroup: group.place,
            from: new Date(stretch.from).toISOString(),
            until: new Date(stretch.until).toISOString(),
            pulledAt: version,
            eventCount,
            flowLogs: plan.writers.map(({ fields, goneBy, ...flowLog }) => flowLog),
          },
        }),
    });
    return paths.map((path, index) => (kept[index] ? path : undefined));
  };
  // The objects of a pull share it: the first that is fetched pulls for all, and again if asked again.
  let running: Promise<(string | undefined)[]> | undefined;
  let handedOut = new Set<number>();
  return uris.map((uri, index) => ({
    uri,
    version,
    modifiedAt: new Date(pulledAt),
    hints: kinds[index] ?? {},
    async fetch(folder) {
      if (!running || handedOut.has(index)) {
        running = run(folder);
        handedOut = new Set();
      }
      handedOut.add(index);
      return (await running)[index];
    },
  }));
}

/** What is known of the records of each object of a pull. */
function hintsOf({ options, writers, formats }: PullPlan): ObjectHints[] {
  const { accountId, region } = options;
  const base: ObjectHints = { ...(accountId ? { accountId } : {}), region, ...options.hints };
  if (!formats) return [base];
  const different = formatsOf(writers);
  if (different.length === 0) {
    const fieldsProblem =
      'no flow log is known that wrote to the log group at the time of this record; declare its `format`';
    return [{ ...base, fieldsProblem }];
  }
  const each = different.map((one): ObjectHints => {
    const { fields } = one;
    const own = writers.filter((writer) => haveOneFormat(writer, one));
    const flowLogId = own.length === 1 ? own[0]?.flowLogId : undefined;
    return { ...base, fields, ...(flowLogId === undefined ? {} : { flowLogId }) };
  });
  if (each.length === 1) return each;
  const names = writers.map(({ flowLogId }) => flowLogId).join(', ');
  const fieldsProblem = `which flow log wrote this record cannot be told, and their formats differ: ${names}`;
  return [...each, { ...base, fieldsProblem }];
}
