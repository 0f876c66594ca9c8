/**
 * Inventory of a benchmark as the AWS CLI prints it: three snapshots. Between the first and the second
 * some interfaces change groups, and some rules, list entries and network ACLs change; the third is like
 * the second, so that the inventory covers the flows.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fieldsOf } from './generate.ts';
import { aclEntries, LIST_COUNT, listEntries, type Rule, rulesAt } from './inventory-rules.ts';
import {
  ACCOUNT_ID,
  addressOf,
  FLOW_LOGS,
  FORMATS,
  GROUP_COUNT,
  groupsOf,
  INTERFACE_COUNT,
  idOf,
  instanceOf,
  ipv6AddressOf,
  isNatGateway,
  REGION,
  SUBNET_COUNT,
  subnetCidr,
  subnetIpv6Cidr,
  subnetOf,
  VPC_CIDRS,
  VPC_GROUPS,
  vpcIpv6Cidr,
  vpcOf,
  vpcOfSubnet,
} from './topology.ts';

type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

const SNAPSHOTS = [
  { takenAt: '2026-11-02T00-00-00Z', isChanged: false },
  { takenAt: '2026-11-02T02-00-00Z', isChanged: true },
  { takenAt: '2026-11-02T06-00-00Z', isChanged: true },
] as const;

const CREATED = '2026-09-14T08:00:00+00:00';
const INTERFACES = Array.from({ length: INTERFACE_COUNT }, (_, own) => own);

/** Writes every snapshot below the folder: a folder of its time, a file a call. */
export function writeInventory(folder: string, seed: number): void {
  for (const { takenAt, isChanged } of SNAPSHOTS) {
    const target = join(folder, ACCOUNT_ID, REGION, takenAt);
    mkdirSync(target, { recursive: true });
    for (const [name, document] of snapshot(seed, isChanged)) {
      writeFileSync(join(target, name), `${JSON.stringify(document)}\n`);
    }
  }
}

function snapshot(seed: number, isChanged: boolean): ReadonlyMap<string, Json> {
  const rules = rulesAt(seed, isChanged);
  const lists = Array.from({ length: LIST_COUNT }, (_, list) => list);
  const subnets = Array.from({ length: SUBNET_COUNT }, (_, subnet) => subnet);
  const groups = Array.from({ length: GROUP_COUNT }, (_, group) => group);
  return new Map<string, Json>([
    ['describe-instances.json', { Reservations: INTERFACES.flatMap(reservation) }],
    [
      'describe-network-interfaces.json',
      { NetworkInterfaces: INTERFACES.map((own) => networkInterface(own, seed, isChanged)) },
    ],
    [
      'describe-security-groups.json',
      { SecurityGroups: groups.map((group) => securityGroup(group, rules)) },
    ],
    ['describe-security-group-rules.json', { SecurityGroupRules: rules.map(securityGroupRule) }],
    ['describe-subnets.json', { Subnets: subnets.map(subnetItem) }],
    ['describe-vpcs.json', { Vpcs: VPC_CIDRS.map((cidrs, vpc) => vpcItem(vpc, cidrs)) }],
    [
      'describe-network-acls.json',
      { NetworkAcls: subnets.map((subnet) => networkAcl(subnet, seed, isChanged)) },
    ],
    ['describe-flow-logs.json', { FlowLogs: FORMATS.map(flowLog) }],
    ['describe-managed-prefix-lists.json', { PrefixLists: lists.map(prefixList) }],
    ...lists.map((list): [string, Json] => [
      `get-managed-prefix-list-entries.${idOf('pl', list)}.json`,
      { Entries: listEntries(list, seed, isChanged).map((Cidr) => ({ Cidr, Description: '' })) },
    ]),
  ]);
}

