/**
 * What every format must keep to, whatever it reads. A format joins by one line in `CASES`.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../../src/database.ts';
import type { Format, LocalObject } from '../../../src/ingest/format.ts';
import { awsConfig } from '../../../src/ingest/formats/aws-config.ts';
import { cloudTrail } from '../../../src/ingest/formats/cloudtrail.ts';
import { deepSecurityCef } from '../../../src/ingest/formats/deep-security-cef.ts';
import { deepSecurityComputers } from '../../../src/ingest/formats/deep-security-computers.ts';
import { deepSecurityLeef } from '../../../src/ingest/formats/deep-security-leef.ts';
import { deepSecuritySns } from '../../../src/ingest/formats/deep-security-sns.ts';
import { describeJson } from '../../../src/ingest/formats/describe-json.ts';
import { flowLogParquet } from '../../../src/ingest/formats/flow-log-parquet.ts';
import { flowLogText } from '../../../src/ingest/formats/flow-log-text.ts';
import { guardDutyFinding } from '../../../src/ingest/formats/guardduty-finding.ts';
import { networkFirewall } from '../../../src/ingest/formats/network-firewall.ts';
import { snortJson } from '../../../src/ingest/formats/snort-json.ts';
import { suricataEve } from '../../../src/ingest/formats/suricata-eve.ts';
import { wazuhAlert } from '../../../src/ingest/formats/wazuh-alert.ts';
import { FORMATS } from '../../../src/ingest/formats.ts';
import { quoteText } from '../../../src/tables.ts';
import { memoryObject, type ReadOptions, readContent } from '../../memory-sink.ts';

let database: Database;
let folder: string;

beforeAll(async () => {
  database = await openDatabase();
  folder = await mkdtemp(join(tmpdir(), 'flowproof-contract-'));
});

afterAll(async () => {
  database.close();
  await rm(folder, { recursive: true, force: true });
});

async function parquetOf(select: string): Promise<Buffer> {
  const path = join(folder, 'fixture.parquet');
  await database.connection.run(`copy (${select}) to ${quoteText(path)} (format parquet)`);
  return readFile(path);
}

const lines = (...events: unknown[]): string =>
  `${events.map((event) => (typeof event === 'string' ? event : JSON.stringify(event))).join('\n')}\n`;

const CEF =
  '<190>Nov 19 13:36:47 web-1 CEF:0|Trend Micro|Deep Security Agent|20.0.1.690|1000552|A rule|8|cn1=42 cn1Label=Host ID src=198.51.100.7 dst=10.0.1.15 in=0 proto=TCP spt=51544 dpt=443 act=IDS:Reset';

const LEEF =
  '<182>Nov 19 13:36:47 dsm LEEF:2.0|Trend Micro|Deep Security Agent|20.0.463|21|cat=Firewall\tname=A rule\tsev=5\tsrc=198.51.100.7\tact=Deny\tmsg=CEF:0|Trend Micro|';

const SNS = {
  EventType: 'PayloadLog',
  EventID: 1,
  TenantID: 0,
  LogDate: '2026-11-18T06:13:41.123Z',
  Action: 130,
  SourceIP: '198.51.100.7',
};

const EVE = {
  timestamp: '2026-11-18T06:13:41.532140+0000',
  event_type: 'alert',
  src_ip: '198.51.100.7',
  // What an attacker sends may quote any other format.
  payload_printable: `"EventType": "LogDate": ${CEF}`,
  alert: { action: 'allowed', signature_id: 1, severity: 2 },
};

const CONFIG_ITEM = {
  resourceType: 'AWS::EC2::VPC',
  resourceId: 'vpc-0a1b2c3d',
  configurationItemCaptureTime: '2026-11-18T06:13:41.123Z',
  configurationItemStatus: 'OK',
  configuration: { vpcId: 'vpc-0a1b2c3d' },
};

const FIREWALL = {
  firewall_name: 'edge',
  availability_zone: 'eu-west-1a',
  event_timestamp: '1795068821',
  event: EVE,
};

const SNORT =
  '{ "timestamp" : "11/18-06:13:41.532140", "pkt_num" : 5, "proto" : "TCP", "pkt_gen" : "raw", "pkt_len" : 97, "dir" : "C2S", "src_ap" : "198.51.100.7:51544", "dst_ap" : "10.0.1.15:443", "rule" : "1:1000000:0", "action" : "would_drop" }';

const WAZUH = {
  timestamp: '2026-11-18T06:13:41.532+0000',
  rule: { level: 5, id: '5760', description: 'sshd: authentication failed.', groups: ['sshd'] },
  agent: { id: '001', name: 'web-1', ip: '10.0.1.15' },
  manager: { name: 'wazuh' },
  id: '1795068821.1234',
  full_log: `"EventType": ${JSON.stringify(EVE)}`,
  // Relayed events of other products stand in the data.
  data: EVE,
  location: '/var/log/auth.log',
};

const CALL = {
  eventVersion: '1.09',
  userIdentity: {
    type: 'AssumedRole',
    arn: 'arn:aws:sts::123456789012:assumed-role/network/session-1',
  },
  eventTime: '2026-11-18T06:13:41Z',
  eventSource: 'ec2.amazonaws.com',
  eventName: 'AuthorizeSecurityGroupIngress',
  awsRegion: 'eu-west-1',
  sourceIPAddress: '198.51.100.7',
  requestParameters: { groupId: 'sg-0a1b2c3d' },
  eventID: 'f0a1b2c3-0000-0000-0000-000000000001',
};

const READ = {
  ...CALL,
  eventName: 'DescribeInstances',
  eventID: 'f0a1b2c3-0000-0000-0000-000000000002',
};

const FINDING = {
  schemaVersion: '2.0',
  accountId: '123456789012',
  id: 'aac1f0a1b2c3d4e5f60718293a4b5c6d',
  arn: 'arn:aws:guardduty:eu-west-1:123456789012:detector/0a1b/finding/aac1',
  type: 'Recon:EC2/PortProbeUnprotectedPort',
  resource: { resourceType: 'Instance' },
  service: {
    action: {
      actionType: 'PORT_PROBE',
      portProbeAction: {
        blocked: false,
        portProbeDetails: [
          { remoteIpDetails: { ipAddressV4: '198.51.100.7' } },
          { remoteIpDetails: { ipAddressV4: '198.51.100.8' } },
        ],
      },
    },
    eventLastSeen: '2026-11-18T06:13:41Z',
  },
  updatedAt: '2026-11-18T06:20:00.123Z',
};

const FLOW = '2 123456789012 eni-0a1b2c3d 10.0.1.15 198.51.100.7 443 51544 6 8 4000';

const FLOW_FIELDS =
  'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status'.split(
    ' ',
  );

const TEXT_FLOWS = [
  `${FLOW} 1795068000 1795068060 ACCEPT OK`,
  '2 123456789012 eni-0a1b2c3d - - - - - - - 1795068000 1795068060 - NODATA',
];

const CONTROL = JSON.stringify({
  messageType: 'CONTROL_MESSAGE',
  owner: 'CloudwatchLogs',
  logGroup: '',
  logStream: '',
  subscriptionFilters: [],
  logEvents: [
    {
      id: '',
      timestamp: 1,
      message: 'CWL CONTROL MESSAGE: Checking health of destination Firehose.',
    },
  ],
});

const subscriptionOf = (messages: readonly string[]): string =>
  JSON.stringify({
    messageType: 'DATA_MESSAGE',
    owner: '123456789012',
    logGroup: '/vpc/flow-logs',
    logStream: 'eni-0a1b2c3d-all',
    subscriptionFilters: ['all'],
    logEvents: messages.map((message, index) => ({ id: `${index}`, timestamp: 1, message })),
  });

const pullOf = (messages: readonly string[]): string =>
  lines(
    ...messages.map((message, index) => ({
      eventId: `e${index}`,
      timestamp: 1_795_068_000_000,
      ingestionTime: 1_795_068_060_000,
      logStreamName: 'eni-0a1b2c3d-all',
      message,
    })),
    {
      pull: {
        pulledAt: '2026-11-20T00:00:00.000Z',
        flowLogs: messages[0]?.startsWith('2 ')
          ? [{ flowLogId: 'fl-1', logFormat: 'version' }]
          : [],
      },
    },
  );

function formatOf(name: string): Format {
  const found = FORMATS.find((format) => format.name === name);
  if (!found) throw new Error(`no format ${name}`);
  return found;
}

type Case = {
  format: Format;
  content: string | (() => Promise<Buffer>);
  options?: ReadOptions;
  /** Rows that the content gives, as a guard against a fixture that gives none. */
  rowCount: number;
  /** Formats that may recognise the content too, because they are asked after its own. */
  leftTo?: readonly string[];
};

