/**
 * Records for verdicts that no flow of the samples has, in one small world: the inventory was looked at
 * at 08:00 and at 11:00. `queries/VERDICTS.md` shows each record as `recordText` prints it.
 */
import type { Database } from '../../src/database.ts';
import { openTables } from '../catalogue-rows.ts';
import * as fixture from '../enrich/fixture.ts';

const { DAY, LOCAL, REMOTE, rule } = fixture;

const STEADY = 'eni-0a0000000000000a1';
const MOVED = 'eni-0a0000000000000a2';
const WITHOUT_GROUPS = 'eni-0a0000000000000a3';
const UNKNOWN = 'eni-0a0000000000000a9';

const FLAGS_FIELDS = [...fixture.DEFAULT_FIELDS, 'tcp-flags'];
const SHORT_FIELDS = ['interface-id', 'packets', 'bytes'];
const GATEWAY_FIELDS = [
  ...['version', 'resource-type', 'tgw-id', 'tgw-attachment-id', 'srcaddr', 'dstaddr', 'srcport'],
  ...['dstport', 'protocol', 'packets', 'bytes', 'start', 'end', 'log-status'],
];

const ping = { protocol: 1, srcport: 0, dstport: 0 };
const rejected = { action: 'REJECT' };
const nothing = {
  ...{ srcaddr: null, dstaddr: null, srcport: null, dstport: null, protocol: null },
  ...{ start_at: null, end_at: null, action: null },
};

/** What each record differs in from one that the rule for port 443 permits. */
export const RECORDS: ReadonlyMap<string, fixture.Row> = new Map<string, fixture.Row>([
  ['moved', { interface_id: MOVED, dstaddr: '10.0.1.20' }],
  ['unknown', { interface_id: UNKNOWN }],
  ['later', { start_at: `${DAY} 12:00:00`, end_at: `${DAY} 12:00:30` }],
  ['added', { dstport: 8443 }],
  ['ping', ping],
  ['denied', { ...rejected, dstport: 23 }],
  ['allowed', rejected],
  ['ping-rejected', { ...rejected, ...ping }],
  ['late-answer', { ...rejected, srcport: 443, dstport: 50_000 }],
  ['no-groups', { ...rejected, interface_id: WITHOUT_GROUPS, dstaddr: '10.0.1.30' }],
  ['unknown-rejected', { ...rejected, interface_id: UNKNOWN }],
  ['two-users', { srcport: 50_022, dstport: 22 }],
  ['flags-only', { tcp_flags: 2, object_id: 'flags' }],
  ['one-sided', { ...rejected, srcport: 50_001, object_id: 'one-sided' }],
  ['short', { ...nothing, object_id: 'short' }],
  ['empty', nothing],
  ['half', { srcport: null, dstport: null, end_at: null }],
  ['undirected', { srcport: 2000, dstport: 2001, tcp_flags: 0, object_id: 'full' }],
  ['no-status', { srcport: 50_002, object_id: 'no-status' }],
  ['gateway', { interface_id: null, action: null, object_id: 'gateway' }],
  ['attack-rejected', { ...rejected, srcport: 51_001 }],
  ['attack-left', { srcaddr: LOCAL, dstaddr: REMOTE, srcport: 51_002 }],
  ['attack-noted', { srcport: 51_003 }],
]);

function rowOf(name: string): fixture.Row {
  const names = [...RECORDS.keys()];
  return fixture.flow(names.indexOf(name) + 1, RECORDS.get(name));
}

/** The record as a line of a flow log would show it: what decides, in the order of the default format. */
export function recordText(name: string): string {
  const row = rowOf(name);
  const names = ['interface_id', 'srcaddr', 'dstaddr', 'srcport', 'dstport', 'protocol'];
  const times = [row.start_at, row.end_at].map((time) => String(time ?? '-').slice(-8));
  const flags = row.tcp_flags === undefined ? [] : [`tcp-flags ${row.tcp_flags}`];
  return [...names.map((key) => row[key] ?? '-'), ...times, row.action ?? '-', ...flags].join(' ');
}

