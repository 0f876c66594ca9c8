/**
 * A small network over some days, from a seed, and when each of its files arrives: hourly flow logs that
 * come late, twice, out of order or cut (and whole later), snapshots of the inventory with a rule that
 * comes and goes, and events of an IPS agent with lines that nobody can read.
 */
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DEFAULT_FORMAT } from '../../src/flow-log-fields.ts';

const HOUR = 3_600_000;

/** Monday; a past one on every clock. */
export const SOAK_START = Date.UTC(2025, 10, 3);

export type Delivery = {
  /** The hour, counted from the start, at whose end it is there. */
  hour: number;
  name: string;
  bytes: Uint8Array;
};

export type World = {
  deliveries: readonly Delivery[];
  /** Counts of what makes it hard: each must be there. */
  counts: { late: number; duplicate: number; cut: number; delayed: number };
};

/** Numbers between 0 and 1 from a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const ACCOUNT = '123456789012';
const VPC = 'vpc-0123456789abcdef0';
const INTERFACES = [
  { id: 'eni-0123456789abcdef0', address: '10.0.0.5', group: 'sg-0123456789abcdef0' },
  { id: 'eni-0123456789abcdef1', address: '10.0.0.6', group: 'sg-0123456789abcdef1' },
] as const;

/**
 * The deliveries of so many hours. Everything arrives within `maxDelay` hours of its end but one object of
 * every other day, which arrives the day after; that of the first day arrives when the hours are over.
 */
export function makeWorld(seed: number, hours: number, maxDelay: number): World {
  const random = randomFrom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const deliveries: Delivery[] = [];
  const counts = { late: 0, duplicate: 0, cut: 0, delayed: 0 };
  for (let hour = 0; hour < hours; hour += 1) {
    const name = flowLogName(hour);
    const bytes = gzipSync(flowLog(hour, below));
    const isLate = hour % 48 === 5;
    // Of the first hour something of each source is there: a source without any file is refused.
    const isDelayed = !isLate && hour > 0 && random() < 0.3;
    const delay = isDelayed ? 1 + below(maxDelay) : 0;
    const lateArrival = hour === 5 ? hours : Math.min(hour + 30, hours);
    const arrival = isLate ? lateArrival : Math.min(hour + delay, hours - 1);
    if (isLate) counts.late += 1;
    if (arrival > hour && !isLate) counts.delayed += 1;
    if (!isLate && hour % 7 === 3 && arrival + 1 < hours) {
      // Cut, and whole under the same name an hour later.
      deliveries.push({ hour: arrival, name, bytes: bytes.subarray(0, bytes.length - 40) });
      deliveries.push({ hour: arrival + 1, name, bytes });
      counts.cut += 1;
    } else {
      deliveries.push({ hour: arrival, name, bytes });
      if (hour % 5 === 2) {
        // Its name comes after that of the original, as its arrival does: which is the copy is certain.
        const copy = name.replace('.log.gz', '_copy.log.gz');
        const later = Math.max(arrival, Math.min(arrival + below(3), hours - 1));
        deliveries.push({ hour: later, name: copy, bytes });
        counts.duplicate += 1;
      }
    }
    if (hour % 4 === 0) {
      deliveries.push({
        hour: Math.min(hour + (hour === 0 ? 0 : below(2)), hours - 1),
        name: `ips/eve-${stamp(hour)}.json`,
        bytes: Buffer.from(events(hour)),
      });
    }
    if (hour % 6 === 0) {
      for (const [what, answer] of Object.entries(inventory(hour))) {
        deliveries.push({
          hour,
          name: `inventory/${stamp(hour)}/describe-${what}.json`,
          bytes: Buffer.from(JSON.stringify(answer)),
        });
      }
    }
  }
  return { deliveries, counts };
}

/** Writes what arrives in these hours below a folder, in its order, with the time of its arrival. */
export function deliver(folder: string, world: World, from: number, until: number): void {
  for (const { hour, name, bytes } of [...world.deliveries].sort((a, b) => a.hour - b.hour)) {
    if (hour < from || hour >= until) continue;
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    const arrived = (SOAK_START + (hour + 1) * HOUR) / 1000;
    utimesSync(path, arrived, arrived);
  }
}

/** `2025-11-03T05-00-00Z`: the start of an hour as file names have it. */
function stamp(hour: number): string {
  return new Date(SOAK_START + hour * HOUR)
    .toISOString()
    .slice(0, 19)
    .replaceAll(':', '-')
    .concat('Z');
}

function flowLogName(hour: number): string {
  const time = new Date(SOAK_START + hour * HOUR).toISOString();
  const day = time.slice(0, 10).replaceAll('-', '/');
  const name = `${time.slice(0, 10).replaceAll('-', '')}T${time.slice(11, 13)}00Z`;
  return `logs/AWSLogs/${ACCOUNT}/vpcflowlogs/us-east-1/${day}/${ACCOUNT}_vpcflowlogs_us-east-1_fl-0123456789abcdef0_${name}_00000000.log.gz`;
}

