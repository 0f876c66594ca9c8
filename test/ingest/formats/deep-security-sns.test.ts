import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { deepSecuritySns } from '../../../src/ingest/formats/deep-security-sns.ts';
import type { Cell } from '../../../src/tables.ts';
import { memoryObject, readContent } from '../../memory-sink.ts';

const EVENT = {
  EventType: 'PayloadLog',
  EventID: 1045,
  TenantID: 0,
  TenantName: 'Primary',
  LogDate: '2026-11-18T06:13:41.123Z',
  DriverTime: 1_763_446_420_000_000,
  Action: 130,
  ActionString: 'Reset',
  Direction: 0,
  DirectionString: 'Incoming',
  SourceIP: '198.51.100.7',
  SourcePort: 51_544,
  DestinationIP: '10.0.1.15',
  DestinationPort: 443,
  Protocol: 6,
  ProtocolString: 'TCP',
  Reason: '1000552 - Generic Cross Site Scripting(XSS) Prevention',
  RepeatCount: 2,
  Severity: 4,
  SeverityString: 'Critical',
  HostID: 42,
  HostInstanceID: 'i-0bbafc95',
  HostOwnerID: '123456789012',
  HostLastIPUsed: '10.0.1.15',
  Hostname: 'ec2-192-0-2-10.example.com (web-1) [i-0bbafc95]',
  DataFlags: 1,
  PacketData: 'U0VDUkVU',
};

const json = JSON.stringify;

const notification = (events: unknown): object => ({
  Type: 'Notification',
  MessageId: '11111111-2222-3333-4444-555555555555',
  TopicArn: 'arn:aws:sns:eu-west-1:123456789012:ips',
  Message: json(events),
  Timestamp: '2026-11-18T06:14:02.000Z',
});

async function rowOf(event: object): Promise<Readonly<Record<string, Cell>>> {
  const { sink } = await readContent(deepSecuritySns, json(event));
  expect(sink.rejects).toEqual([]);
  return sink.rows[0]?.row ?? {};
}

const base64 = (value: unknown): string => Buffer.from(json(value)).toString('base64');

const micros = (iso: string): bigint => BigInt(Date.parse(iso)) * 1000n;

it('fills the columns of an intrusion prevention event', async () => {
  const row = await rowOf(notification([EVENT]));
  expect(row).toMatchObject({
    event_id: '0/PayloadLog/1045',
    product: 'deep_security',
    format: 'deep_security_sns',
    module: 'intrusion_prevention',
    event_at: micros('2026-11-18T06:13:41.123Z'),
    received_at: micros('2026-11-18T06:14:02Z'),
    time_source: 'record',
    host_id: '42',
    host_name: 'ec2-192-0-2-10.example.com (web-1) [i-0bbafc95]',
    host_address: '10.0.1.15',
    instance_id: 'i-0bbafc95',
    account_id: '123456789012',
    signature_id: '1000552',
    signature_name: 'Generic Cross Site Scripting(XSS) Prevention',
    severity: 'critical',
    severity_raw: '4',
    action_raw: 'Reset',
    disposition: 'detected',
    direction: 'inbound',
    protocol: 6,
    source_address: '198.51.100.7',
    source_port: 51_544,
    destination_address: '10.0.1.15',
    destination_port: 443,
    event_count: 2,
    dropped_keys: ['PacketData'],
    line_number: 1,
  });
  const { PacketData: _, ...rest } = EVENT;
  expect(JSON.parse(String(row.original))).toEqual(rest);
});

describe('disposition', () => {
  it.each([
    ['PayloadLog', 0, undefined, 'unknown'],
    ['PayloadLog', 1, 'Deny', 'blocked'],
    ['PayloadLog', 2, undefined, 'blocked'],
    ['PayloadLog', 3, undefined, 'blocked'],
    ['PayloadLog', 4, undefined, 'blocked'],
    ['PayloadLog', 5, undefined, 'blocked'],
    ['PayloadLog', 6, 'Log Only', 'logged'],
    ['PayloadLog', 129, 'Deny', 'detected'],
    ['PayloadLog', 130, 'Reset', 'detected'],
    ['PayloadLog', 131, 'Insert', 'detected'],
    ['PayloadLog', 132, 'Delete', 'detected'],
    ['PayloadLog', 133, 'Replace', 'detected'],
    ['PayloadLog', 2, 'Detect Only: Reset', 'detected'],
    ['PayloadLog', undefined, 'Reset', 'blocked'],
    ['PacketLog', 1, 'Deny', 'blocked'],
    ['PacketLog', 7, 'Bypass', 'allowed'],
    ['AntiMalwareEvent', 1, undefined, 'unknown'],
    ['IntegrityEvent', 1, 'Deleted', 'logged'],
    ['SystemEvent', 1, undefined, 'logged'],
  ])('of %s with action %s (%s) is %s', async (EventType, Action, ActionString, disposition) => {
    expect(await rowOf({ ...EVENT, EventType, Action, ActionString })).toMatchObject({
      disposition,
    });
  });

  it('of anti-malware follows the result', async () => {
    const event = { ...EVENT, EventType: 'AntiMalwareEvent', ActionString: undefined };
    expect(await rowOf({ ...event, ScanResultString: 'Quarantined' })).toMatchObject({
      disposition: 'blocked',
    });
    expect(await rowOf({ ...event, ScanResultString: 'Clean Failed' })).toMatchObject({
      disposition: 'detected',
    });
  });
});

