/**
 * A whole object of each format, for the tests of damage: what a source would bring, with some records
 * of which each is a row. A format joins by an entry under its name.
 */
import type { Database } from '../../src/database.ts';
import type { ObjectHints } from '../../src/ingest/format.ts';
import { quoteText } from '../../src/tables.ts';

export type DamageSample = {
  /** The object before compression. */
  content: (database: Database, folder: string) => Buffer | Promise<Buffer>;
  /** True if each line is a record of its own: what stands in one line harms no other. */
  isLines: boolean;
  /** Formats that are never compressed as a whole, such as Parquet. */
  isPlainOnly?: boolean;
  /** Start of its URI, where the format goes by it. */
  uri?: string;
  hints?: ObjectHints;
};

const RECORDS = 12;

const times = <Item>(make: (index: number) => Item): Item[] =>
  Array.from({ length: RECORDS }, (_, index) => make(index));

const lines = (...texts: (string | string[])[]): Buffer =>
  Buffer.from(`${texts.flat().join('\n')}\n`);

const FIELDS =
  'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status'.split(
    ' ',
  );

const flow = (index: number): string =>
  `2 123456789012 eni-0a1b2c3d 198.51.100.${index} 10.0.1.15 ${50_000 + index} 443 6 8 4000 1795068000 1795068060 ACCEPT OK`;

const cef = (index: number): string =>
  `<190>Nov 19 13:36:${10 + index} web-1 CEF:0|Trend Micro|Deep Security Agent|20.0.1.690|1000552|A rule|8|cn1=42 cn1Label=Host ID src=198.51.100.${index} dst=10.0.1.15 in=0 proto=TCP spt=51544 dpt=443 act=IDS:Reset`;

const sns = (index: number): string =>
  JSON.stringify({
    EventType: 'PayloadLog',
    EventID: index + 1,
    TenantID: 0,
    LogDate: `2026-11-18T06:13:${10 + index}.123Z`,
    Action: 130,
    SourceIP: `198.51.100.${index}`,
    DestinationIP: '10.0.1.15',
  });

const eve = (index: number): string =>
  JSON.stringify({
    timestamp: `2026-11-18T06:13:${10 + index}.532140+0000`,
    event_type: 'alert',
    src_ip: `198.51.100.${index}`,
    src_port: 51_544,
    dest_ip: '10.0.1.15',
    dest_port: 443,
    proto: 'TCP',
    alert: { action: 'allowed', signature_id: 1, signature: 'A rule', severity: 2 },
  });

const leef = (index: number): string =>
  `<182>Nov 19 13:36:${10 + index} dsm LEEF:2.0|Trend Micro|Deep Security Agent|20.0.463|21|cat=Firewall\tname=A rule\tsev=5\tsrc=198.51.100.${index}\tact=Deny`;

const firewall = (index: number): string =>
  JSON.stringify({
    firewall_name: 'edge',
    availability_zone: 'eu-west-1a',
    event_timestamp: `${1_795_068_821 + index}`,
    event: JSON.parse(eve(index)),
  });

const snort = (index: number): string =>
  `{ "timestamp" : "11/18-06:13:${10 + index}.532140", "pkt_num" : ${index}, "proto" : "TCP", "pkt_gen" : "raw", "pkt_len" : 97, "dir" : "C2S", "src_ap" : "198.51.100.${index}:51544", "dst_ap" : "10.0.1.15:443", "rule" : "1:1000000:0", "action" : "would_drop" }`;

const wazuh = (index: number): string =>
  JSON.stringify({
    timestamp: `2026-11-18T06:13:${10 + index}.532+0000`,
    rule: { level: 5, id: '5760', description: 'sshd: authentication failed.', groups: ['sshd'] },
    agent: { id: '001', name: 'web-1', ip: '10.0.1.15' },
    manager: { name: 'wazuh' },
    id: `1795068821.${1234 + index}`,
    data: { srcip: `198.51.100.${index}` },
    location: '/var/log/auth.log',
  });

const finding = (index: number): string =>
  JSON.stringify({
    schemaVersion: '2.0',
    accountId: '123456789012',
    id: `aac1f0a1b2c3d4e5f60718293a4b5c${10 + index}`,
    arn: `arn:aws:guardduty:eu-west-1:123456789012:detector/0a1b/finding/${10 + index}`,
    type: 'Recon:EC2/PortProbeUnprotectedPort',
    resource: { resourceType: 'Instance' },
    service: {
      action: {
        actionType: 'PORT_PROBE',
        portProbeAction: {
          blocked: false,
          portProbeDetails: [{ remoteIpDetails: { ipAddressV4: `198.51.100.${index}` } }],
        },
      },
      eventLastSeen: `2026-11-18T06:13:${10 + index}Z`,
    },
    updatedAt: '2026-11-18T06:20:00.123Z',
  });

/** Each line in an envelope, by how a line of it is made of a message. */
const enveloped = (wrap: (message: string, index: number) => string, make: typeof flow): Buffer =>
  lines(times((index) => wrap(make(index), index)));

