/**
 * Events of Deep Security as Amazon SNS delivers them by HTTP: one envelope a line, whose `Message` is
 * a text that holds an array of events. Unlike CEF, they name the instance and the account.
 */
import { createHash } from 'node:crypto';
import { ENCOUNTERS } from './encounters.ts';
import { ACCOUNT_ID, INTERFACES, REGION, seconds } from './world.ts';

type Ends = {
  client: { address: string; port: number };
  server: { address: string; port: number };
};
type Event = { at: string; fields: Readonly<Record<string, string | number>> };

const { web2, app1 } = INTERFACES;

const HOSTS = {
  web2: { hostId: 42, item: web2, mac: '02:00:00:00:01:12' },
  app1: { hostId: 43, item: app1, mac: '02:00:00:00:02:11' },
} as const;

function event(
  eventId: number,
  at: string,
  { hostId, item, mac }: (typeof HOSTS)[keyof typeof HOSTS],
  { client, server }: Ends,
  rest: Readonly<Record<string, string | number>>,
): Event {
  return {
    at,
    fields: {
      DestinationIP: server.address,
      DestinationMAC: mac,
      DestinationPort: server.port,
      Direction: 0,
      DirectionString: 'Incoming',
      DriverTime: seconds(at) * 1_000_000,
      EventID: eventId,
      Flow: 0,
      FlowString: 'Connection Flow',
      Frame: 2048,
      FrameString: 'IP',
      HostAgentVersion: '20.0.1.690',
      HostCloudType: 'amazon',
      HostID: hostId,
      HostInstanceID: item.instance?.id ?? '',
      HostOS: 'Amazon Linux 2023',
      HostOwnerID: ACCOUNT_ID,
      Hostname: `${item.instance?.name}.example.com`,
      Interface: mac,
      LogDate: at.replace('Z', '.000Z'),
      Origin: 0,
      OriginString: 'Agent',
      Protocol: 6,
      ProtocolString: 'TCP',
      RepeatCount: 1,
      SourceIP: client.address,
      SourceMAC: '02:00:00:00:01:01',
      SourcePort: client.port,
      Tags: '',
      TenantID: 0,
      TenantName: 'Primary',
      ...rest,
    },
  };
}

const SSH_TO_APP1: Ends = {
  client: { address: '10.0.1.50', port: 44906 },
  server: { address: app1.address, port: 22 },
};

const EVENTS: readonly Event[] = [
  event(90_211, '2026-11-02T18:22:31Z', HOSTS.web2, ENCOUNTERS.snsDetected, {
    Action: 130,
    ActionString: 'Detect Only: Reset',
    EventType: 'PayloadLog',
    Reason: '1008610 - Block Object-Graph Navigation Language (OGNL) Expressions Initiation',
    Severity: 4,
    SeverityString: 'Critical',
    Note: '"CVE-0000-0002"',
    PosInBuffer: 0,
    PosInStream: 212,
  }),
  event(90_212, '2026-11-02T18:22:33Z', HOSTS.web2, ENCOUNTERS.snsDetected, {
    Action: 6,
    ActionString: 'Log Only',
    EventType: 'PacketLog',
    Flags: 'ACK PSH DF=1',
    PacketSize: 612,
    Reason: 'Log for TCP Port 443',
  }),
  event(90_377, '2026-11-03T14:02:15Z', HOSTS.app1, SSH_TO_APP1, {
    Action: 6,
    ActionString: 'Log Only',
    EventType: 'PacketLog',
    Flags: 'SYN DF=1',
    PacketSize: 74,
    Reason: 'Log for TCP Port 22',
  }),
  event(90_391, '2026-11-03T15:04:18Z', HOSTS.app1, ENCOUNTERS.snsBlocked, {
    Action: 2,
    ActionString: 'Reset',
    EventType: 'PayloadLog',
    Reason: '1000608 - Generic SQL Injection Prevention',
    Severity: 3,
    SeverityString: 'High',
    Note: '"CVE-0000-0003"',
    PosInBuffer: 0,
    PosInStream: 88,
  }),
];

/** The text of `<day>.json`: events within ten seconds share an envelope. */
export function snsNotifications(day: string): string {
  const groups: Event[][] = [];
  for (const item of EVENTS.filter(({ at }) => at.startsWith(day))) {
    const last = groups.at(-1)?.[0];
    if (last && seconds(item.at) - seconds(last.at) < 10) groups.at(-1)?.push(item);
    else groups.push([item]);
  }
  return groups.map((group) => `${JSON.stringify(envelope(group))}\n`).join('');
}

function envelope(group: readonly Event[]): Record<string, string> {
  const message = JSON.stringify(group.map(({ fields }) => fields));
  const hash = createHash('sha256').update(message).digest('hex');
  const id = [8, 12, 16, 20, 32].map((end, index, ends) => hash.slice(ends[index - 1] ?? 0, end));
  const last = group.at(-1)?.at ?? '';
  return {
    Type: 'Notification',
    MessageId: id.join('-'),
    TopicArn: `arn:aws:sns:${REGION}:${ACCOUNT_ID}:deep-security-events`,
    Message: message,
    Timestamp: new Date((seconds(last) + 4) * 1000).toISOString(),
    SignatureVersion: '1',
  };
}
