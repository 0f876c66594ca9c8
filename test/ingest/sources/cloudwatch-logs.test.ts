import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ListedObject, Period } from '../../../src/ingest/source.ts';
import {
  type CloudWatchLogsOptions,
  cloudWatchLogsSource,
  type GroupMemory,
} from '../../../src/ingest/sources/cloudwatch-logs.ts';
import type { GroupFlowLog } from '../../../src/ingest/sources/log-group-format.ts';
import { type Pull, readPullUri } from '../../../src/ingest/sources/pull-record.ts';
import {
  type Answering,
  DOUBLE_CREDENTIALS,
  type DoubleAnswer,
  failingFirst,
  type HttpDouble,
  type LogsDoubleEvent,
  logGroup,
  logsFault,
  startHttpDouble,
} from '../../http-double.ts';

const GROUP = '/vpc/flow-logs';
const PLACE = `cloudwatch-logs://eu-west-1${GROUP}`;
const NOW = new Date('2026-02-03T10:20:30.400Z');
const at = (text: string): number => Date.parse(text);
const period: Period = { start: new Date('2026-02-01T06:00Z'), end: new Date('2026-02-20T00:00Z') };
const throttled = logsFault(400, 'ThrottlingException', 'Rate exceeded');

let folder = '';
let servers: HttpDouble[];
let sleeps: number[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowproof-logs-'));
  servers = [];
  sleeps = [];
});

afterEach(async () => {
  for (const server of servers) await server.close();
  await rm(folder, { recursive: true });
});

const sleep = async (milliseconds: number): Promise<void> => {
  sleeps.push(milliseconds);
};

function event(eventId: string, time: string): LogsDoubleEvent {
  const timestamp = at(time);
  const message = `2 123456789012 eni-0a1b2c3d 10.0.0.1 192.0.2.1 "${eventId}"`;
  const logStreamName = 'eni-0a1b2c3d-all';
  return { eventId, timestamp, ingestionTime: timestamp + 60_000, logStreamName, message };
}

async function start(answering: Answering): Promise<HttpDouble> {
  const server = await startHttpDouble(answering);
  servers.push(server);
  return server;
}

const clientOptions = (server: HttpDouble) => ({
  region: 'eu-west-1',
  endpoint: server.endpoint,
  credentials: DOUBLE_CREDENTIALS,
  maxAttempts: 1,
});

const flowLog = (flowLogId: string, names: string, more: Partial<GroupFlowLog> = {}) => ({
  flowLogId,
  logFormat: names.replace(/[a-z-]+/g, (name) => `\${${name}}`),
  fields: names.split(' '),
  ...more,
});

/** A lake that holds these events and pulls. */
function memoryOf(
  events: readonly LogsDoubleEvent[] = [],
  pulls: readonly Pull[] = [],
): GroupMemory {
  return {
    pulls: async () => pulls,
    idsBetween: async (from, until, limit) => {
      const held = events.filter((e) => e.timestamp >= +from && e.timestamp < +until);
      return held.length > limit ? undefined : new Set(held.map(({ eventId }) => eventId));
    },
  };
}

async function list(
  answering: Answering,
  options: Partial<CloudWatchLogsOptions> = {},
  listed = period,
): Promise<ListedObject[]> {
  const source = cloudWatchLogsSource({
    label: 'flow_logs[0]',
    logGroup: GROUP,
    region: 'eu-west-1',
    hints: {},
    flowLogs: async () => [flowLog('fl-0123abcd', 'version start')],
    memory: memoryOf(),
    lookBackHours: 24,
    client: new CloudWatchLogsClient(clientOptions(await start(answering))),
    now: () => NOW,
    sleep,
    ...options,
  });
  const objects: ListedObject[] = [];
  for await (const object of source.list(listed)) objects.push(object);
  return objects;
}

type Trailer = { pull: Record<string, unknown> };