/** Records in no order of time, one line in twenty that nobody can read, and now and then NODATA. */
function flowLog(hour: number, below: (limit: number) => number): string {
  const lines = Array.from({ length: 12 }, (_, index) => {
    const own = INTERFACES[index % 2] ?? INTERFACES[0];
    const start = (SOAK_START + hour * HOUR) / 1000 + below(58) * 60;
    const times = `${start} ${start + 60}`;
    const opening = `2 ${ACCOUNT} ${own.id}`;
    if (below(20) === 0) return `${opening} broken ${hour} ${index}`;
    if (below(10) === 0) return `${opening} - - - - - - - ${times} - NODATA`;
    const peer = `198.51.100.${below(5)}`;
    const port = 40_000 + below(500);
    const service = [443, 22, 3389][below(3)];
    const isAccepted = below(4) > 0 ? 'ACCEPT' : 'REJECT';
    return `${opening} ${peer} ${own.address} ${port} ${service} 6 ${1 + below(9)} 840 ${times} ${isAccepted} OK`;
  });
  return `${[DEFAULT_FORMAT.join(' '), ...lines].join('\n')}\n`;
}

function events(hour: number): string {
  const time = new Date(SOAK_START + hour * HOUR + 1_800_000).toISOString();
  const event = {
    timestamp: `${time.slice(0, 23)}000+0000`,
    flow_id: 1_000_000 + hour,
    event_type: 'alert',
    src_ip: '198.51.100.1',
    src_port: 40_001,
    dest_ip: '10.0.0.5',
    dest_port: 443,
    proto: 'TCP',
    alert: { action: 'allowed', signature_id: 2_000_001, signature: 'TEST', severity: 2 },
  };
  const broken = hour % 3 === 0 ? '{"timestamp": "never"}\n' : '';
  return `${JSON.stringify(event)}\n${broken}`;
}

/** What the account has in an hour: the rule for SSH is there every other half day. */
function inventory(hour: number): Record<string, object> {
  const owner = { OwnerId: ACCOUNT, VpcId: VPC };
  const hasSsh = Math.floor(hour / 12) % 2 === 0;
  const rules = INTERFACES.flatMap(({ group }, index) => [
    rule(group, `sgr-0123456789abcde${index}0`, false, 443),
    rule(group, `sgr-0123456789abcde${index}1`, true, 443),
    ...(index === 0 && hasSsh ? [rule(group, 'sgr-0123456789abcde02', false, 22)] : []),
  ]);
  return {
    vpcs: { Vpcs: [{ ...owner, CidrBlock: '10.0.0.0/16', State: 'available' }] },
    subnets: {
      Subnets: [{ ...owner, SubnetId: 'subnet-0123456789abcdef0', CidrBlock: '10.0.0.0/24' }],
    },
    'security-groups': {
      SecurityGroups: INTERFACES.map(({ group }) => ({
        ...owner,
        GroupId: group,
        GroupName: group,
      })),
    },
    'security-group-rules': { SecurityGroupRules: rules },
    'network-interfaces': {
      NetworkInterfaces: INTERFACES.map(({ id, address, group }) => ({
        ...owner,
        NetworkInterfaceId: id,
        SubnetId: 'subnet-0123456789abcdef0',
        PrivateIpAddress: address,
        PrivateIpAddresses: [{ PrivateIpAddress: address, Primary: true }],
        Groups: [{ GroupId: group, GroupName: group }],
        InterfaceType: 'interface',
        Status: 'in-use',
        TagSet: [],
      })),
    },
  };
}

function rule(group: string, id: string, isEgress: boolean, port: number): object {
  return {
    SecurityGroupRuleId: id,
    GroupId: group,
    GroupOwnerId: ACCOUNT,
    IsEgress: isEgress,
    IpProtocol: 'tcp',
    FromPort: port,
    ToPort: port,
    CidrIpv4: '0.0.0.0/0',
  };
}

/** The configuration of the soak: packs by day, and of PCI DSS by week where `isWhole`. */
export function writeSoakConfig(folder: string, waitHours: number, isWhole: boolean): string {
  const path = join(folder, 'flowproof.yaml');
  writeFileSync(
    path,
    `lake: lake
output: evidence
sources:
  flow_logs: [{ files: ["logs/**/*.gz"] }]
  ips_events: [{ files: ["ips/**/*.json"] }]
  inventory: [{ files: ["inventory/**/*.json"] }]
scope: [{ name: cde, match: { vpc: [${VPC}] } }]
schedule:
  since: 2025-11-03
  packs:
    - { pack: soc2, every: day }
${isWhole ? '    - { pack: pci-dss-4.0.1, every: week }\n' : ''}  wait_hours: ${waitHours}
allowance: { rejected_lines: 100000, damaged_objects: 1000 }
`,
  );
  return path;
}