it.each([
  ['SystemEvent', 'system'],
  ['PacketLog', 'firewall'],
  ['FirewallEvent', 'firewall'],
  ['PayloadLog', 'intrusion_prevention'],
  ['IntrusionPreventionEvent', 'intrusion_prevention'],
  ['AntiMalwareEvent', 'anti_malware'],
  ['WebReputationEvent', 'web_reputation'],
  ['IntegrityEvent', 'integrity'],
  ['LogInspectionEvent', 'log_inspection'],
  ['AppControlEvent', 'application_control'],
  ['constructor', 'other'],
])('EventType %s is of module %s', async (EventType, module) => {
  expect(await rowOf({ ...EVENT, EventType })).toMatchObject({ module });
});

it.each([
  [
    'no tenant: no id, rather than one that two managers share',
    { TenantID: undefined },
    { event_id: undefined },
  ],
  [
    'a WorkSpace',
    { HostInstanceID: 'ws-0123456789', Hostname: 'desk-1' },
    { instance_id: undefined },
  ],
  ['the instance in the name only', { HostInstanceID: undefined }, { instance_id: 'i-0bbafc95' }],
  ['no account, as in 9.6', { HostOwnerID: undefined }, { account_id: undefined }],
  ['outgoing traffic', { Direction: 1, DirectionString: 'Outgoing' }, { direction: 'outbound' }],
  ['a direction in words only', { Direction: undefined }, { direction: 'inbound' }],
  ['a severity by number', { Severity: 2, SeverityString: undefined }, { severity: 'medium' }],
  [
    'a protocol in words only',
    { Protocol: undefined, ProtocolString: 'Other: 50' },
    { protocol: 50 },
  ],
  [
    'a rule without id',
    { Reason: 'Remote Access' },
    { signature_id: undefined, signature_name: 'Remote Access' },
  ],
  [
    'the time of the driver where there is no other',
    { LogDate: undefined },
    { event_at: 1_763_446_420_000_000n },
  ],
  ['no user of a packet', { UserName: 'x' }, { user_name: undefined }],
  [
    'the user of a system event',
    {
      EventType: 'SystemEvent',
      ActionBy: 'admin',
      Number: 600,
      Title: 'User Signed In',
      Reason: undefined,
      SeverityString: 'Info',
      Severity: 4,
    },
    { user_name: 'admin', signature_id: '600', signature_name: 'User Signed In', severity: 'low' },
  ],
])('reads %s', async (_, change, expected) => {
  expect(await rowOf({ ...EVENT, ...change })).toMatchObject(expected);
});

describe('envelopes', () => {
  it.each([
    ['one event, as from 9.6', EVENT],
    ['a list of events', [EVENT]],
    ['a notification with a list', notification([EVENT])],
    ['a notification with one event, as from 9.6', notification(EVENT)],
    ['records of Lambda', { Records: [{ EventSource: 'aws:sns', Sns: notification([EVENT]) }] }],
    ['SQS by Lambda', { Records: [{ eventSource: 'aws:sqs', body: json(notification([EVENT])) }] }],
    ['SQS by Lambda with raw delivery', { Records: [{ body: json([EVENT]) }] }],
    [
      'a request of Firehose',
      { requestId: 'r', records: [{ data: base64(notification([EVENT])) }] },
    ],
    [
      'records of Kinesis by Lambda',
      { Records: [{ kinesis: { data: base64([EVENT]) }, eventSource: 'aws:kinesis' }] },
    ],
    ['data that a tool decoded', { records: [{ data: json(notification([EVENT])) }] }],
    ['data that is no text', { records: [{ data: notification(EVENT) }] }],
    ['SQS by the API', { Messages: [{ MessageId: '1', Body: json(notification([EVENT])) }] }],
  ])('opens %s, on one line or on several', async (_, document) => {
    const oneLine = await readContent(deepSecuritySns, `${json(document)}\n`);
    const printed = await readContent(deepSecuritySns, `${JSON.stringify(document, null, 2)}\n`);
    for (const { sink, result } of [oneLine, printed]) {
      expect(sink.rejects).toEqual([]);
      expect(sink.rows.map(({ row }) => row.event_id)).toEqual(['0/PayloadLog/1045']);
      expect(result).toEqual({ lineCount: 1 });
    }
  });
});

