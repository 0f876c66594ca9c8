import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cloudTrail } from '../../../src/ingest/formats/cloudtrail.ts';
import { memoryObject, readContent } from '../../memory-sink.ts';

const CALL = {
  eventVersion: '1.09',
  userIdentity: {
    type: 'AssumedRole',
    principalId: 'AROA00000000000000001:session-1',
    arn: 'arn:aws:sts::123456789012:assumed-role/network/session-1',
    accountId: '123456789012',
  },
  eventTime: '2026-11-18T06:13:41Z',
  eventSource: 'ec2.amazonaws.com',
  eventName: 'AuthorizeSecurityGroupIngress',
  awsRegion: 'eu-west-1',
  sourceIPAddress: '198.51.100.7',
  userAgent: 'aws-cli/2.15.0',
  requestParameters: { groupId: 'sg-0a1b2c3d', ipPermissions: { items: [{ fromPort: 3389 }] } },
  responseElements: {
    securityGroupRuleSet: {
      items: [{ groupId: 'sg-0a1b2c3d', securityGroupRuleId: 'sgr-0a1b2c3d4e5f60718' }],
    },
  },
  eventID: '00000000-0000-4000-8000-000000000001',
  recipientAccountId: '123456789012',
};

const trail = (...records: unknown[]): string => JSON.stringify({ Records: records });
const lines = (...documents: unknown[]): string =>
  documents.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n');

const read = (content: string | Uint8Array) => readContent(cloudTrail, content);

describe('a record', () => {
  it('is who called what, when, from where, and which resources it names', async () => {
    const { sink, result } = await read(trail(CALL));
    expect(result).toEqual({ lineCount: 1 });
    expect(sink.rows).toEqual([
      {
        table: 'cloudtrail_event',
        isExtra: false,
        row: {
          event_id: '00000000-0000-4000-8000-000000000001',
          event_at: BigInt(Date.UTC(2026, 10, 18, 6, 13, 41)) * 1000n,
          event_name: 'AuthorizeSecurityGroupIngress',
          event_source: 'ec2.amazonaws.com',
          account_id: '123456789012',
          region: 'eu-west-1',
          actor: 'network/session-1',
          actor_type: 'AssumedRole',
          source_address: '198.51.100.7',
          user_agent: 'aws-cli/2.15.0',
          error_code: undefined,
          group_ids: ['sg-0a1b2c3d'],
          rule_ids: ['sgr-0a1b2c3d4e5f60718'],
          resource_ids: [],
          resource_names: undefined,
          line_number: 1n,
        },
      },
    ]);
  });

  it.each([
    [
      'a user',
      { arn: 'arn:aws:iam::123456789012:user/ops/deploy' },
      'arn:aws:iam::123456789012:user/ops/deploy',
    ],
    [
      'root',
      { type: 'Root', arn: 'arn:aws:iam::123456789012:root' },
      'arn:aws:iam::123456789012:root',
    ],
    [
      'a service',
      { type: 'AWSService', invokedBy: 'autoscaling.amazonaws.com' },
      'autoscaling.amazonaws.com',
    ],
    ['an account only', { type: 'AWSAccount', principalId: 'AIDA1' }, 'AIDA1'],
    ['a type only', { type: 'Unknown' }, 'Unknown'],
    ['nothing', undefined, undefined],
    ['text where an object should be', 'root', undefined],
  ])('of %s names it', async (_, userIdentity, actor) => {
    const { sink } = await read(trail({ ...CALL, userIdentity }));
    expect(sink.rows.map(({ row }) => row.actor)).toEqual([actor]);
  });

  it('that failed says why, and is kept', async () => {
    const { sink } = await read(trail({ ...CALL, errorCode: 'Client.UnauthorizedOperation' }));
    expect(sink.rows[0]?.row.error_code).toBe('Client.UnauthorizedOperation');
  });

  it('of another call is counted and not kept', async () => {
    const { sink, result } = await read(trail({ ...CALL, eventName: 'DescribeInstances' }, CALL));
    expect(result.lineCount).toBe(2);
    expect([sink.rows.length, sink.counts.nodata, sink.rejects]).toEqual([1, 1, []]);
  });

  it('keeps ids of resources and nothing else of what was sent', async () => {
    const { sink } = await read(
      trail({
        ...CALL,
        requestParameters: {
          networkInterfaceId: 'eni-0a1b2c3d',
          groupSet: { items: [{ groupId: 'sg-0b1b2c3d' }, { groupId: 'sg-0b1b2c3d' }] },
          description: 'sg-0c1b2c3d is not an id here',
          password: 'secret',
          flowLogId: ["fl-0a1b2c3d'; drop table flow"],
        },
        responseElements: null,
      }),
    );
    const row = sink.rows[0]?.row ?? {};
    expect([row.group_ids, row.rule_ids, row.resource_ids]).toEqual([
      ['sg-0b1b2c3d'],
      [],
      ['eni-0a1b2c3d'],
    ]);
    expect(JSON.stringify(row, (_, value) => String(value))).not.toMatch(/secret|drop table/);
  });
});