export function recordId(name: string): string {
  const row = rowOf(name);
  return `${row.object_id}:${row.line_number}`;
}

const entry = (number: number, action: string, parts: Record<string, unknown>) => ({
  RuleNumber: number,
  RuleAction: action,
  Egress: false,
  CidrBlock: '0.0.0.0/0',
  ...parts,
});

const ACL: fixture.Item = {
  type: 'network_acl',
  id: 'acl-1',
  configuration: {
    VpcId: 'vpc-a',
    Associations: [{ SubnetId: 'subnet-a' }],
    Entries: [
      entry(100, 'deny', { Protocol: '6', PortRange: { From: 23, To: 23 } }),
      entry(110, 'deny', { Protocol: '1', IcmpTypeCode: { Type: 8, Code: -1 } }),
      entry(200, 'allow', { Protocol: '-1' }),
      entry(32767, 'deny', { Protocol: '-1' }),
    ],
  } as fixture.Item['configuration'],
};

const flowLog = (id: string, trafficType: string): fixture.Item => ({
  type: 'flow_log',
  id,
  configuration: { FlowLogId: id, TrafficType: trafficType },
});

/** The database with the records, enriched. */
export async function openRecords(): Promise<Database> {
  const database = await openTables(['ingest']);
  const common = [
    fixture.tagged('security_group', 'sg-a'),
    fixture.tagged('security_group', 'sg-b'),
    fixture.networkInterface({ id: STEADY }),
    fixture.networkInterface({ id: WITHOUT_GROUPS, addresses: ['10.0.1.30'], groups: [] }),
    rule({ id: 'sgr-https', ports: [443, 443], cidr: '198.51.100.0/24' }),
    rule({ id: 'sgr-ping', protocol: 'icmp', ports: [8, -1], cidr: '0.0.0.0/0' }),
    ACL,
    flowLog('fl-0a0000000000000a1', 'REJECT'),
    flowLog('fl-0a0000000000000a2', 'ALL'),
  ];
  const moved = (groups: string[]) =>
    fixture.networkInterface({ id: MOVED, addresses: ['10.0.1.20'], groups });
  await fixture.addSnapshot(database, `${DAY} 08:00:00`, [...common, moved(['sg-a'])]);
  await fixture.addSnapshot(database, `${DAY} 11:00:00`, [
    ...common,
    moved(['sg-b']),
    rule({ id: 'sgr-added', ports: [8443, 8443], cidr: '198.51.100.0/24' }),
  ]);
  await fixture.addRows(database, 'source_object', [
    fixture.flowObject('o'),
    fixture.flowObject('flags', { fields: FLAGS_FIELDS }),
    fixture.flowObject('short', { fields: SHORT_FIELDS }),
    fixture.flowObject('one-sided', { flow_log_id: 'fl-0a0000000000000a1' }),
    fixture.flowObject('full', { fields: fixture.FULL_FIELDS }),
    fixture.flowObject('no-status', {
      flow_log_id: 'fl-0a0000000000000a2',
      fields: fixture.DEFAULT_FIELDS.filter((field) => field !== 'log-status'),
    }),
    fixture.flowObject('gateway', { fields: GATEWAY_FIELDS }),
  ]);
  await fixture.addRows(database, 'flow', [...RECORDS.keys()].map(rowOf));
  const logon = { module: 'log_inspection', source_port: null, destination_port: null };
  await fixture.addRows(
    database,
    'ips_event',
    ['deploy', 'backup'].map((user) =>
      fixture.ipsEvent(`logon-${user}`, { ...logon, protocol: null, user_name: user }),
    ),
  );
  await fixture.addRows(database, 'ips_event', [
    fixture.ipsEvent('rejected', { source_port: 51_001, disposition: 'detected' }),
    fixture.ipsEvent('left', {
      ...{ source_address: LOCAL, destination_address: REMOTE },
      ...{ source_port: 51_002, disposition: 'detected' },
    }),
    fixture.ipsEvent('noted', { source_port: 51_003, disposition: 'logged' }),
  ]);
  await fixture.runSteps(database);
  return database;
}
