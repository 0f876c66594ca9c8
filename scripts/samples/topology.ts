/**
 * The places of the invented world: one account, four VPCs, their interfaces and instances, and the
 * names of what is logged. Addresses are documentation or private ranges; nothing here exists.
 */
import { createHash } from 'node:crypto';

export const ACCOUNT_ID = '123456789012';
export const REGION = 'us-east-1';
export const ZONE = 'us-east-1a';
export const ZONE_ID = 'use1-az1';

/** Half open, as in the configuration. */
export const PERIOD = { start: '2026-11-02T00:00:00Z', end: '2026-11-04T00:00:00Z' } as const;

export type Vpc = {
  id: string;
  name: string;
  cidr: string;
  ipv6Cidr?: string;
  tags: Readonly<Record<string, string>>;
};

export const CDE = 'vpc-0123456789abcdef0';
export const REPORTING = 'vpc-0123456789abcdef1';
export const TOOLS = 'vpc-0123456789abcdef2';
export const LEGACY = 'vpc-0123456789abcdef3';

export const VPCS: readonly Vpc[] = [
  {
    id: CDE,
    name: 'cde',
    cidr: '10.0.0.0/16',
    ipv6Cidr: '2001:db8:a000::/56',
    tags: { Name: 'cde', pci: 'true' },
  },
  { id: REPORTING, name: 'reporting', cidr: '10.1.0.0/16', tags: { Name: 'reporting' } },
  { id: TOOLS, name: 'tools', cidr: '10.2.0.0/16', tags: { Name: 'tools' } },
  {
    id: LEGACY,
    name: 'cde-legacy',
    cidr: '10.3.0.0/16',
    tags: { Name: 'cde-legacy', pci: 'true' },
  },
];

export type Subnet = { id: string; vpcId: string; name: string; cidr: string; ipv6Cidr?: string };

export const SUBNETS: readonly Subnet[] = [
  {
    id: 'subnet-0a000000000000001',
    vpcId: CDE,
    name: 'public',
    cidr: '10.0.1.0/24',
    ipv6Cidr: '2001:db8:a000:1::/64',
  },
  {
    id: 'subnet-0a000000000000002',
    vpcId: CDE,
    name: 'app',
    cidr: '10.0.2.0/24',
    ipv6Cidr: '2001:db8:a000:2::/64',
  },
  {
    id: 'subnet-0a000000000000003',
    vpcId: CDE,
    name: 'data',
    cidr: '10.0.3.0/24',
    ipv6Cidr: '2001:db8:a000:3::/64',
  },
  { id: 'subnet-0b000000000000001', vpcId: REPORTING, name: 'reporting', cidr: '10.1.1.0/24' },
  { id: 'subnet-0c000000000000001', vpcId: TOOLS, name: 'tools', cidr: '10.2.1.0/24' },
  { id: 'subnet-0d000000000000001', vpcId: LEGACY, name: 'cde-legacy', cidr: '10.3.1.0/24' },
];

/** A network interface with what is attached to it. */
export type Interface = {
  id: string;
  address: string;
  subnetId: string;
  groupIds: readonly string[];
  ipv6Address?: string;
  publicAddress?: string;
  /** The EC2 instance on it; without one, an AWS service manages the interface. */
  instance?: { id: string; name: string; tier: string; profile?: string; launchedAt: string };
  service?: {
    interfaceType: string;
    description: string;
    requesterId: string;
    instanceOwnerId: string;
  };
  /** Half open; without it, the interface existed all the time. */
  existed?: { from?: string; until?: string };
};

const PUBLIC = 'subnet-0a000000000000001';
const APP = 'subnet-0a000000000000002';
const DATA = 'subnet-0a000000000000003';

export const GROUPS = {
  alb: 'sg-0a000000000000001',
  web: 'sg-0a000000000000002',
  app: 'sg-0a000000000000003',
  data: 'sg-0a000000000000004',
  bastion: 'sg-0a000000000000005',
  report: 'sg-0b000000000000001',
  tools: 'sg-0c000000000000001',
  jump: 'sg-0d000000000000001',
} as const;

/** An EC2 instance's interface; instance and interface share the digits of their ids. */
function instance(
  digits: string,
  name: string,
  tier: string,
  launchedAt: string,
  rest: Omit<Interface, 'id' | 'instance'> & { profile?: string },
): Interface {
  const { profile, ...place } = rest;
  return {
    id: `eni-${digits}`,
    ...place,
    instance: { id: `i-${digits}`, name, tier, launchedAt, ...(profile ? { profile } : {}) },
  };
}

const BUILT = '2026-09-14T08:20:31Z';

/** The time at which app-2 is replaced, and the time from which its successor sends and receives. */
export const REPLACED = { until: '2026-11-03T10:00:00Z', from: '2026-11-03T10:03:00Z' } as const;

/** Gives every item the same type, whatever it leaves out. */
function interfaces<Name extends string>(
  items: Readonly<Record<Name, Interface>>,
): Readonly<Record<Name, Interface>> {
  return items;
}