const CASES: readonly Case[] = [
  { format: deepSecurityCef, content: lines(CEF, '', CEF, 'CEF:0|cut'), rowCount: 2 },
  { format: deepSecurityLeef, content: lines(LEEF, '', LEEF, 'LEEF:2.0|cut'), rowCount: 2 },
  {
    format: deepSecurityComputers,
    content: JSON.stringify({ computers: [{ ID: 42, hostName: 'web-1' }, {}] }),
    // The second is the list itself.
    rowCount: 2,
  },
  {
    format: deepSecuritySns,
    content: JSON.stringify({ Type: 'Notification', Message: JSON.stringify([SNS]) }).repeat(2),
    rowCount: 2,
  },
  {
    format: deepSecuritySns,
    content: lines([SNS, SNS], '', { Type: 'Notification', Message: JSON.stringify([SNS]) }, '{'),
    rowCount: 3,
  },
  { format: deepSecuritySns, content: JSON.stringify([SNS, SNS], null, 2), rowCount: 2 },
  { format: suricataEve, content: lines(EVE, '', EVE, '{'), rowCount: 2 },
  { format: networkFirewall, content: lines(FIREWALL, '', FIREWALL, '{'), rowCount: 2 },
  {
    format: networkFirewall,
    // A file that two ways of delivery were put together in.
    content: lines(FIREWALL, `2026-11-18T06:13:41.000Z ${JSON.stringify(FIREWALL)}`),
    rowCount: 2,
  },
  { format: snortJson, content: lines(SNORT, '', SNORT, '{'), rowCount: 2 },
  { format: wazuhAlert, content: lines(WAZUH, '', WAZUH, '{'), rowCount: 2 },
  { format: cloudTrail, content: JSON.stringify({ Records: [CALL, CALL, READ] }), rowCount: 2 },
  { format: guardDutyFinding, content: lines(FINDING, '', FINDING, '{'), rowCount: 4 },
  {
    format: guardDutyFinding,
    content: JSON.stringify({ Findings: [FINDING, {}] }, null, 2),
    rowCount: 2,
  },
  {
    format: guardDutyFinding,
    content: lines({ 'detail-type': 'GuardDuty Finding', detail: FINDING }),
    rowCount: 2,
  },
  { format: flowLogText, content: lines(FLOW_FIELDS.join(' '), ...TEXT_FLOWS, 'x'), rowCount: 2 },
  {
    format: flowLogText,
    content: lines(...TEXT_FLOWS),
    options: { hints: { fields: FLOW_FIELDS } },
    rowCount: 2,
  },
  {
    format: formatOf('cloudwatch_flow_log'),
    content: pullOf(TEXT_FLOWS),
    options: { uri: 'cloudwatch-logs://eu-west-1/flow', hints: { fields: FLOW_FIELDS } },
    // Each event, each record, and the flow log that the last line names.
    rowCount: 5,
    // An event has as many blanks as the record in it, which is all that a declared format tells.
    leftTo: ['vpc_flow_log_text'],
  },
  {
    format: formatOf('cloudwatch_export_flow_log'),
    content: lines(...TEXT_FLOWS.map((record) => `2026-11-19T00:00:00.000Z ${record}`), '', 'x'),
    options: { hints: { fields: FLOW_FIELDS } },
    rowCount: 2,
  },
  {
    format: formatOf('cloudwatch_subscription_flow_log'),
    content: `${subscriptionOf(TEXT_FLOWS)}${CONTROL}\n${subscriptionOf(['x'])}`,
    options: { hints: { fields: FLOW_FIELDS } },
    rowCount: 2,
  },
  {
    format: formatOf('firehose_flow_log'),
    content: TEXT_FLOWS.map((message) => JSON.stringify({ message })).join(''),
    options: { hints: { fields: FLOW_FIELDS } },
    rowCount: 2,
  },
  {
    format: formatOf('cloudwatch_ips_event'),
    content: pullOf([JSON.stringify(EVE), CEF, JSON.stringify(EVE)]),
    options: { uri: 'cloudwatch-logs://eu-west-1/ips' },
    // A group holds one format: the line in another is rejected, and its event is known all the same.
    rowCount: 5,
    leftTo: ['suricata_eve'],
  },
  {
    format: formatOf('cloudwatch_export_ips_event'),
    content: lines(...[CEF, CEF].map((event) => `2026-11-19T00:00:00.000Z ${event}`), ''),
    rowCount: 2,
    leftTo: ['deep_security_cef'],
  },
  {
    format: formatOf('cloudwatch_subscription_ips_event'),
    content: `${CONTROL}${subscriptionOf([JSON.stringify(EVE), '{'])}`,
    rowCount: 1,
  },
  {
    format: formatOf('firehose_ips_event'),
    content: lines(
      { message: JSON.stringify(EVE) },
      { message: 1 },
      { message: JSON.stringify(EVE) },
    ),
    rowCount: 2,
    leftTo: ['suricata_eve'],
  },
  {
    format: flowLogParquet,
    content: () =>
      parquetOf(
        "select 2 as version, 'eni-0a1b2c3d' as interface_id, '10.0.1.15' as srcaddr, 1795068000 as start, 'OK' as log_status",
      ),
    rowCount: 1,
  },
  {
    format: describeJson,
    content: JSON.stringify({ Vpcs: [{ VpcId: 'vpc-0a1b2c3d', OwnerId: '123456789012' }, {}] }),
    options: { uri: 'file:///inventory/2026-11-02T13-59-30Z/vpcs.json' },
    rowCount: 2,
  },
  {
    format: awsConfig,
    content: JSON.stringify({ configurationItems: [CONFIG_ITEM, {}] }),
    rowCount: 1,
  },
  {
    format: awsConfig,
    content: lines({ Message: JSON.stringify({ configurationItem: CONFIG_ITEM }) }, '', '{', {}),
    rowCount: 1,
  },
];