describe('Firehose and Kinesis', () => {
  const numbered = (EventID: number) => ({ ...EVENT, EventID });

  it('opens documents that stand one after the other, each a line of its own', async () => {
    const content = [1, 2, 3].map((id) => json(notification([numbered(id)]))).join('');
    const { sink, result } = await readContent(deepSecuritySns, gzipSync(content));
    expect(sink.rejects).toEqual([]);
    expect(sink.rows.map(({ row, isExtra }) => [row.event_id, isExtra])).toEqual([
      ['0/PayloadLog/1', false],
      ['0/PayloadLog/2', false],
      ['0/PayloadLog/3', false],
    ]);
    expect(result).toEqual({ lineCount: 3 });
  });

  it('opens several documents in the data of one record', async () => {
    const data = Buffer.from(json(numbered(1)) + json(numbered(2))).toString('base64');
    const { sink, result } = await readContent(deepSecuritySns, json({ records: [{ data }] }));
    expect(sink.rejects).toEqual([]);
    expect(sink.rows.map(({ row, isExtra }) => [row.event_id, isExtra])).toEqual([
      ['0/PayloadLog/1', false],
      ['0/PayloadLog/2', true],
    ]);
    expect(result).toEqual({ lineCount: 1 });
  });

  it('loses one broken document and none of those around it', async () => {
    const whole = (id: number): string => json(notification([numbered(id)]));
    const broken = whole(2).replace('"Message":"', '"Message":');
    const { sink, result } = await readContent(
      deepSecuritySns,
      `${whole(1)}${broken}${whole(3)}${whole(4)}`,
    );
    expect(sink.rows.map(({ row }) => row.event_id)).toEqual([
      '0/PayloadLog/1',
      '0/PayloadLog/3',
      '0/PayloadLog/4',
    ]);
    expect(sink.rejects).toHaveLength(1);
    expect(sink.rejects[0]?.reason).toContain('not JSON (value "{');
    expect(sink.rejects[0]?.bytes.toString()).toBe(broken);
    expect(result.lineCount).toBe(4);
  });

  it('reads a document longer than a line may be elsewhere', async () => {
    const events = Array.from({ length: 3000 }, (_, index) => numbered(index));
    const content = json(notification(events));
    expect(content.length).toBeGreaterThan(2 * 1024 * 1024);
    const { sink, result } = await readContent(deepSecuritySns, content);
    expect(sink.rows).toHaveLength(3000);
    expect(result).toEqual({ lineCount: 1 });
  });

  it.each([
    ['data that is no Base64', { records: [{ data: '?' }] }, 'message is not JSON (value "?")'],
    ['data that is no JSON', { records: [{ data: 'AAAA' }] }, 'message is not JSON'],
    ['empty data', { records: [{ data: '' }] }, 'message is empty (value "")'],
    ['no record', { records: [] }, 'no event in it'],
  ])('rejects %s', async (_, document, reason) => {
    const { sink, result } = await readContent(deepSecuritySns, json(document));
    expect(sink.rows).toEqual([]);
    expect(sink.rejects.map((one) => one.reason.startsWith(reason))).toEqual([true]);
    expect(result.lineCount).toBe(1);
  });
});