describe('names', () => {
  it.each<[string, unknown, string | undefined]>([
    ['a trail', { name: 'example-trail' }, 'example-trail'],
    ['a log group', { logGroupName: '/vpc/flow-logs' }, '/vpc/flow-logs'],
    ['a log stream and its group', { logStreamName: 's', logGroupName: 'g' }, 'g, s'],
    ['a recorder', { configurationRecorder: { name: 'default' } }, 'default'],
    ['one name twice', { name: 'a', trailName: 'a' }, 'a'],
    ['an id that is kept as such', { resourceId: 'vpc-0a1b2c3d' }, undefined],
    ['text that is no name', { name: "a'; drop table flow" }, undefined],
    ['text without end', { name: 'a'.repeat(513) }, undefined],
    ['an object', { name: { name: 'a' } }, undefined],
    ['nothing', null, undefined],
  ])('%s', async (_, requestParameters, expected) => {
    const { sink } = await read(trail({ ...CALL, eventName: 'StopLogging', requestParameters }));
    expect(sink.rows[0]?.row.resource_names).toBe(expected);
  });
});

describe('comes', () => {
  it.each<[string, string | Uint8Array]>([
    ['in a file of a trail, gzipped', gzipSync(trail(CALL, CALL))],
    ['a line each', lines(CALL, '', CALL)],
    [
      'as pulled from a log group',
      lines({ message: JSON.stringify(CALL) }, { message: JSON.stringify(CALL) }),
    ],
    [
      'as a subscription of CloudWatch Logs',
      JSON.stringify({
        messageType: 'DATA_MESSAGE',
        logEvents: [{ message: JSON.stringify(CALL) }, { message: JSON.stringify(CALL) }],
      }),
    ],
    [
      'as events of EventBridge',
      lines({ 'detail-type': 'AWS API Call via CloudTrail', detail: CALL }, { detail: CALL }),
    ],
  ])('%s', async (_, content) => {
    const { sink, result } = await read(content);
    expect([sink.rows.length, sink.rejects, result]).toEqual([2, [], { lineCount: 2 }]);
  });

  it('is told from other JSON by its first bytes', () => {
    const isKnown = (text: string): boolean =>
      cloudTrail.recognises(Buffer.from(text), memoryObject('object', text.length, {}));
    expect(isKnown(trail(CALL))).toBe(true);
    expect(isKnown(JSON.stringify({ message: JSON.stringify(CALL) }))).toBe(true);
    expect(isKnown('{"event_type":"alert"}')).toBe(false);
    expect(isKnown('2 123456789012 eni-0a eventVersion')).toBe(false);
  });
});

describe('damage', () => {
  it('of one record leaves the others, and is named', async () => {
    const { sink, result } = await read(
      trail(
        CALL,
        { ...CALL, eventTime: 'yesterday' },
        { ...CALL, eventID: undefined },
        'text',
        7,
        {},
      ),
    );
    expect(result.lineCount).toBe(6);
    expect(sink.rows).toHaveLength(1);
    expect(
      sink.rejects.map(({ lineNumber, reason }) => [lineNumber, reason.replace(/ \(.*/s, '')]),
    ).toEqual(
      expect.arrayContaining([
        [expect.any(Number), 'eventTime is no ISO 8601 time'],
        [expect.any(Number), 'eventID is missing'],
        [expect.any(Number), 'message is not JSON'],
        [expect.any(Number), 'not a JSON object'],
        [expect.any(Number), 'not a record of CloudTrail'],
      ]),
    );
    expect(sink.accountedLines()).toBe(6);
  });

  it('of a cut file is damage of the object', async () => {
    const { sink, result } = await read(trail(CALL).slice(0, 200));
    expect([sink.rows, result.lineCount]).toEqual([[], 0]);
    expect(result.damage).toContain('not readable as JSON');
    expect((await read(gzipSync(trail(CALL)).subarray(0, 60))).result.damage).toContain(
      'not readable',
    );
  });

  it('accounts for every record, whatever it is', async () => {
    const anything = fc.oneof(
      fc.json().map((text) => JSON.parse(text) as unknown),
      fc.constant(CALL),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            anything,
            fc.record({
              eventName: fc.constant(CALL.eventName),
              eventSource: fc.string(),
              eventID: anything,
              eventTime: anything,
              userIdentity: anything,
              requestParameters: anything,
            }),
          ),
        ),
        async (records) => {
          const { sink, result } = await read(trail(CALL, ...records));
          expect(sink.accountedLines()).toBe(result.lineCount);
          expect(sink.rows.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 150 },
    );
  });
});