const NAMED = CASES.map((one, index) => [`${index}: ${one.format.name}`, one] as const);

const contentOf = async ({ content }: Case): Promise<Buffer> =>
  typeof content === 'string' ? Buffer.from(content) : content();

const objectOf = (one: Case, size: number): LocalObject =>
  memoryObject('', size, one.options ?? {});

const read = ({ format, options }: Case, bytes: Uint8Array) =>
  readContent(format, bytes, { ...options, connection: database.connection });

it('covers every format', () => {
  const covered = new Set(CASES.map(({ format }) => format.name));
  expect(FORMATS.map(({ name }) => name).filter((name) => !covered.has(name))).toEqual([]);
});

describe.each(NAMED)('%s', (_, one) => {
  it('accounts for every line of the content', async () => {
    const { sink, result } = await read(one, await contentOf(one));
    expect(result.damage).toBeUndefined();
    expect(sink.rows).toHaveLength(one.rowCount);
    expect(result.lineCount).toBeGreaterThan(0);
    expect(sink.accountedLines()).toBe(result.lineCount);
  });

  it('is the one that recognises the content', async () => {
    const bytes = await contentOf(one);
    const object = objectOf(one, bytes.length);
    const names = FORMATS.filter((format) =>
      format.recognises(bytes.subarray(0, 65_536), object),
    ).map(({ name }) => name);
    expect(names[0]).toBe(one.format.name);
    expect(names.slice(1).filter((name) => !one.leftTo?.includes(name))).toEqual([]);
  });

  it('recognises neither nothing nor blank lines, and throws at no bytes', () => {
    const object = memoryObject('', 0, {});
    expect(one.format.recognises(Buffer.alloc(0), object)).toBe(false);
    expect(one.format.recognises(Buffer.from('\n \r\n'), object)).toBe(false);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        one.format.recognises(Buffer.from(bytes), object);
      }),
      { numRuns: 50 },
    );
  });

  it('gives the same rows each time', async () => {
    const bytes = await contentOf(one);
    const [first, second] = [await read(one, bytes), await read(one, bytes)];
    expect(second.sink.rows).toEqual(first.sink.rows);
  });

  it('never throws for damaged bytes, and accounts for what is left of them', async () => {
    const whole = await contentOf(one);
    const damage = fc.record({
      isGzip: fc.boolean(),
      end: fc.double({ min: 0, max: 1, noNaN: true }),
      marks: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), {
        maxLength: 4,
      }),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ isGzip, end, marks }) => {
        const bytes = Buffer.from(isGzip ? gzipSync(whole) : whole);
        for (const [place, byte] of marks) {
          // The first two bytes say that it is gzip: without them it would be another object.
          bytes[2 + Math.floor(place * (bytes.length - 3))] = byte;
        }
        const { sink, result } = await read(one, bytes.subarray(0, Math.ceil(end * bytes.length)));
        expect(sink.accountedLines()).toBe(result.lineCount);
        for (const { reason } of sink.rejects) expect(reason).not.toBe('');
      }),
      { numRuns: 40 },
    );
  });

  it('accounts for any bytes at all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const { sink, result } = await read(one, bytes);
        expect(sink.accountedLines()).toBe(result.lineCount);
      }),
      { numRuns: 40 },
    );
  });
});