describe('accounting', () => {
  const many = [1, 2, 3].map((EventID) => ({ ...EVENT, EventID }));

  it('counts a line with several events once', async () => {
    const content = `${json(notification(many))}\n\n${json(EVENT)}\n`;
    const { sink, result } = await readContent(deepSecuritySns, content);
    expect(sink.rows.map(({ row, isExtra }) => [row.line_number, isExtra])).toEqual([
      [1, false],
      [1, true],
      [1, true],
      [3, false],
    ]);
    expect(result).toEqual({ lineCount: 3 });
    expect(sink.accountedLines()).toBe(3);
  });

  it('takes a printed document for one line, and numbers its events', async () => {
    const { sink, result } = await readContent(
      deepSecuritySns,
      gzipSync(JSON.stringify(many, null, 2)),
    );
    expect(sink.rows.map(({ row, isExtra }) => [row.line_number, isExtra])).toEqual([
      [1, false],
      [2, true],
      [3, true],
    ]);
    expect(result).toEqual({ lineCount: 1 });
  });

  it('rejects a line of which a part cannot be read, and keeps the events that can', async () => {
    const content = json([EVENT, 7, { ...EVENT, LogDate: 'soon' }]);
    const { sink, result } = await readContent(deepSecuritySns, content);
    expect(sink.rows.map(({ isExtra }) => isExtra)).toEqual([true]);
    expect(sink.rejects.map(({ reason }) => reason)).toEqual([
      'a part was not read (events read: 1): neither event nor envelope (value 7); event 2 of 2: LogDate is not an ISO 8601 time (value "soon")',
    ]);
    expect(sink.rejects[0]?.bytes.toString()).toBe(content);
    expect(sink.accountedLines()).toBe(result.lineCount);
  });

  it('rejects lines without an event, with the value found', async () => {
    const content = [
      json({
        Type: 'SubscriptionConfirmation',
        Message: 'You have chosen to subscribe',
        TopicArn: 'x',
      }),
      '{"a":1}',
      '[]',
      '{"Type":"Notification","Mess',
      json({ EventType: 'PacketLog', EventID: 1 }),
      `${'['.repeat(5000)}${']'.repeat(5000)}`,
    ].join('\n');
    const { sink, result } = await readContent(deepSecuritySns, content);
    expect(sink.rows).toEqual([]);
    expect(sink.rejects.map(({ lineNumber, reason }) => `${lineNumber}: ${reason}`)).toEqual([
      '1: message is not JSON (value "You have chosen to subscribe")',
      '2: neither event nor envelope (value is an object of keys "a")',
      '3: no event in it',
      '4: not JSON (value "{\\"Type\\":\\"Notification\\",\\"Mess")',
      '5: event 1 of 1: LogDate is not an ISO 8601 time (no value)',
      '6: envelopes are nested too deeply',
    ]);
    expect(sink.accountedLines()).toBe(result.lineCount);
  });

  it('rejects a printed document that was cut as one line', async () => {
    const printed = JSON.stringify(many, null, 2);
    const { sink, result } = await readContent(deepSecuritySns, printed.slice(0, -20));
    expect(sink.rows).toEqual([]);
    expect(sink.rejects.map(({ lineNumber }) => lineNumber)).toEqual([1]);
    expect(sink.rejects[0]?.reason).toContain('not JSON (value "[');
    expect(result).toEqual({ lineCount: 1 });
  });

  it('reads line by line where only the first line is broken', async () => {
    const { sink, result } = await readContent(
      deepSecuritySns,
      `{"EventType":"Pay\n${json(EVENT)}\n`,
    );
    expect(sink.rejects.map(({ lineNumber }) => lineNumber)).toEqual([1]);
    expect(sink.rows.map(({ row }) => row.line_number)).toEqual([2]);
    expect(result).toEqual({ lineCount: 2 });
  });
});

describe('recognises', () => {
  const head = (text: string): boolean =>
    deepSecuritySns.recognises(
      Buffer.from(text).subarray(0, 65_536),
      memoryObject('', text.length, {}),
    );
  const long = { ...EVENT, Note: 'x'.repeat(100_000) };

  it.each([
    ['a printed list', JSON.stringify([EVENT], null, 2)],
    ['a printed notification', JSON.stringify(notification([EVENT]), null, 2)],
    [
      'printed records with a body in a body',
      JSON.stringify({ Records: [{ body: json(notification([EVENT])) }] }, null, 2),
    ],
    ['a line longer than the head', json(long)],
    ['a notification longer than the head', json(notification([long]))],
    ['documents one after the other', json(EVENT).repeat(3)],
    ['data longer than the head', json({ records: [{ data: base64(notification([long])) }] })],
    ['an event after a broken line', `{"Type":"Noti\n${json(EVENT)}`],
    ['a byte order mark', `\ufeff${json(EVENT)}`],
  ])('%s', (_, text) => {
    expect(head(text)).toBe(true);
  });

  it.each([
    [
      'an event of Suricata that quotes one',
      json({ event_type: 'alert', payload_printable: json(EVENT) }),
    ],
    ['the same, printed', JSON.stringify({ timestamp: 'x', payload: json(EVENT) }, null, 2)],
    [
      'the same, longer than the head',
      json({ event_type: 'alert', a: json(notification([long])) }),
    ],
    ['records of another service', json({ Records: [{ eventType: 'AwsApiCall', eventID: 'x' }] })],
    ['text', `see ${json(EVENT)}`],
  ])('not %s', (_, text) => {
    expect(head(text)).toBe(false);
  });
});
