/** The lists that the EC2 API describes resources in, by the key of the answer. */

import type { ResourceType } from './inventory-state.ts';
import { isObject, type Json, type JsonObject } from './json.ts';

export type DescribeType = { key: string; resourceType: ResourceType; idKey: string };

export const DESCRIBE_TYPES: readonly DescribeType[] = [
  { key: 'Reservations', resourceType: 'instance', idKey: 'InstanceId' },
  { key: 'NetworkInterfaces', resourceType: 'network_interface', idKey: 'NetworkInterfaceId' },
  { key: 'SecurityGroups', resourceType: 'security_group', idKey: 'GroupId' },
  { key: 'SecurityGroupRules', resourceType: 'security_group_rule', idKey: 'SecurityGroupRuleId' },
  { key: 'Subnets', resourceType: 'subnet', idKey: 'SubnetId' },
  { key: 'Vpcs', resourceType: 'vpc', idKey: 'VpcId' },
  { key: 'NetworkAcls', resourceType: 'network_acl', idKey: 'NetworkAclId' },
  { key: 'FlowLogs', resourceType: 'flow_log', idKey: 'FlowLogId' },
  { key: 'PrefixLists', resourceType: 'prefix_list', idKey: 'PrefixListId' },
  { key: 'TransitGateways', resourceType: 'transit_gateway', idKey: 'TransitGatewayId' },
  {
    key: 'TransitGatewayAttachments',
    resourceType: 'transit_gateway_attachment',
    idKey: 'TransitGatewayAttachmentId',
  },
];

/** Key of the entries in an answer of GetManagedPrefixListEntries, which does not name the list. */
export const ENTRIES_KEY = 'Entries';

/** The resources in an answer: of reservations, their instances. */
export function listOf(document: JsonObject, type: DescribeType): Json[] {
  const list = document[type.key];
  if (!Array.isArray(list)) return [];
  return type.key === 'Reservations' ? list.flatMap(instancesOf) : list;
}

/** Instances of a reservation, each with the reservation's owner. */
function instancesOf(reservation: Json): Json[] {
  if (!isObject(reservation) || !Array.isArray(reservation.Instances)) return [];
  const owner = reservation.OwnerId ?? null;
  return reservation.Instances.map((instance) =>
    isObject(instance) ? { OwnerId: owner, ...instance } : instance,
  );
}
