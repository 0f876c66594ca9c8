/**
 * Configuration items of AWS Config, as the EC2 API would describe the same resource: "Components of a
 * Configuration Item", AWS Config Developer Guide, and the schemas of its resource types.
 *
 * Items of files and notifications name account, ARN and version differently, `configuration` is an
 * object or a text that holds one, keys open in lower case, and tags are a map.
 */

import type { ResourceType } from '../inventory-state.ts';
import { isObject, type Json, type JsonObject, objectsOf, textOf } from '../json.ts';
import { readTime } from './inventory-place.ts';
import { shown } from './payload-keys.ts';

const RESOURCE_TYPES: ReadonlyMap<string, ResourceType> = new Map([
  ['AWS::EC2::Instance', 'instance'],
  ['AWS::EC2::NetworkInterface', 'network_interface'],
  ['AWS::EC2::SecurityGroup', 'security_group'],
  ['AWS::EC2::Subnet', 'subnet'],
  ['AWS::EC2::VPC', 'vpc'],
  ['AWS::EC2::NetworkAcl', 'network_acl'],
  ['AWS::EC2::FlowLog', 'flow_log'],
  ['AWS::EC2::PrefixList', 'prefix_list'],
]);

/** True for a resource type of AWS Config that is read. */
export function isReadType(configType: string): boolean {
  return RESOURCE_TYPES.has(configType);
}

export type ItemStatus = 'ok' | 'discovered' | 'deleted' | 'not_recorded';

/** ConfigurationItemStatus, AWS Config API Reference. */
const STATUSES: ReadonlyMap<string, ItemStatus> = new Map([
  ['OK', 'ok'],
  ['ResourceDiscovered', 'discovered'],
  ['ResourceDeleted', 'deleted'],
  ['ResourceDeletedNotRecorded', 'deleted'],
  ['ResourceNotRecorded', 'not_recorded'],
]);

export type ConfigItem = {
  resourceType: ResourceType;
  resourceId: string;
  accountId?: string;
  region?: string;
  capturedAt: Date;
  status: ItemStatus;
  /** True if the capture is that of a change, and not of a round that runs once a day or has ended. */
  isRecorded: boolean;
  /** As the EC2 API describes it; undefined where the resource is gone. */
  configuration?: JsonObject;
};

/** An item; `other` for a resource type that is not read; or why it cannot be read. */
export type ReadItem =
  | { kind: 'item'; item: ConfigItem }
  | { kind: 'other' }
  | { kind: 'bad'; reason: string; resourceType?: ResourceType };

export function readConfigItem(value: JsonObject): ReadItem {
  const configType = textOf(value.resourceType);
  if (configType === undefined) return bad('configuration item has no resourceType');
  const resourceType = RESOURCE_TYPES.get(configType);
  if (!resourceType) return { kind: 'other' };
  const resourceId = textOf(value.resourceId);
  if (resourceId === undefined) return bad(`${configType} item has no resourceId`, resourceType);
  const what = `${configType} ${resourceId}`;
  const capturedAt = readTime(value.configurationItemCaptureTime ?? null);
  if (!capturedAt) {
    const found = shown(value.configurationItemCaptureTime);
    return bad(`${what}: configurationItemCaptureTime is no time (${found})`, resourceType);
  }
  const statusText = textOf(value.configurationItemStatus) ?? 'none';
  const status = STATUSES.get(statusText);
  if (!status) {
    return bad(`${what}: configurationItemStatus "${statusText}" is not known`, resourceType);
  }
  const accountId = textOf(value.awsAccountId ?? value.accountId);
  const region = textOf(value.awsRegion);
  const item: ConfigItem = {
    resourceType,
    resourceId,
    ...(accountId ? { accountId } : {}),
    ...(region ? { region } : {}),
    capturedAt,
    status,
    isRecorded: !isDaily(value) && statusText !== 'ResourceDeletedNotRecorded',
  };
  if (status === 'deleted' || status === 'not_recorded') return { kind: 'item', item };
  const configuration = configurationOf(value, resourceType);
  if (!configuration) return bad(`${what}: its configuration is no JSON object`, resourceType);
  return { kind: 'item', item: { ...item, configuration } };
}

/** Only items of daily rounds state when they were delivered: "ConfigurationItem", API Reference. */
function isDaily({ recordingFrequency, configurationItemDeliveryTime }: JsonObject): boolean {
  const frequency = textOf(recordingFrequency);
  return frequency === undefined
    ? (configurationItemDeliveryTime ?? null) !== null
    : frequency === 'DAILY';
}

function bad(reason: string, resourceType?: ResourceType): ReadItem {
  return { kind: 'bad', reason, ...(resourceType ? { resourceType } : {}) };
}

function configurationOf(value: JsonObject, resourceType: ResourceType): JsonObject | undefined {
  const stated = objectOf(value.configuration);
  if (!stated) return undefined;
  const configuration = withCapitals(stated) as JsonObject;
  const tagsKey = resourceType === 'network_interface' ? 'TagSet' : 'Tags';
  const tags = tagsOf(value.tags);
  if (tags.length > 0) configuration[tagsKey] = tags;
  for (const key of ['IpPermissions', 'IpPermissionsEgress']) {
    if (Array.isArray(configuration[key])) configuration[key] = permissionsOf(configuration[key]);
  }
  const supplement = objectOf(value.supplementaryConfiguration);
  if (supplement && Object.keys(supplement).length > 0) {
    configuration.SupplementaryConfiguration = supplement;
  }
  const relationships = objectsOf(value.relationships);
  if (relationships.length > 0) configuration.Relationships = relationships;
  if (resourceType === 'network_interface' && configuration.Groups === undefined) {
    configuration.Groups = relationships
      .filter((one) => one.resourceType === 'AWS::EC2::SecurityGroup')
      .map((one) => ({ GroupId: one.resourceId ?? null }));
  }
  if (resourceType === 'vpc' && objectsOf(configuration.CidrBlockAssociationSet).length === 0) {
    // Items from before a VPC could have several ranges name the one only.
    const cidr = configuration.CidrBlock ?? null;
    configuration.CidrBlockAssociationSet = cidr === null ? [] : [{ CidrBlock: cidr }];
  }
  return configuration;
}

function objectOf(value: Json | undefined): JsonObject | undefined {
  if (isObject(value)) return value;
  if (typeof value !== 'string') return undefined;
  try {
    const parsed = JSON.parse(value) as Json;
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** `networkInterfaceId` as `NetworkInterfaceId`, at every depth. */
function withCapitals(value: Json): Json {
  if (Array.isArray(value)) return value.map(withCapitals);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key.charAt(0).toUpperCase() + key.slice(1),
      withCapitals(member),
    ]),
  );
}

function tagsOf(tags: Json | undefined): JsonObject[] {
  if (isObject(tags)) return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  return objectsOf(tags)
    .filter((tag) => typeof tag.key === 'string')
    .map((tag) => ({ Key: tag.key ?? null, Value: tag.value ?? null }));
}

/**
 * Permissions in the API's shape. `ipRanges` are plain texts here, and `ipv4Ranges` the same ranges
 * with their descriptions: one of the two, never both.
 */
function permissionsOf(permissions: Json): JsonObject[] {
  return objectsOf(permissions).map(({ Ipv4Ranges: described, ...permission }) => {
    const ranges = Array.isArray(permission.IpRanges) ? permission.IpRanges : [];
    const plain = ranges.map((range) => (typeof range === 'string' ? { CidrIp: range } : range));
    const ipv4 = objectsOf(described);
    return { ...permission, IpRanges: ipv4.length > 0 ? ipv4 : plain };
  });
}