export const INTERFACES = interfaces({
  alb: {
    id: 'eni-0a000000000000110',
    address: '10.0.1.10',
    publicAddress: '203.0.113.210',
    subnetId: PUBLIC,
    groupIds: [GROUPS.alb],
    service: {
      interfaceType: 'interface',
      description: 'ELB app/shop-web/50dc6c495c0c9188',
      requesterId: 'amazon-elb',
      instanceOwnerId: 'amazon-elb',
    },
  },
  nat: {
    id: 'eni-0a000000000000120',
    address: '10.0.1.20',
    publicAddress: '203.0.113.211',
    subnetId: PUBLIC,
    groupIds: [],
    service: {
      interfaceType: 'nat_gateway',
      description: 'Interface for NAT Gateway nat-0a00000000000000a',
      requesterId: ACCOUNT_ID,
      instanceOwnerId: 'amazon-aws',
    },
  },
  web1: instance('0a000000000000111', 'web-1', 'web', BUILT, {
    address: '10.0.1.11',
    ipv6Address: '2001:db8:a000:1::11',
    publicAddress: '203.0.113.213',
    subnetId: PUBLIC,
    groupIds: [GROUPS.web],
    profile: 'shop-web',
  }),
  web2: instance('0a000000000000112', 'web-2', 'web', BUILT, {
    address: '10.0.1.12',
    ipv6Address: '2001:db8:a000:1::12',
    publicAddress: '203.0.113.214',
    subnetId: PUBLIC,
    groupIds: [GROUPS.web],
    profile: 'shop-web',
  }),
  bastion: instance('0a000000000000150', 'bastion-1', 'admin', BUILT, {
    address: '10.0.1.50',
    publicAddress: '203.0.113.212',
    subnetId: PUBLIC,
    groupIds: [GROUPS.bastion],
  }),
  app1: instance('0a000000000000211', 'app-1', 'app', BUILT, {
    address: '10.0.2.11',
    subnetId: APP,
    groupIds: [GROUPS.app],
    profile: 'shop-app',
  }),
  app2Old: instance('0a000000000000212', 'app-2', 'app', BUILT, {
    address: '10.0.2.12',
    subnetId: APP,
    groupIds: [GROUPS.app],
    profile: 'shop-app',
    existed: { until: REPLACED.until },
  }),
  app2New: instance('0a000000000000213', 'app-2', 'app', '2026-11-03T10:01:12Z', {
    address: '10.0.2.12',
    subnetId: APP,
    groupIds: [GROUPS.app],
    profile: 'shop-app',
    existed: { from: '2026-11-03T10:01:12Z' },
  }),
  data1: instance('0a000000000000311', 'data-1', 'data', BUILT, {
    address: '10.0.3.11',
    subnetId: DATA,
    groupIds: [GROUPS.data],
    profile: 'shop-data',
  }),
  rds: {
    id: 'eni-0a000000000000321',
    address: '10.0.3.21',
    subnetId: DATA,
    groupIds: [GROUPS.data],
    service: {
      interfaceType: 'interface',
      description: 'RDSNetworkInterface',
      requesterId: 'amazon-rds',
      instanceOwnerId: 'amazon-rds',
    },
  },
  report1: instance('0b000000000000111', 'report-1', 'reporting', BUILT, {
    address: '10.1.1.11',
    publicAddress: '203.0.113.216',
    subnetId: 'subnet-0b000000000000001',
    groupIds: [GROUPS.report],
    profile: 'reporting',
  }),
  report2: instance('0b000000000000112', 'report-2', 'reporting', BUILT, {
    address: '10.1.1.12',
    publicAddress: '203.0.113.217',
    subnetId: 'subnet-0b000000000000001',
    groupIds: [GROUPS.report],
    profile: 'reporting',
  }),
  tools1: instance('0c000000000000111', 'tools-1', 'tools', BUILT, {
    address: '10.2.1.11',
    publicAddress: '203.0.113.218',
    subnetId: 'subnet-0c000000000000001',
    groupIds: [GROUPS.tools],
    profile: 'build',
  }),
  jump1: instance('0d000000000000111', 'jump-1', 'admin', BUILT, {
    address: '10.3.1.11',
    subnetId: 'subnet-0d000000000000001',
    groupIds: [GROUPS.jump],
  }),
});

/** True if the interface existed at that time (ISO 8601, UTC). */
export function existedAt(item: Interface, time: string): boolean {
  const { from, until } = item.existed ?? {};
  return (from === undefined || from <= time) && (until === undefined || time < until);
}

/** When the inventory was saved, as in the names of its folders. */
export const SNAPSHOT_TIMES = [
  '2026-11-01T23:55:00Z',
  '2026-11-02T13:59:30Z',
  '2026-11-02T14:00:30Z',
  '2026-11-02T16:59:30Z',
  '2026-11-02T17:00:30Z',
  '2026-11-03T09:59:30Z',
  '2026-11-03T10:03:00Z',
  '2026-11-04T00:05:00Z',
] as const;

export const FLOW_LOGS = {
  cde: 'fl-0a00000000000000a',
  reporting: 'fl-0b00000000000000b',
  tools: 'fl-0c00000000000000c',
} as const;

/** Seconds since 1970 of an ISO 8601 time. */
export function seconds(time: string): number {
  return Date.parse(time) / 1000;
}

/** ISO 8601 without fractions, from seconds since 1970. */
export function isoTime(time: number): string {
  return new Date(time * 1000).toISOString().replace('.000Z', 'Z');
}

/** Path of a flow log object, below the samples folder, as AWS names it; `time` starts its window. */
export function flowLogPath(flowLogId: string, time: number, ending: 'log.gz' | 'log.parquet') {
  const stamp = isoTime(time).replace(/[-:]/g, '').slice(0, 13);
  const day = isoTime(time).slice(0, 10).replaceAll('-', '/');
  const hash = createHash('sha256').update(`${flowLogId} ${stamp}`).digest('hex').slice(0, 8);
  const folder = `logs/AWSLogs/${ACCOUNT_ID}/vpcflowlogs/${REGION}/${day}`;
  return `${folder}/${ACCOUNT_ID}_vpcflowlogs_${REGION}_${flowLogId}_${stamp}Z_${hash}.${ending}`;
}
