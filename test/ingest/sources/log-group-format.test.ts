import { EC2Client } from '@aws-sdk/client-ec2';
import { afterEach, describe, expect, it } from 'vitest';
import {
  checkGroupFormats,
  describeGroupFlowLogs,
  formatSpans,
  type GroupFlowLog,
  writersOf,
} from '../../../src/ingest/sources/log-group-format.ts';
import {
  type Answering,
  DOUBLE_CREDENTIALS,
  type Ec2DoubleFlowLog,
  ec2Fault,
  ec2FlowLogs,
  failingFirst,
  type HttpDouble,
  startHttpDouble,
} from '../../http-double.ts';

const GROUP = '/vpc/flow-logs';
const formatOf = (names: string): string => names.replace(/[a-z-]+/g, (name) => `\${${name}}`);

let server: HttpDouble | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function describeWith(answering: Answering): Promise<GroupFlowLog[]> {
  server = await startHttpDouble(answering);
  const client = new EC2Client({
    region: 'eu-west-1',
    endpoint: server.endpoint,
    credentials: DOUBLE_CREDENTIALS,
    maxAttempts: 1,
  });
  return describeGroupFlowLogs(client, GROUP, async () => {});
}

describe('describeGroupFlowLogs', () => {
  const flowLog = (flowLogId: string, names: string, more: Partial<Ec2DoubleFlowLog> = {}) => ({
    flowLogId,
    logGroupName: GROUP,
    logFormat: formatOf(names),
    ...more,
  });

  it('gives the flow logs of the group, from all pages and in order of their ids', async () => {
    const flowLogs = [
      flowLog('fl-2', 'version start'),
      flowLog('fl-1', 'end', {
        resourceId: 'vpc-0a1b2c3d',
        trafficType: 'ALL',
        creationTime: '2026-01-02T03:04:05.678Z',
      }),
      flowLog('fl-3', 'end', { logGroupName: '/another' }),
    ];
    expect(await describeWith(ec2FlowLogs(flowLogs, 1))).toEqual([
      {
        flowLogId: 'fl-1',
        logFormat: formatOf('end'),
        fields: ['end'],
        resourceId: 'vpc-0a1b2c3d',
        trafficType: 'ALL',
        createdAt: new Date('2026-01-02T03:04:05.678Z'),
      },
      { flowLogId: 'fl-2', logFormat: formatOf('version start'), fields: ['version', 'start'] },
    ]);
    expect(server?.requests).toHaveLength(2);
  });

  it('tries again if throttled', async () => {
    const slow = ec2Fault(503, 'RequestLimitExceeded', 'Request limit exceeded.');
    const flowLogs = ec2FlowLogs([flowLog('fl-1', 'version')]);
    expect(await describeWith(failingFirst([slow], flowLogs))).toHaveLength(1);
  });

  it('explains a refusal', async () => {
    const refused = ec2Fault(403, 'UnauthorizedOperation', 'You are not authorized');
    await expect(describeWith(() => refused)).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      problem:
        'DescribeFlowLogs failed with UnauthorizedOperation (HTTP 403): You are not authorized',
      remedy: 'The identity that runs flowproof needs ec2:DescribeFlowLogs.',
    });
  });
});

function known(flowLogId: string, names: string, more: Partial<GroupFlowLog> = {}): GroupFlowLog {
  return { flowLogId, logFormat: formatOf(names), fields: names.split(' '), ...more };
}

describe('checkGroupFormats', () => {
  const check = (flowLogs: GroupFlowLog[], places = new Map<string, string[]>()) =>
    checkGroupFormats(GROUP, flowLogs, places);
  const places = new Map([['eni-0a', ['subnet-1', 'vpc-1']]]);
  const vpc1 = { resourceId: 'vpc-1', trafficType: 'ALL' };
  const vpc2 = { resourceId: 'vpc-2', trafficType: 'ALL' };

  it('refuses a group that no flow log wrote to', () => {
    expect(() => check([])).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        problem: expect.stringContaining('no flow log writes to it'),
        remedy: expect.stringContaining('`format:`'),
      }),
    );
  });

  it.each([
    ['of which nothing else is known', {}, {}],
    ['of one resource', vpc1, vpc1],
    ['of one resource, one of them for all traffic', vpc1, { ...vpc1, trafficType: 'REJECT' }],
    ['of two VPCs, without an inventory', vpc1, vpc2],
  ])('refuses two formats %s, naming both', (_, one, other) => {
    expect(() => check([known('fl-1', 'a b', one), known('fl-2', 'b a', other)])).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        place: `log group ${GROUP}`,
        problem: `its flow logs write different formats, and their records share streams: fl-1 "${formatOf('a b')}"; fl-2 "${formatOf('b a')}"`,
        remedy: expect.stringMatching(/log group of its own.*`format:`/),
      }),
    );
  });

  it('does not take a number of fields for a format', () => {
    expect(() => check([known('fl-1', 'a b', vpc1), known('fl-2', 'a b c', vpc1)])).toThrow(/fl-1/);
  });

  it.each([
    [
      'two flow logs of one format',
      [known('fl-1', 'a b'), known('fl-2', 'a  b'.replace('  ', ' '))],
    ],
    [
      'ACCEPT and REJECT',
      [
        known('fl-1', 'a', { ...vpc1, trafficType: 'ACCEPT' }),
        known('fl-2', 'b', { ...vpc1, trafficType: 'REJECT' }),
      ],
    ],
    [
      'two interfaces',
      [known('fl-1', 'a', { resourceId: 'eni-0a' }), known('fl-2', 'b', { resourceId: 'eni-0b' })],
    ],
    [
      'one that is gone',
      [known('fl-1', 'a', vpc1), known('fl-2', 'b', { ...vpc1, goneBy: new Date() })],
    ],
  ])('takes %s', (_, flowLogs) => {
    expect(() => check(flowLogs)).not.toThrow();
  });

  it('takes two VPCs once the inventory says where interfaces are', () => {
    expect(() => check([known('fl-1', 'a', vpc1), known('fl-2', 'b', vpc2)], places)).not.toThrow();
  });
});