/** Only one interface an instance, and so one instance a reservation. */
function reservation(own: number): Json[] {
  const instanceId = instanceOf(own);
  if (instanceId === undefined) return [];
  const instance = {
    InstanceId: instanceId,
    InstanceType: 'm7i.large',
    ImageId: 'ami-0a000000000000001',
    LaunchTime: CREATED,
    State: { Code: 16, Name: 'running' },
    IamInstanceProfile: { Arn: `arn:aws:iam::${ACCOUNT_ID}:instance-profile/role-${own % 30}` },
    PrivateIpAddress: addressOf(own),
    SubnetId: idOf('subnet', subnetOf(own)),
    VpcId: idOf('vpc', vpcOf(own)),
    MetadataOptions: { State: 'applied', HttpTokens: 'required', HttpEndpoint: 'enabled' },
    Tags: [
      { Key: 'Name', Value: `host-${own}` },
      { Key: 'pci', Value: own % 3 === 0 ? 'true' : 'false' },
    ],
  };
  return [
    { ReservationId: idOf('r', own), OwnerId: ACCOUNT_ID, Groups: [], Instances: [instance] },
  ];
}

/** Interfaces without an instance belong to NAT gateways and load balancers. */
function networkInterface(own: number, seed: number, isChanged: boolean): Json {
  const instanceId = instanceOf(own);
  const isNat = isNatGateway(own);
  const address = addressOf(own);
  const service = isNat
    ? { description: `Interface for NAT Gateway ${idOf('nat', own)}`, owner: ACCOUNT_ID }
    : { description: `ELB app/service-${own}/${idOf('lb', own).slice(-16)}`, owner: 'amazon-elb' };
  return {
    NetworkInterfaceId: idOf('eni', own),
    InterfaceType: isNat ? 'nat_gateway' : 'interface',
    Description: instanceId === undefined ? service.description : '',
    RequesterManaged: instanceId === undefined,
    ...(instanceId === undefined ? { RequesterId: service.owner } : {}),
    Attachment: {
      AttachmentId: idOf('eni-attach', own),
      Status: 'attached',
      InstanceOwnerId: instanceId === undefined ? service.owner : ACCOUNT_ID,
      ...(instanceId === undefined ? {} : { InstanceId: instanceId }),
    },
    Groups: groupsOf(own, seed, isChanged).map((group) => ({
      GroupId: idOf('sg', group),
      GroupName: `group-${group}`,
    })),
    PrivateIpAddress: address,
    PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: address }],
    Ipv6Addresses: [{ Ipv6Address: ipv6AddressOf(own) }],
    OwnerId: ACCOUNT_ID,
    SourceDestCheck: !isNat,
    Status: 'in-use',
    SubnetId: idOf('subnet', subnetOf(own)),
    VpcId: idOf('vpc', vpcOf(own)),
    TagSet: [],
  };
}

function peerOf({ peer }: Rule): { readonly [key: string]: Json } {
  switch (peer.kind) {
    case 'ipv4':
      return { CidrIpv4: peer.cidr };
    case 'ipv6':
      return { CidrIpv6: peer.cidr };
    case 'prefix_list':
      return { PrefixListId: idOf('pl', peer.list) };
    case 'group':
      return { ReferencedGroupInfo: { GroupId: idOf('sg', peer.group), UserId: ACCOUNT_ID } };
  }
}

function securityGroupRule(rule: Rule): Json {
  return {
    SecurityGroupRuleId: rule.id,
    GroupId: idOf('sg', rule.group),
    GroupOwnerId: ACCOUNT_ID,
    IsEgress: rule.isEgress,
    IpProtocol: rule.protocol,
    FromPort: rule.fromPort,
    ToPort: rule.toPort,
    ...peerOf(rule),
    Tags: [],
  };
}

function securityGroup(group: number, rules: readonly Rule[]): Json {
  const own = rules.filter((rule) => rule.group === group);
  const vpc = VPC_GROUPS.findIndex(({ first, count }) => group >= first && group < first + count);
  return {
    GroupId: idOf('sg', group),
    GroupName: `group-${group}`,
    Description: 'group of the benchmark',
    OwnerId: ACCOUNT_ID,
    VpcId: idOf('vpc', vpc),
    IpPermissions: own.filter(({ isEgress }) => !isEgress).map(permissionOf),
    IpPermissionsEgress: own.filter(({ isEgress }) => isEgress).map(permissionOf),
    Tags: [],
  };
}

