/**
 * The rules of a benchmark's security groups, prefix lists and network ACLs: 2,000 rules in 200 groups,
 * before and after a change. Most ordinary traffic is permitted by a rule of the groups that every
 * interface has one of; the others permit a bit of everything, as groups do that grew over years.
 */
import { createRandom, type Random } from '../samples/random.ts';
import { GROUP_COUNT, idOf, seedOf, VPC_GROUPS } from './topology.ts';

export type Peer =
  | { kind: 'ipv4' | 'ipv6'; cidr: string }
  | { kind: 'group'; group: number }
  | { kind: 'prefix_list'; list: number };

export type Rule = {
  id: string;
  group: number;
  isEgress: boolean;
  protocol: string;
  fromPort: number;
  toPort: number;
  peer: Peer;
};

export const RULE_COUNT = 2_000;
const GROUP_RULES = RULE_COUNT / GROUP_COUNT;
export const LIST_COUNT = 10;

const PORTS = [443, 80, 22, 3306, 5432, 6379, 8080, 9092, 25, 3389, 53, 123] as const;
type Range = readonly [from: number, to: number];
const RANGES: readonly [Range, ...Range[]] = [
  [1, 1023],
  [1024, 65_535],
  [8000, 8999],
  [3000, 9999],
  [49_152, 65_535],
  [20, 25],
];
/** What administrators write again and again. */
const COMMON_CIDRS = [
  ...['0.0.0.0/0', '10.0.0.0/8', '10.0.0.0/14', '10.0.0.0/16', '10.1.0.0/16', '10.2.0.0/16'],
  ...['10.3.0.0/16', '10.4.0.0/16', '10.0.16.0/20', '10.1.16.0/20', '10.2.16.0/20'],
  ...['198.51.0.0/16', '203.0.0.0/16', '198.51.100.0/24', '203.0.113.0/24'],
] as const;
const LENGTHS = [17, 18, 19, 20, 21, 22, 23, 24, 24, 24, 25, 26, 27, 28, 29, 30, 32, 32] as const;
const IPV6_CIDRS = ['::/0', '2001:db8::/32', '2001:db8:0:100::/56', '2001:db8:0:200::/56'] as const;

type Permission = Pick<Rule, 'isEgress' | 'protocol' | 'fromPort' | 'toPort' | 'peer'>;

/** The rules of all groups; one in fifty is replaced by another with the change. */
export function rulesAt(seed: number, isChanged: boolean): Rule[] {
  return Array.from({ length: RULE_COUNT }, (_, number): Rule => {
    const group = Math.floor(number / GROUP_RULES);
    const isReplaced = isChanged && number % 50 === 7;
    const salt = isReplaced ? RULE_COUNT + number : number;
    const permission =
      basePermission(group, number % GROUP_RULES) ??
      anyPermission(createRandom(seedOf(seed, 5, salt)));
    return { id: idOf('sgr', salt), group, ...permission };
  });
}

/** What the first groups of a VPC permit; one in five of them lets out only what is encrypted. */
function basePermission(group: number, position: number): Permission | undefined {
  const isBase = VPC_GROUPS.some(
    ({ first, baseCount }) => group >= first && group < first + baseCount,
  );
  if (!isBase) return undefined;
  const isNarrow = group % 5 === 2;
  const all: readonly [string, number, number] = isNarrow ? ['tcp', 443, 443] : ['-1', -1, -1];
  const permissions: Permission[] = [
    permission(true, ...all, '0.0.0.0/0'),
    permission(true, ...all, '::/0'),
    permission(false, 'tcp', 443, 443, '0.0.0.0/0'),
    permission(false, 'tcp', 443, 443, '::/0'),
    permission(false, 'tcp', 80, 80, '0.0.0.0/0'),
    permission(false, 'tcp', 1, 1023, '10.0.0.0/8'),
    permission(false, 'tcp', 3306, 9999, '10.0.0.0/8'),
    permission(false, 'udp', 0, 65_535, '10.0.0.0/8'),
    permission(false, 'icmp', -1, -1, '10.0.0.0/8'),
    permission(false, '-1', -1, -1, '2001:db8::/32'),
  ];
  return permissions[position];
}

function permission(
  isEgress: boolean,
  protocol: string,
  fromPort: number,
  toPort: number,
  cidr: string,
): Permission {
  const kind = cidr.includes(':') ? 'ipv6' : 'ipv4';
  return { isEgress, protocol, fromPort, toPort, peer: { kind, cidr } };
}

function anyPermission(random: Random): Permission {
  return { isEgress: random.chance(0.25), ...protocolAndPorts(random), peer: anyPeer(random) };
}

