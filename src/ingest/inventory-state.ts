/**
 * What makes the state of a resource: the values that a report could say and that every source of
 * inventory tells alike, so that an API answer and an item of AWS Config that say the same are one
 * state. All else stands in the configuration and begins no new state.
 */
import { createHash } from 'node:crypto';
import { canonicalAddress } from '../address.ts';
import { canonicalJson, isObject, type Json, type JsonObject } from './json.ts';

export type ResourceType =
  | 'instance'
  | 'network_interface'
  | 'security_group'
  | 'security_group_rule'
  | 'subnet'
  | 'vpc'
  | 'network_acl'
  | 'flow_log'
  | 'prefix_list'
  | 'prefix_list_entry'
  | 'transit_gateway'
  | 'transit_gateway_attachment';

/**
 * Paths to the values of a state, through lists. The permissions of a group are rules with states of
 * their own, and no part of the group's.
 */
const STATE_PATHS: Readonly<Partial<Record<ResourceType, readonly string[]>>> = {
  instance: [
    ...['InstanceId', 'InstanceType', 'ImageId', 'LaunchTime', 'State.Name', 'Platform', 'Tags'],
    ...['SubnetId', 'VpcId', 'PrivateIpAddress', 'PublicIpAddress', 'SourceDestCheck'],
    ...['IamInstanceProfile.Arn', 'SecurityGroups.GroupId', 'MetadataOptions.HttpTokens'],
  ],
  network_interface: [
    ...['NetworkInterfaceId', 'InterfaceType', 'Description', 'RequesterId', 'RequesterManaged'],
    ...['SubnetId', 'VpcId', 'SourceDestCheck', 'Groups.GroupId', 'TagSet', 'OwnerId'],
    ...['Attachment.InstanceId', 'Attachment.InstanceOwnerId', 'Association.PublicIp'],
    ...['PrivateIpAddress', 'PrivateIpAddresses.PrivateIpAddress', 'PrivateIpAddresses.Primary'],
    ...['PrivateIpAddresses.Association.PublicIp', 'Ipv6Addresses.Ipv6Address'],
    ...['Ipv4Prefixes.Ipv4Prefix', 'Ipv6Prefixes.Ipv6Prefix'],
  ],
  security_group: ['GroupId', 'GroupName', 'Description', 'VpcId', 'OwnerId', 'Tags'],
  security_group_rule: [
    ...['GroupId', 'IsEgress', 'IpProtocol', 'FromPort', 'ToPort', 'CidrIpv4', 'CidrIpv6'],
    ...['PrefixListId', 'ReferencedGroupInfo.GroupId', 'ReferencedGroupInfo.UserId'],
    ...['Description', 'Tags'],
  ],
  subnet: [
    ...['SubnetId', 'VpcId', 'CidrBlock', 'Ipv6CidrBlockAssociationSet.Ipv6CidrBlock', 'OwnerId'],
    ...['AvailabilityZone', 'MapPublicIpOnLaunch', 'Tags'],
  ],
  vpc: [
    ...['VpcId', 'CidrBlock', 'CidrBlockAssociationSet.CidrBlock', 'OwnerId', 'IsDefault', 'Tags'],
    'Ipv6CidrBlockAssociationSet.Ipv6CidrBlock',
  ],
  network_acl: [
    ...['NetworkAclId', 'VpcId', 'IsDefault', 'OwnerId', 'Associations.SubnetId', 'Tags'],
    ...['Entries.RuleNumber', 'Entries.Egress', 'Entries.RuleAction', 'Entries.Protocol'],
    ...['Entries.CidrBlock', 'Entries.Ipv6CidrBlock', 'Entries.PortRange', 'Entries.IcmpTypeCode'],
  ],
  flow_log: [
    ...['FlowLogId', 'FlowLogStatus', 'CreationTime', 'ResourceId', 'TrafficType', 'LogFormat'],
    ...['LogDestinationType', 'LogDestination', 'LogGroupName', 'MaxAggregationInterval', 'Tags'],
    ...['DestinationOptions', 'DeliverLogsStatus', 'DeliverLogsErrorMessage'],
  ],
  prefix_list: ['PrefixListId', 'PrefixListName', 'AddressFamily', 'Version', 'OwnerId', 'Tags'],
  prefix_list_entry: ['PrefixListId', 'Cidr'],
};

