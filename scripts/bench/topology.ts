/**
 * The network that flow logs, inventory and events of a benchmark are about: 600 interfaces in two VPCs,
 * each VPC with a flow log of its own, so that no flow is recorded by both.
 */
import { createRandom } from '../samples/random.ts';

export const FORMATS = ['v2', 'v5'] as const;
export type BenchFormat = (typeof FORMATS)[number];

export const ACCOUNT_ID = '123456789012';
export const REGION = 'us-east-1';

/** Start of the first object, and how much time each covers. */
export const FIRST_START = Date.parse('2026-11-02T00:00:00Z') / 1000;
export const OBJECT_SECONDS = 300;
/** Objects of each flow log: a little more than four hours. */
export const OBJECT_COUNT = 50;

/** What each flow log records: all interfaces of a VPC. VPCs and subnets are counted like interfaces. */
export const FLOW_LOGS = {
  v2: { flowLogId: 'fl-00000000000000002', vpc: 0, firstInterface: 0, interfaceCount: 256 },
  v5: { flowLogId: 'fl-00000000000000005', vpc: 1, firstInterface: 256, interfaceCount: 344 },
} as const satisfies Record<BenchFormat, object>;

export const INTERFACE_COUNT = 600;
const SUBNET_SIZE = 64;
export const SUBNET_COUNT = Math.ceil(INTERFACE_COUNT / SUBNET_SIZE);

/** Address blocks of each VPC: an interface lies in the block of its 128. */
export const VPC_CIDRS = [
  ['10.0.0.0/16', '10.1.0.0/16'],
  ['10.2.0.0/16', '10.3.0.0/16', '10.4.0.0/16'],
] as const;

/** An id of AWS's length, the same for the same thing. */
export function idOf(prefix: string, value: number): string {
  return `${prefix}-${(0x10_0000_0000 + value).toString(16).padStart(17, '0')}`;
}

export const subnetOf = (own: number): number => Math.floor(own / SUBNET_SIZE);
export const vpcOf = (own: number): number => (own < FLOW_LOGS.v5.firstInterface ? 0 : 1);
export const vpcOfSubnet = (subnet: number): number => vpcOf(subnet * SUBNET_SIZE);
export const subnetCidr = (subnet: number): string => `10.${subnet >> 1}.${(subnet & 1) * 8}.0/21`;
export const subnetIpv6Cidr = (subnet: number): string => `${ipv6Network(subnet)}::/64`;
export const vpcIpv6Cidr = (vpc: number): string =>
  `2001:db8:0:${((vpc + 1) << 8).toString(16)}::/56`;

function ipv6Network(subnet: number): string {
  return `2001:db8:0:${(((vpcOfSubnet(subnet) + 1) << 8) | subnet).toString(16)}`;
}

export function addressOf(own: number): string {
  return `10.${own >> 7}.${(own >> 3) & 15}.${10 + (own & 7) * 20}`;
}

export function ipv6AddressOf(own: number): string {
  return `${ipv6Network(subnetOf(own))}::${(own + 16).toString(16)}`;
}

/** The instance of an interface; a fifth of them belong to services of AWS instead. */
export function instanceOf(own: number): string | undefined {
  return own % 5 === 0 ? undefined : idOf('i', own * 7);
}

/** NAT gateways have no security group. */
export const isNatGateway = (own: number): boolean => own % 40 === 15;

export const GROUP_COUNT = 200;

/** Groups of each VPC; the first of them permit the ordinary traffic, and each interface has one. */
export const VPC_GROUPS = [
  { first: 0, count: 85, baseCount: 8 },
  { first: 85, count: 115, baseCount: 12 },
] as const;

/** Groups of an interface, 1 to 4: before and after the change between the first two snapshots. */
export function groupsOf(own: number, seed: number, isChanged: boolean): number[] {
  if (isNatGateway(own)) return [];
  const random = createRandom(seedOf(seed, 1, own));
  const { first, count, baseCount } = VPC_GROUPS[vpcOf(own) as 0 | 1];
  const special = (): number => first + random.between(baseCount, count - 1);
  const base = first + random.between(0, baseCount - 1);
  const groups = [base, ...Array.from({ length: random.between(0, 3) }, special)];
  // One in seventeen gets another last group, or a second one.
  if (isChanged && own % 17 === 3) groups.splice(Math.max(1, groups.length - 1), 1, special());
  return [...new Set(groups)];
}

/** A seed made of several numbers, so that neighbours have nothing in common. */
export function seedOf(...parts: readonly number[]): number {
  let mixed = 0x9e37_79b9;
  for (const part of parts) {
    mixed = Math.imul(mixed ^ part, 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    mixed ^= mixed >>> 16;
  }
  return mixed >>> 0;
}