function permissionOf({ protocol, fromPort, toPort, peer }: Rule): Json {
  return {
    IpProtocol: protocol,
    ...(protocol === '-1' ? {} : { FromPort: fromPort, ToPort: toPort }),
    IpRanges: peer.kind === 'ipv4' ? [{ CidrIp: peer.cidr }] : [],
    Ipv6Ranges: peer.kind === 'ipv6' ? [{ CidrIpv6: peer.cidr }] : [],
    PrefixListIds: peer.kind === 'prefix_list' ? [{ PrefixListId: idOf('pl', peer.list) }] : [],
    UserIdGroupPairs:
      peer.kind === 'group' ? [{ GroupId: idOf('sg', peer.group), UserId: ACCOUNT_ID }] : [],
  };
}

function subnetItem(subnet: number): Json {
  return {
    SubnetId: idOf('subnet', subnet),
    VpcId: idOf('vpc', vpcOfSubnet(subnet)),
    OwnerId: ACCOUNT_ID,
    CidrBlock: subnetCidr(subnet),
    Ipv6CidrBlockAssociationSet: [{ Ipv6CidrBlock: subnetIpv6Cidr(subnet) }],
    AvailabilityZone: `${REGION}${'abc'[subnet % 3]}`,
    MapPublicIpOnLaunch: false,
    Tags: [{ Key: 'Name', Value: `subnet-${subnet}` }],
  };
}

function vpcItem(vpc: number, cidrs: readonly string[]): Json {
  return {
    VpcId: idOf('vpc', vpc),
    OwnerId: ACCOUNT_ID,
    CidrBlock: cidrs[0] ?? '',
    CidrBlockAssociationSet: cidrs.map((CidrBlock) => ({ CidrBlock })),
    Ipv6CidrBlockAssociationSet: [{ Ipv6CidrBlock: vpcIpv6Cidr(vpc) }],
    IsDefault: false,
    Tags: [{ Key: 'Name', Value: `vpc-${vpc}` }],
  };
}

function networkAcl(subnet: number, seed: number, isChanged: boolean): Json {
  const entries = aclEntries(subnet, seed, isChanged).map(
    (entry): Json => ({
      RuleNumber: entry.ruleNumber,
      Egress: entry.isEgress,
      RuleAction: entry.isAllow ? 'allow' : 'deny',
      Protocol: entry.protocol,
      ...(entry.cidr.includes(':') ? { Ipv6CidrBlock: entry.cidr } : { CidrBlock: entry.cidr }),
      ...(entry.ports ? { PortRange: { From: entry.ports[0], To: entry.ports[1] } } : {}),
      ...(entry.icmpType === undefined ? {} : { IcmpTypeCode: { Type: entry.icmpType, Code: -1 } }),
    }),
  );
  return {
    NetworkAclId: idOf('acl', subnet),
    VpcId: idOf('vpc', vpcOfSubnet(subnet)),
    IsDefault: false,
    OwnerId: ACCOUNT_ID,
    Associations: [
      {
        NetworkAclAssociationId: idOf('aclassoc', subnet),
        NetworkAclId: idOf('acl', subnet),
        SubnetId: idOf('subnet', subnet),
      },
    ],
    Entries: entries,
    Tags: [],
  };
}

function flowLog(format: (typeof FORMATS)[number]): Json {
  const { flowLogId, vpc } = FLOW_LOGS[format];
  return {
    FlowLogId: flowLogId,
    FlowLogStatus: 'ACTIVE',
    CreationTime: CREATED,
    ResourceId: idOf('vpc', vpc),
    TrafficType: 'ALL',
    LogDestinationType: 's3',
    LogDestination: 'arn:aws:s3:::example-flow-logs',
    LogFormat: fieldsOf(format)
      .map((name) => `\${${name}}`)
      .join(' '),
    MaxAggregationInterval: 60,
    DeliverLogsStatus: 'SUCCESS',
    DestinationOptions: { FileFormat: 'plain-text' },
    Tags: [],
  };
}

function prefixList(list: number): Json {
  return {
    PrefixListId: idOf('pl', list),
    PrefixListName: `list-${list}`,
    AddressFamily: 'IPv4',
    OwnerId: ACCOUNT_ID,
    Version: 1,
    MaxEntries: 60,
    State: 'create-complete',
    Tags: [],
  };
}