/** Values that change without anything having changed that a report could say. */
const VOLATILE_KEYS: ReadonlySet<string> = new Set([
  'UsageOperationUpdateTime',
  'AvailableIpAddressCount',
  'Status',
  'StateTransitionReason',
]);

/** Hash of the state that a configuration describes. */
export function stateSha256(type: ResourceType, configuration: JsonObject): string {
  const paths = STATE_PATHS[type];
  if (!paths) return sha256(canonicalJson(configuration, VOLATILE_KEYS));
  return sha256(canonicalJson(plainState(selectPaths(configuration, paths)) ?? null));
}

/**
 * Hash of a list as an API gave it, whatever its order: two snapshots with equal hashes describe the
 * same states, and the second need not be kept again.
 */
export function contentSha256(items: readonly Json[]): string {
  const hashes = items.map((item) => sha256(canonicalJson(item, VOLATILE_KEYS)));
  return sha256(hashes.sort().join('\n'));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

type PathTree = Map<string, PathTree>;

const trees = new WeakMap<readonly string[], PathTree>();

function treeOf(paths: readonly string[]): PathTree {
  const known = trees.get(paths);
  if (known) return known;
  const tree: PathTree = new Map();
  for (const path of paths) {
    let level = tree;
    for (const key of path.split('.')) {
      const next: PathTree = level.get(key) ?? new Map();
      level.set(key, next);
      level = next;
    }
  }
  trees.set(paths, tree);
  return tree;
}

/** What stands at the paths; all of what a path ends at. */
function selectPaths(value: JsonObject, paths: readonly string[]): Json {
  const select = (current: Json, tree: PathTree): Json => {
    if (tree.size === 0) return current;
    if (Array.isArray(current)) return current.map((item) => select(item, tree));
    if (!isObject(current)) return current;
    return Object.fromEntries(
      [...tree]
        .filter(([key]) => current[key] !== undefined)
        .map(([key, below]) => [key, select(current[key] ?? null, below)]),
    );
  };
  return select(value, treeOf(paths));
}

/**
 * The value without what says nothing, in one spelling: one source leaves out what another gives as
 * null, false or an empty list, numbers may be texts, and times have several spellings.
 */
function plainState(value: Json): Json | undefined {
  if (value === null || value === false || value === '') return undefined;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return plainText(value);
  if (value === true) return value;
  if (Array.isArray(value)) {
    const items = value.map(plainState).filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  const members = Object.entries(value)
    .map(([key, member]) => [key, plainState(member)] as const)
    .filter((member): member is readonly [string, Json] => member[1] !== undefined);
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})$/;

function plainText(text: string): string {
  if (!TIME.test(text)) return text;
  const time = new Date(text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
  return Number.isNaN(time.getTime()) ? text : time.toISOString();
}

const ADDRESS_KEYS: ReadonlySet<string> = new Set(['Ipv6Address', 'PrivateIpAddress', 'PublicIp']);

/** The same configuration with every address in its canonical spelling. */
export function withCanonicalAddresses(value: JsonObject): JsonObject {
  const visit = (current: Json, key: string): Json => {
    if (Array.isArray(current)) return current.map((item) => visit(item, key));
    if (isObject(current)) {
      return Object.fromEntries(
        Object.entries(current).map(([name, item]) => [name, visit(item, name)]),
      );
    }
    return ADDRESS_KEYS.has(key) && typeof current === 'string'
      ? (canonicalAddress(current) ?? current)
      : current;
  };
  return visit(value, '') as JsonObject;
}

/** What is nested deeper, as nothing of AWS is, could exhaust the stack. */
export const MAX_DEPTH = 100;

export function isShallow(value: Json, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth < MAX_DEPTH && Object.values(value).every((member) => isShallow(member, depth + 1));
}
