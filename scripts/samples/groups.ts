/** Security groups, their rules with the time that each was in force, and the prefix list. */
import { CDE, GROUPS, LEGACY, REPORTING, TOOLS } from './topology.ts';

export type Group = { id: string; name: string; description: string; vpcId: string };

export const SECURITY_GROUPS: readonly Group[] = [
  { id: GROUPS.alb, name: 'alb', description: 'Shop load balancer', vpcId: CDE },
  { id: GROUPS.web, name: 'web', description: 'Shop web servers', vpcId: CDE },
  { id: GROUPS.app, name: 'app', description: 'Shop application servers', vpcId: CDE },
  { id: GROUPS.data, name: 'data', description: 'Shop databases', vpcId: CDE },
  { id: GROUPS.bastion, name: 'bastion', description: 'Administrators enter here', vpcId: CDE },
  { id: GROUPS.report, name: 'report', description: 'Reporting servers', vpcId: REPORTING },
  { id: GROUPS.tools, name: 'tools', description: 'Build tools', vpcId: TOOLS },
  { id: GROUPS.jump, name: 'jump', description: 'Old jump host', vpcId: LEGACY },
];

export const PREFIX_LIST = {
  id: 'pl-0a000000000000001',
  name: 'office-networks',
  entries: [
    { cidr: '203.0.113.0/25', description: 'Office' },
    { cidr: '203.0.113.128/26', description: 'Office VPN' },
  ],
} as const;

export type Peer =
  | { kind: 'ipv4'; cidr: string }
  | { kind: 'ipv6'; cidr: string }
  | { kind: 'prefix_list'; id: string }
  | { kind: 'group'; id: string };

export type Rule = {
  id: string;
  groupId: string;
  isEgress: boolean;
  /** -1 for all protocols, whose ports are -1 too. */
  protocol: 'tcp' | '-1';
  port: number;
  peer: Peer;
  description?: string;
  /** Half open; without it, the rule was in force all the time. */
  inForce?: { from: string; until: string };
};

const ANY_V4: Peer = { kind: 'ipv4', cidr: '0.0.0.0/0' };
const ANY_V6: Peer = { kind: 'ipv6', cidr: '::/0' };
const group = (id: string): Peer => ({ kind: 'group', id });

/** Hours during which RDP was open to the world. */
export const RDP_OPEN = { from: '2026-11-02T14:00:00Z', until: '2026-11-02T17:00:00Z' } as const;

function inbound(id: string, groupId: string, port: number, peer: Peer, description: string): Rule {
  return { id, groupId, isEgress: false, protocol: 'tcp', port, peer, description };
}

/** The two rules that AWS gives every new group, here for every group but `data`. */
function allowAllEgress(groupId: string): Rule[] {
  const digits = groupId.slice('sg-'.length, -3);
  const number = groupId.slice(-1);
  const base = { groupId, isEgress: true, protocol: '-1', port: -1 } as const;
  return [
    { ...base, id: `sgr-${digits}e${number}4`, peer: ANY_V4 },
    { ...base, id: `sgr-${digits}e${number}6`, peer: ANY_V6 },
  ];
}

export const RULES: readonly Rule[] = [
  inbound('sgr-0a000000000000101', GROUPS.alb, 443, ANY_V4, 'Shop, HTTPS'),
  inbound('sgr-0a000000000000102', GROUPS.alb, 443, ANY_V6, 'Shop, HTTPS'),
  inbound('sgr-0a000000000000201', GROUPS.web, 443, group(GROUPS.alb), 'From the load balancer'),
  inbound('sgr-0a000000000000202', GROUPS.web, 22, group(GROUPS.bastion), 'Administration'),
  inbound('sgr-0a000000000000203', GROUPS.web, 443, ANY_V6, 'Shop over IPv6, direct'),
  inbound(
    'sgr-0a000000000000204',
    GROUPS.web,
    443,
    { kind: 'ipv4', cidr: '198.51.100.0/24' },
    'Partner network, direct',
  ),
  {
    ...inbound('sgr-0a000000000000205', GROUPS.web, 3389, ANY_V4, 'temporary'),
    inForce: RDP_OPEN,
  },
  {
    ...inbound('sgr-0a000000000000206', GROUPS.web, 3389, ANY_V6, 'temporary'),
    inForce: RDP_OPEN,
  },
  inbound('sgr-0a000000000000301', GROUPS.app, 8443, group(GROUPS.web), 'From the web servers'),
  inbound('sgr-0a000000000000302', GROUPS.app, 22, group(GROUPS.bastion), 'Administration'),
  inbound('sgr-0a000000000000401', GROUPS.data, 5432, group(GROUPS.app), 'PostgreSQL'),
  {
    id: 'sgr-0a000000000000402',
    groupId: GROUPS.data,
    isEgress: true,
    protocol: 'tcp',
    port: 443,
    peer: { kind: 'ipv4', cidr: '203.0.113.240/28' },
    description: 'Package mirror',
  },
  inbound(
    'sgr-0a000000000000501',
    GROUPS.bastion,
    22,
    { kind: 'prefix_list', id: PREFIX_LIST.id },
    'Office networks',
  ),
  inbound('sgr-0b000000000000101', GROUPS.report, 5432, group(GROUPS.report), 'Warehouse'),
  inbound(
    'sgr-0c000000000000101',
    GROUPS.tools,
    443,
    { kind: 'ipv4', cidr: '10.2.0.0/16' },
    'Build server',
  ),
  inbound(
    'sgr-0d000000000000101',
    GROUPS.jump,
    22,
    { kind: 'ipv4', cidr: '10.3.0.0/16' },
    'Administration',
  ),
  ...SECURITY_GROUPS.filter(({ id }) => id !== GROUPS.data).flatMap(({ id }) => allowAllEgress(id)),
];

/** The rules in force at a time (ISO 8601, UTC). */
export function rulesAt(time: string): Rule[] {
  return RULES.filter(
    ({ inForce }) => inForce === undefined || (inForce.from <= time && time < inForce.until),
  );
}
