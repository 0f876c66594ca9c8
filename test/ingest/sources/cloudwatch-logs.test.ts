import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { EC2Client } from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ListedObject, Period } from '../../../src/ingest/source.ts';
import {
  type CloudWatchLogsOptions,
  cloudWatchLogsSource,
  createPace,
  describeLogGroupFormat,
  type LogGroupFormat,
} from '../../../src/ingest/sources/cloudwatch-logs.ts';
import {
  type Answering,
  DOUBLE_CREDENTIALS,
  type DoubleAnswer,
  ec2Fault,
  ec2FlowLogs,
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

async function list(
  answering: Answering,
  options: Partial<CloudWatchLogsOptions> = {},
  listed = period,
): Promise<ListedObject[]> {
  const source = cloudWatchLogsSource({
    label: 'flow_logs[0]',
    logGroup: GROUP,
    region: 'eu-west-1',
    describeFormat: async () => ({ fields: ['version', 'start'], flowLogId: 'fl-0123abcd' }),
    seenEventIds: async () => new Set(),
    client: new CloudWatchLogsClient(clientOptions(await start(answering))),
    now: () => NOW,
    sleep,
    ...options,
  });
  const objects: ListedObject[] = [];
  for await (const object of source.list(listed)) objects.push(object);
  return objects;
}

/** The events in the file of the first day listed; undefined if the pull brought no file. */
async function pullFirst(objects: ListedObject[]): Promise<LogsDoubleEvent[] | undefined> {
  const path = await objects[0]?.fetch(folder);
  if (path === undefined) return undefined;
  const text = await readFile(path, 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as LogsDoubleEvent);
}

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
    const describeFormat = async (): Promise<LogGroupFormat> => {
      throw new Error('must not be asked');
    };
    expect(await list(logGroup(GROUP, []), { describeFormat }, future)).toEqual([]);
  });

  it('takes the fields from DescribeFlowLogs, or those declared', async () => {
    const [described] = await list(logGroup(GROUP, []));
    expect(described?.hints).toEqual({
      fields: ['version', 'start'],
      flowLogId: 'fl-0123abcd',
      region: 'eu-west-1',
    });
    const describeFormat = async (): Promise<LogGroupFormat> => {
      throw new Error('must not be asked');
    };
    const [declared] = await list(logGroup(GROUP, []), { fields: ['end'], describeFormat });
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
    const first = await pullFirst(await list(logGroup(GROUP, day)));
    const late = event('late', '2026-02-01T03:00:00.000Z');
    const asked: string[][] = [];
    const seenEventIds = async (from: Date, to: Date): Promise<ReadonlySet<string>> => {
      asked.push([from.toISOString(), to.toISOString()]);
      return new Set(first?.map(({ eventId }) => eventId));
    };
    const now = (): Date => new Date('2026-02-03T11:00:00Z');
    const again = await list(logGroup(GROUP, [late, ...day]), { seenEventIds, now });
    expect(again[0]?.uri).toBe(`${PLACE}?date=2026-02-01&pulled=2026-02-03T11:00:00.000Z`);
    expect(await pullFirst(again)).toEqual([late]);
    expect(asked).toEqual([['2026-02-01T00:00:00.000Z', '2026-02-02T00:00:00.000Z']]);
  });

  it('counts an event once that two pages of a pull bring', async () => {
    const answering = logGroup(GROUP, [...day, ...day.slice(1)], { pageSize: 2 });
    expect(await pullFirst(await list(answering))).toEqual(day);
  });

  it('brings no file if nothing is new', async () => {
    const seenEventIds = async (): Promise<ReadonlySet<string>> => new Set(['a', 'b', 'c']);
    expect(await pullFirst(await list(logGroup(GROUP, day), { seenEventIds }))).toBeUndefined();
    expect(await pullFirst(await list(logGroup(GROUP, [])))).toBeUndefined();
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

describe('createPace', () => {
  it('waits for what is left of the gap, and not after a rest', async () => {
    let clock = 1000;
    const pace = createPace(
      5,
      async (milliseconds) => {
        sleeps.push(milliseconds);
        clock += milliseconds;
      },
      () => clock,
    );
    await pace();
    await pace();
    clock += 150;
    await pace();
    clock += 900;
    await pace();
    expect(sleeps).toEqual([200, 50]);
  });
});

describe('describeLogGroupFormat', () => {
  const flowLog = (flowLogId: string, names: string, logGroupName = GROUP) => ({
    flowLogId,
    logGroupName,
    logFormat: names.replace(/[a-z-]+/g, (name) => `\${${name}}`),
  });

  async function describeWith(answering: Answering): Promise<LogGroupFormat> {
    return describeLogGroupFormat(
      new EC2Client(clientOptions(await start(answering))),
      GROUP,
      sleep,
    );
  }

  it('gives fields and id of the only flow log of the group', async () => {
    const flowLogs = [flowLog('fl-1', 'version start'), flowLog('fl-2', 'end', '/another')];
    expect(await describeWith(ec2FlowLogs(flowLogs))).toEqual({
      fields: ['version', 'start'],
      flowLogId: 'fl-1',
    });
  });

  it('names no flow log where several write the same format', async () => {
    const flowLogs = [flowLog('fl-1', 'version start'), flowLog('fl-2', 'version  start')];
    expect(await describeWith(ec2FlowLogs(flowLogs, 1))).toEqual({ fields: ['version', 'start'] });
    expect(servers[0]?.requests).toHaveLength(2);
  });

  it('refuses two formats, on whichever page they are', async () => {
    const flowLogs = [flowLog('fl-2', 'start version'), flowLog('fl-1', 'version start')];
    await expect(describeWith(ec2FlowLogs(flowLogs, 1))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      place: `log group ${GROUP}`,
      problem: `its flow logs write different formats: fl-1 "\${version} \${start}"; fl-2 "\${start} \${version}"`,
      remedy: expect.stringMatching(/log group of its own.*`format:`/),
    });
  });

  it('refuses a group that no flow log writes to', async () => {
    await expect(describeWith(ec2FlowLogs([]))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      problem: expect.stringContaining('no flow log writes to it'),
      remedy: expect.stringContaining('`format:`'),
    });
  });

  it('tries again if throttled, and explains a refusal', async () => {
    const flowLogs = ec2FlowLogs([flowLog('fl-1', 'version')]);
    const slow = ec2Fault(503, 'RequestLimitExceeded', 'Request limit exceeded.');
    expect((await describeWith(failingFirst([slow], flowLogs))).flowLogId).toBe('fl-1');
    const refused = ec2Fault(403, 'UnauthorizedOperation', 'You are not authorized');
    await expect(describeWith(() => refused)).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      problem:
        'DescribeFlowLogs failed with UnauthorizedOperation (HTTP 403): You are not authorized',
      remedy: 'The identity that runs flowproof needs ec2:DescribeFlowLogs.',
    });
  });
});