describe('formatSpans', () => {
  const at = (hour: number): Date => new Date(Date.UTC(2026, 1, 1, hour));
  const spansOf = (flowLogs: GroupFlowLog[]) =>
    formatSpans(flowLogs, at(0), at(24)).map(({ from, until, writers }) => [
      from.toISOString().slice(8, 16),
      until.toISOString().slice(8, 16),
      writers.map(({ flowLogId }) => flowLogId).join(' '),
    ]);

  it('is one span where nothing changed', () => {
    expect(spansOf([known('fl-1', 'a')])).toEqual([['01T00:00', '02T00:00', 'fl-1']]);
    const old = known('fl-1', 'a', { createdAt: new Date('2020-01-01'), goneBy: at(48) });
    expect(spansOf([old])).toEqual([['01T00:00', '02T00:00', 'fl-1']]);
  });

  it('knows nothing of the time before the first flow log, less a margin', () => {
    expect(spansOf([known('fl-1', 'a', { createdAt: at(6) })])).toEqual([
      ['01T00:00', '01T05:45', ''],
      ['01T05:45', '02T00:00', 'fl-1'],
    ]);
  });

  it('gives no margin where another flow log wrote until then', () => {
    const before = known('fl-1', 'a', { createdAt: new Date('2020-01-01'), goneBy: at(8) });
    expect(spansOf([known('fl-2', 'b', { createdAt: at(6) }), before])).toEqual([
      ['01T00:00', '01T06:00', 'fl-1'],
      ['01T06:00', '01T08:00', 'fl-2 fl-1'],
      ['01T08:00', '02T00:00', 'fl-2'],
    ]);
  });
});

describe('writersOf', () => {
  const places = new Map([
    ['eni-0a', ['subnet-1', 'vpc-1']],
    ['eni-0b', ['subnet-2', 'vpc-2']],
  ]);
  const ids = (flowLogs: GroupFlowLog[], stream: string, tokens = 1): string =>
    writersOf(flowLogs, stream, tokens, places)
      .map(({ flowLogId }) => flowLogId)
      .join(' ');

  it('goes by the interface in the name of the stream, and where it is', () => {
    const flowLogs = [
      known('fl-eni', 'a', { resourceId: 'eni-0a' }),
      known('fl-subnet', 'b', { resourceId: 'subnet-1' }),
      known('fl-vpc', 'c', { resourceId: 'vpc-2' }),
    ];
    expect(ids(flowLogs, 'eni-0a-all')).toBe('fl-eni fl-subnet');
    expect(ids(flowLogs, 'eni-0b-all')).toBe('fl-vpc');
    expect(ids(flowLogs, 'eni-0c-all')).toBe('fl-subnet fl-vpc');
    expect(ids(flowLogs, 'another name')).toBe('fl-eni fl-subnet fl-vpc');
  });

  it('goes by the traffic type in that name, but not by "all", which streams that are shared have', () => {
    const flowLogs = [
      known('fl-1', 'a', { trafficType: 'ACCEPT' }),
      known('fl-2', 'b', { trafficType: 'REJECT' }),
    ];
    expect(ids(flowLogs, 'eni-0a-accept')).toBe('fl-1');
    expect(ids(flowLogs, 'eni-0a-reject')).toBe('fl-2');
    expect(ids(flowLogs, 'eni-0a-all')).toBe('fl-1 fl-2');
  });

  it('goes by the number of tokens only between a flow log and what replaced it', () => {
    const one = known('fl-1', 'a b');
    const other = known('fl-2', 'a b c');
    expect(ids([one, other], 'eni-0a-all', 3)).toBe('fl-1 fl-2');
    const gone = { ...one, goneBy: new Date() };
    expect(ids([gone, other], 'eni-0a-all', 3)).toBe('fl-2');
    expect(ids([gone, other], 'eni-0a-all', 2)).toBe('fl-1');
    expect(ids([gone, other], 'eni-0a-all', 4)).toBe('');
    expect(ids([gone, known('fl-3', 'b a')], 'eni-0a-all', 2)).toBe('fl-1 fl-3');
  });
});