const WRAPS = {
  cloudwatch: (message: string, index: number) =>
    JSON.stringify({
      eventId: `e${index}`,
      timestamp: 1_795_068_000_000,
      ingestionTime: 1_795_068_060_000,
      logStreamName: 'eni-0a1b2c3d-all',
      message,
    }),
  cloudwatch_export: (message: string, index: number) =>
    `2026-11-18T06:13:${10 + index}.123Z ${message}`,
  cloudwatch_subscription: (message: string, index: number) =>
    JSON.stringify({
      messageType: 'DATA_MESSAGE',
      owner: '123456789012',
      logGroup: '/vpc/flow-logs',
      logStream: 'eni-0a1b2c3d-all',
      subscriptionFilters: ['all'],
      logEvents: [{ id: `${index}`, timestamp: 1_795_068_000_000, message }],
    }),
  firehose: (message: string) => JSON.stringify({ message }),
} as const;

/** Flow logs and events of an IPS in an envelope. */
function inEnvelope(
  name: keyof typeof WRAPS,
  event: typeof flow,
  uri?: string,
): Record<string, DamageSample> {
  const place = uri === undefined ? {} : { uri };
  return {
    [`${name}_flow_log`]: {
      content: () => enveloped(WRAPS[name], flow),
      isLines: true,
      hints: { fields: FIELDS },
      ...place,
    },
    [`${name}_ips_event`]: {
      content: () => enveloped(WRAPS[name], event),
      isLines: true,
      ...place,
    },
  };
}

const call = (index: number): unknown => ({
  eventVersion: '1.09',
  userIdentity: { type: 'AWSService', invokedBy: 'autoscaling.amazonaws.com' },
  eventTime: `2026-11-18T06:13:${10 + index}Z`,
  eventSource: 'ec2.amazonaws.com',
  eventName: 'RevokeSecurityGroupIngress',
  requestParameters: { groupId: `sg-0a1b2c${10 + index}` },
  eventID: `00000000-0000-4000-8000-0000000000${10 + index}`,
});

export const DAMAGE_SAMPLES: Readonly<Record<string, DamageSample>> = {
  vpc_flow_log_text: {
    content: () => lines(FIELDS.join(' '), times(flow)),
    isLines: true,
  },
  vpc_flow_log_parquet: {
    async content({ connection }, folder) {
      const { readFile } = await import('node:fs/promises');
      const path = `${folder}/sample.parquet`;
      await connection.run(
        `copy (select 2 as version, 'eni-0a1b2c3d' as interface_id, '198.51.100.' || i as srcaddr,
           '10.0.1.15' as dstaddr, 1795068000 as start, 1795068060 as "end", 'OK' as log_status
         from range(${RECORDS}) r(i)) to ${quoteText(path)} (format parquet)`,
      );
      return readFile(path);
    },
    isLines: false,
    isPlainOnly: true,
  },
  ...inEnvelope('cloudwatch', eve, 'cloudwatch-logs://eu-west-1/flow?date=2026-11-18&pulled='),
  ...inEnvelope('cloudwatch_export', cef),
  ...inEnvelope('cloudwatch_subscription', wazuh),
  ...inEnvelope('firehose', eve),
  deep_security_cef: { content: () => lines(times(cef)), isLines: true },
  deep_security_leef: { content: () => lines(times(leef)), isLines: true },
  deep_security_computers: {
    content: () =>
      Buffer.from(
        JSON.stringify({
          computers: times((index) => ({ ID: index, hostName: `web-${index}` })),
        }),
      ),
    isLines: false,
  },
  deep_security_sns: { content: () => lines(times(sns)), isLines: true },
  suricata_eve: { content: () => lines(times(eve)), isLines: true },
  aws_network_firewall: { content: () => lines(times(firewall)), isLines: true },
  snort_alert_json: { content: () => lines(times(snort)), isLines: true },
  wazuh_alerts: { content: () => lines(times(wazuh)), isLines: true },
  guardduty_finding: { content: () => lines(times(finding)), isLines: true },
  cloudtrail: {
    content: () => Buffer.from(JSON.stringify({ Records: times(call) }, null, 1)),
    isLines: false,
  },
  aws_config: {
    content: () =>
      Buffer.from(
        JSON.stringify(
          {
            configurationItems: times((index) => ({
              resourceType: 'AWS::EC2::VPC',
              resourceId: `vpc-0a1b2c${10 + index}`,
              configurationItemCaptureTime: '2026-11-18T06:13:41.123Z',
              configurationItemStatus: 'OK',
              configuration: { vpcId: `vpc-0a1b2c${10 + index}` },
            })),
          },
          null,
          2,
        ),
      ),
    isLines: false,
  },
  aws_describe_json: {
    content: () =>
      Buffer.from(
        JSON.stringify(
          {
            Vpcs: times((index) => ({
              VpcId: `vpc-0a1b2c${10 + index}`,
              OwnerId: '123456789012',
              CidrBlock: `10.${index}.0.0/16`,
            })),
          },
          null,
          2,
        ),
      ),
    isLines: false,
    uri: 'file:///inventory/2026-11-02T13-59-30Z/vpcs-',
  },
};