function protocolAndPorts(random: Random): Pick<Rule, 'protocol' | 'fromPort' | 'toPort'> {
  const kind = random.fraction();
  if (kind < 0.07) return { protocol: '-1', fromPort: -1, toPort: -1 };
  if (kind < 0.08) return { protocol: '50', fromPort: -1, toPort: -1 };
  if (kind < 0.14) {
    // Type 8 is echo; flow logs do not record the type.
    return { protocol: 'icmp', fromPort: random.pick([-1, 8, 3]), toPort: -1 };
  }
  const protocol = random.chance(0.85) ? 'tcp' : 'udp';
  const width = random.fraction();
  if (width < 0.15) return { protocol, fromPort: 0, toPort: 65_535 };
  if (width < 0.4) {
    const [fromPort, toPort] = random.pick(RANGES);
    return { protocol, fromPort, toPort };
  }
  const port = width < 0.85 ? random.pick(PORTS) : random.between(1, 65_535);
  return { protocol, fromPort: port, toPort: port };
}

/** With the groups that have no references, one in five of all rules refers to a group. */
function anyPeer(random: Random): Peer {
  const kind = random.fraction();
  if (kind < 0.22) return { kind: 'group', group: random.between(0, GROUP_COUNT - 1) };
  if (kind < 0.275) return { kind: 'prefix_list', list: random.between(0, LIST_COUNT - 1) };
  if (kind < 0.35) return { kind: 'ipv6', cidr: anyIpv6Cidr(random) };
  return { kind: 'ipv4', cidr: random.chance(0.5) ? random.pick(COMMON_CIDRS) : anyCidr(random) };
}

function anyIpv6Cidr(random: Random): string {
  if (random.chance(0.6)) return random.pick(IPV6_CIDRS);
  const network = (0x1000 + random.between(0, 255)).toString(16);
  return random.chance(0.5) ? `2001:db8:${network}::/48` : `2001:db8:${network}:20::/64`;
}

/** A block of any length around an address of the traffic. */
function anyCidr(random: Random): string {
  const bits = random.pick(LENGTHS);
  const [first, second] = random.pick<readonly [number, number]>([
    [10, random.between(0, 4)],
    [198, 51],
    [203, 0],
  ]);
  const third = first === 10 ? random.between(0, 31) : random.between(0, 255);
  const address = ((first << 24) | (second << 16) | (third << 8) | random.between(0, 255)) >>> 0;
  const network = (address & (0xffff_ffff << (32 - bits))) >>> 0;
  const octets = [24, 16, 8, 0].map((shift) => (network >>> shift) & 255);
  return `${octets.join('.')}/${bits}`;
}

/** Entries of a prefix list; with the change one goes and another comes. */
export function listEntries(list: number, seed: number, isChanged: boolean): string[] {
  const random = createRandom(seedOf(seed, 6, list));
  const entries = [
    ...new Set(Array.from({ length: random.between(6, 40) }, () => anyCidr(random))),
  ];
  return isChanged ? entries.slice(1) : entries.slice(0, -1);
}

/** An entry of a network ACL as the API has it, less what does not differ. */
export type AclEntry = {
  ruleNumber: number;
  isEgress: boolean;
  isAllow: boolean;
  protocol: string;
  cidr: string;
  ports?: readonly [number, number];
  icmpType?: number;
};

/** Entries of the network ACL of a subnet: some networks and ports denied, the rest allowed. */
export function aclEntries(subnet: number, seed: number, isChanged: boolean): AclEntry[] {
  const random = createRandom(seedOf(seed, 8, subnet));
  const denied = Array.from({ length: random.between(4, 10) }, () => anyCidr(random));
  // The newest entry of every other subnet came with the change.
  if (!isChanged && subnet % 2 === 0) denied.pop();
  const open = { isAllow: true, protocol: '-1' } as const;
  const entries: AclEntry[] = [
    ...denied.map((cidr, position) => ({
      ruleNumber: 10 + position,
      isEgress: false,
      isAllow: false,
      protocol: '-1',
      cidr,
    })),
    ...[22, 3389].map((port, position) => ({
      ruleNumber: 50 + position,
      isEgress: false,
      isAllow: false,
      protocol: '6',
      cidr: '203.0.0.0/16',
      ports: [port, port] as const,
    })),
    {
      ruleNumber: 60,
      isEgress: false,
      isAllow: false,
      protocol: '1',
      cidr: '0.0.0.0/0',
      icmpType: 8,
    },
  ];
  for (const isEgress of [false, true]) {
    entries.push({ ruleNumber: 100, isEgress, ...open, cidr: '0.0.0.0/0' });
    entries.push({ ruleNumber: 101, isEgress, ...open, cidr: '::/0' });
    entries.push({ ruleNumber: 32_767, isEgress, ...open, isAllow: false, cidr: '0.0.0.0/0' });
    entries.push({ ruleNumber: 32_768, isEgress, ...open, isAllow: false, cidr: '::/0' });
  }
  return entries;
}