/** The events in a pull's file and its last line; undefined if the pull brought no file. */
async function pull(
  object: ListedObject | undefined,
): Promise<{ events: LogsDoubleEvent[]; trailer: Trailer } | undefined> {
  const path = await object?.fetch(folder);
  if (path === undefined) return undefined;
  const text = await readFile(path, 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  const lines = text.trimEnd().split('\n');
  return {
    trailer: JSON.parse(lines.pop() ?? ''),
    events: lines.map((line) => JSON.parse(line) as LogsDoubleEvent),
  };
}

const pullFirst = async (objects: ListedObject[]): Promise<LogsDoubleEvent[] | undefined> =>
  (await pull(objects[0]))?.events;

const notAsked = async (): Promise<GroupFlowLog[]> => {
  throw new Error('must not be asked');
};

describe('listing', () => {
  it('gives one object a day that has begun, without asking AWS for events', async () => {
    const objects = await list(logGroup(GROUP, []));
    expect(objects.map((object) => object.uri)).toEqual([
      `${PLACE}?date=2026-02-01&pulled=2026-02-03T10:20:30.400Z`,
      `${PLACE}?date=2026-02-02&pulled=2026-02-03T10:20:30.400Z`,
      `${PLACE}?date=2026-02-03&pulled=2026-02-03T10:20:30.400Z`,
    ]);
    expect(objects[0]).toMatchObject({ version: '2026-02-03T10:20:30.400Z', modifiedAt: NOW });
    expect(objects[0]?.sizeBytes).toBeUndefined();
    expect(servers[0]?.requests).toEqual([]);
  });

  it('ends with the period, which is half open', async () => {
    const january = { start: new Date('2026-01-31T00:00Z'), end: new Date('2026-02-01T00:00Z') };
    const objects = await list(logGroup(GROUP, []), {}, january);
    expect(objects.map((object) => object.uri)).toEqual([
      `${PLACE}?date=2026-01-31&pulled=2026-02-03T10:20:30.400Z`,
    ]);
  });

  it('lists nothing of the future, and asks for no format then', async () => {
    const future = { start: new Date('2026-02-04T00:00Z'), end: new Date('2026-03-01T00:00Z') };
    expect(await list(logGroup(GROUP, []), { flowLogs: notAsked }, future)).toEqual([]);
  });

  it('takes the fields from DescribeFlowLogs, or those declared', async () => {
    const [described] = await list(logGroup(GROUP, []));
    expect(described?.hints).toEqual({
      fields: ['version', 'start'],
      flowLogId: 'fl-0123abcd',
      region: 'eu-west-1',
    });
    const [declared] = await list(logGroup(GROUP, []), {
      hints: { fields: ['end'] },
      flowLogs: notAsked,
    });
    expect(declared?.hints).toEqual({ fields: ['end'], region: 'eu-west-1' });
  });

  it('keeps groups apart whose names differ by the first slash', async () => {
    const [object] = await list(logGroup('vpc', []), { logGroup: 'vpc' });
    expect(object?.uri).toMatch(/^cloudwatch-logs:\/\/eu-west-1:vpc[?]date=/);
  });
});

describe('fetching', () => {
  const day = [
    event('b', '2026-02-01T00:00:00.000Z'),
    event('c', '2026-02-01T12:00:00.000Z'),
    event('a', '2026-02-01T23:59:59.999Z'),
  ];
  const around = [event('x', '2026-01-31T23:59:59.999Z'), event('y', '2026-02-02T00:00:00.000Z')];

  it('writes the day as JSON lines, with its first and last millisecond and no more', async () => {
    expect(await pullFirst(await list(logGroup(GROUP, [...around, ...day])))).toEqual(day);
  });

  it('follows tokens through empty pages', async () => {
    const answering = logGroup(GROUP, day, { pageSize: 1, emptyPages: 3 });
    expect(await pullFirst(await list(answering))).toEqual(day);
    const tokens = servers[0]?.requests.map(({ body }) => JSON.parse(body).nextToken);
    expect(tokens).toEqual([undefined, '1', '2', '3', '4', '5']);
  });

  it('spaces requests to five a second', async () => {
    await pullFirst(await list(logGroup(GROUP, day, { pageSize: 1, emptyPages: 3 })));
    expect(sleeps).toHaveLength(5);
    expect(Math.min(...sleeps)).toBeGreaterThan(0);
  });

  it('leaves out what an earlier pull brought, and brings what came late', async () => {
    const late = event('late', '2026-02-01T03:00:00.000Z');
    const now = (): Date => new Date('2026-02-03T11:00:00Z');
    const again = await list(logGroup(GROUP, [late, ...day]), { memory: memoryOf(day), now });
    expect(again[0]?.uri).toBe(`${PLACE}?date=2026-02-01&pulled=2026-02-03T11:00:00.000Z`);
    expect(await pullFirst(again)).toEqual([late]);
  });

  it('counts an event once that two pages of a pull bring', async () => {
    const answering = logGroup(GROUP, [...day, ...day.slice(1)], { pageSize: 2 });
    expect(await pullFirst(await list(answering))).toEqual(day);
  });

  it('brings no file if nothing is new', async () => {
    const options = { memory: memoryOf(day), lookBackHours: 72 };
    expect(await pullFirst(await list(logGroup(GROUP, day), options))).toBeUndefined();
    expect(await pullFirst(await list(logGroup(GROUP, []), { lookBackHours: 72 }))).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
  });

  it('tries again after throttling and 5xx, losing and doubling nothing', async () => {
    const failed = logsFault(500, 'ServiceUnavailableException', 'unavailable');
    const answering = failingFirst([throttled, failed], logGroup(GROUP, day, { pageSize: 2 }));
    expect(await pullFirst(await list(answering))).toEqual(day);
    expect(servers[0]?.requests).toHaveLength(4);
  });

  it.each<[string, DoubleAnswer[], string, RegExp, number]>([
    ['throttling without end', Array(5).fill(throttled), 'ThrottlingException', /5 times/, 5],
    [
      'a refusal',
      [logsFault(400, 'AccessDeniedException', 'not authorized')],
      'AccessDeniedException',
      /needs/,
      1,
    ],
    ['a wrong name', [], 'ResourceNotFoundException', /name of the log group/, 1],
  ])('explains %s and leaves no file', async (_, faults, name, remedy, requests) => {
    const group = faults.length === 0 ? '/another' : GROUP;
    const objects = await list(failingFirst(faults, logGroup(group, day)));
    const failure = await objects[0]?.fetch(folder).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      place: PLACE,
      problem: expect.stringContaining(`FilterLogEvents failed with ${name} (HTTP 400)`),
      remedy: expect.stringMatching(remedy),
    });
    expect(failure).toMatchObject({
      remedy: expect.stringContaining(`logs:FilterLogEvents on the log group ${GROUP}`),
    });
    expect(servers[0]?.requests).toHaveLength(requests);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('what was pulled', () => {
  const hour = 3_600_000;
  const uris = async (pulls: Pull[], options: Partial<CloudWatchLogsOptions> = {}) =>
    (await list(logGroup(GROUP, []), { memory: memoryOf([], pulls), ...options })).map(({ uri }) =>
      uri.slice(PLACE.length),
    );
  const past = (from: string, until: string, pulledAt: string): Pull => ({
    from: at(from),
    until: at(until),
    pulledAt: at(pulledAt),
  });

  it('is not pulled again once the look-back is over', async () => {
    const pulls = [
      past('2026-02-01T00:00Z', '2026-02-02T00:00Z', '2026-02-02T18:00Z'),
      past('2026-02-02T00:00Z', '2026-02-02T18:00Z', '2026-02-02T18:00Z'),
    ];
    const pulled = 'pulled=2026-02-03T10:20:30.400Z';
    expect(await uris(pulls)).toEqual([
      // Until 18:00 of the first day a day had passed when the second ended.
      `?date=2026-02-01&from=2026-02-01T18:00:00.000Z&${pulled}`,
      `?date=2026-02-02&${pulled}`,
      `?date=2026-02-03&${pulled}`,
    ]);
    expect(await uris(pulls, { lookBackHours: 1 })).toEqual([
      `?date=2026-02-02&from=2026-02-02T17:00:00.000Z&${pulled}`,
      `?date=2026-02-03&${pulled}`,
    ]);
  });

  it('needs no flow log and no call once everything is closed', async () => {
    const everything = past('2026-02-01T00:00Z', '2026-02-03T10:20:30.400Z', '2026-02-09T00:00Z');
    expect(await uris([everything], { flowLogs: notAsked })).toEqual([]);
  });

  it('is said by an object though it is empty, if nothing later is looked for', async () => {
    const objects = await list(logGroup(GROUP, []));
    const pulled = await Promise.all(objects.map(pull));
    expect(pulled.map((one) => one?.trailer)).toEqual([
      {
        pull: {
          logGroup: PLACE,
          from: '2026-02-01T00:00:00.000Z',
          until: '2026-02-02T00:00:00.000Z',
          pulledAt: '2026-02-03T10:20:30.400Z',
          eventCount: 0,
          flowLogs: [{ flowLogId: 'fl-0123abcd', logFormat: `\${version} \${start}` }],
        },
      },
      // The second day ended less than 24 hours before the pull, the third has not ended.
      undefined,
      undefined,
    ]);
  });

  it('finds events that came late, run after run, and each of them once', async () => {
    const held: LogsDoubleEvent[] = [];
    const pulls: Pull[] = [];
    const there: LogsDoubleEvent[] = [];
    for (let run = 0; run < 12; run += 1) {
      const nowAt = at('2026-02-01T06:00Z') + run * 7 * hour;
      for (const lateHours of [0, 1, 23, 24.5]) {
        const timestamp = nowAt - lateHours * hour;
        const id = `${run} ${lateHours}`;
        if (timestamp >= +period.start - 6 * hour)
          there.push({ ...event(id, '2026-02-01'), timestamp });
      }
      const objects = await list(logGroup(GROUP, there), {
        memory: memoryOf(held, pulls),
        now: () => new Date(nowAt),
      });
      for (const object of objects) {
        const brought = await pull(object);
        if (!brought) continue;
        held.push(...brought.events);
        pulls.push(readPullUri(object.uri) as Pull);
      }
    }
    const ids = held.map(({ eventId }) => eventId);
    expect(new Set(ids).size).toBe(ids.length);
    const end = at('2026-02-01T06:00Z') + 11 * 7 * hour;
    const expected = there
      // What came later than the look-back may be missed, what is younger than the last pull is not due.
      .filter(({ eventId, timestamp }) => !eventId.endsWith('24.5') && timestamp < end)
      .map(({ eventId }) => eventId);
    expect(ids.filter((id) => !id.endsWith('24.5')).sort()).toEqual(expected.sort());
    expect(expected.length).toBeGreaterThan(25);
  });

  it('shares the pace with other sources of the account and Region', async () => {
    let turns = 0;
    const pace = async (): Promise<void> => {
      turns += 1;
    };
    await pullFirst(await list(logGroup(GROUP, []), { pace }));
    await pullFirst(await list(logGroup('/other', []), { pace, logGroup: '/other' }));
    expect(turns).toBe(2);
    expect(sleeps).toEqual([]);
  });

  it('tells groups of two accounts apart', async () => {
    const [object] = await list(logGroup(GROUP, []), { accountId: '123456789012' });
    expect(object?.uri).toMatch(/^cloudwatch-logs:\/\/123456789012@eu-west-1\/vpc\/flow-logs[?]/);
    expect(object?.hints.accountId).toBe('123456789012');
  });
});

describe('a group of several formats', () => {
  const created = new Date('2026-01-01T00:00Z');
  const stream = (logStreamName: string, id: string, time = '2026-02-01T12:00Z') => ({
    ...event(id, time),
    logStreamName,
    message: `message ${id}`,
  });
  const accept = flowLog('fl-a', 'start end', {
    resourceId: 'vpc-1',
    trafficType: 'ACCEPT',
    createdAt: created,
  });
  const reject = flowLog('fl-b', 'end start', {
    resourceId: 'vpc-1',
    trafficType: 'REJECT',
    createdAt: created,
  });
  const oneDay = { start: new Date('2026-02-01T00:00Z'), end: new Date('2026-02-02T00:00Z') };

  it('gives an object a format, and one for what cannot be told', async () => {
    const events = [
      stream('eni-0a-accept', '1'),
      stream('eni-0a-reject', '2'),
      stream('eni-0a-all', '3'),
      stream('eni-0a-accept', '4'),
    ];
    const objects = await list(
      logGroup(GROUP, events),
      { flowLogs: async () => [accept, reject] },
      oneDay,
    );
    expect(objects.map(({ uri }) => uri.slice(PLACE.length))).toEqual(
      ['1-3', '2-3', '3-3'].map(
        (part) => `?date=2026-02-01&pulled=2026-02-03T10:20:30.400Z&part=${part}`,
      ),
    );
    expect(objects.map(({ hints }) => hints)).toEqual([
      { region: 'eu-west-1', fields: ['start', 'end'], flowLogId: 'fl-a' },
      { region: 'eu-west-1', fields: ['end', 'start'], flowLogId: 'fl-b' },
      {
        region: 'eu-west-1',
        fieldsProblem:
          'which flow log wrote this record cannot be told, and their formats differ: fl-a, fl-b',
      },
    ]);
    const brought = await Promise.all(objects.map(pull));
    const idsOf = (one: (typeof brought)[number]) => one?.events.map(({ eventId }) => eventId);
    expect(brought.map(idsOf)).toEqual([['1', '4'], ['2'], ['3']]);
    expect(servers[0]?.requests).toHaveLength(1);
  });

  it('is cut where one flow log replaced another', async () => {
    const before = flowLog('fl-old', 'start end', {
      createdAt: created,
      goneBy: new Date('2026-02-01T12:00Z'),
    });
    const after = flowLog('fl-new', 'end start version', {
      createdAt: new Date('2026-02-01T10:00Z'),
    });
    const objects = await list(
      logGroup(GROUP, [
        stream('eni-0a-all', 'x y', '2026-02-01T09:59:59.999Z'),
        stream('eni-0a-all', 'x y', '2026-02-01T10:00Z'),
        { ...stream('eni-0a-all', 'z', '2026-02-01T11:00Z'), message: '1 2' },
        { ...stream('eni-0a-all', 'v', '2026-02-01T11:00Z'), message: '1 2 3 4' },
        stream('eni-0a-all', 'w', '2026-02-01T12:00Z'),
      ]),
      { flowLogs: async () => [after, before], lookBackHours: 240 },
      oneDay,
    );
    expect(objects.map(({ hints }) => hints.flowLogId)).toEqual([
      'fl-old',
      'fl-new',
      'fl-old',
      undefined,
      'fl-new',
    ]);
    const brought = await Promise.all(objects.map(pull));
    expect(brought.map((one) => one?.events.map(({ message }) => message))).toEqual([
      ['message x y'],
      ['message x y'],
      ['1 2'],
      ['1 2 3 4'],
      ['message w'],
    ]);
  });

  it('says so where no flow log is known to have written', async () => {
    const objects = await list(
      logGroup(GROUP, []),
      {
        flowLogs: async () => [
          flowLog('fl-a', 'start', { createdAt: new Date('2026-02-01T12:00Z') }),
        ],
      },
      oneDay,
    );
    expect(objects.map(({ uri, hints }) => [uri.slice(PLACE.length), hints.fieldsProblem])).toEqual(
      [
        [
          '?date=2026-02-01&until=2026-02-01T11:45:00.000Z&pulled=2026-02-03T10:20:30.400Z',
          expect.stringContaining('no flow log is known'),
        ],
        [
          '?date=2026-02-01&from=2026-02-01T11:45:00.000Z&pulled=2026-02-03T10:20:30.400Z',
          undefined,
        ],
      ],
    );
  });
});
