/**
 * The fields of VPC flow logs, versions 2 to 11, as AWS names them ("Flow log records", Amazon VPC
 * User Guide), and those that only transit gateway flow logs have, version 6 ("Transit Gateway Flow Log
 * records", AWS Transit Gateway guide). The `version` of a record is the highest version among the chosen fields, not a
 * schema: which columns a log has is said by its header, its Parquet schema or its `LogFormat`.
 */

export type FlowLogField = {
  /** AWS's name, with hyphens. */
  name: string;
  /** The column in `flow`: underscores, and `start_at`/`end_at` for `start`/`end`. */
  column: string;
  version: number;
  type: 'text' | 'integer' | 'bigint' | 'seconds' | 'address';
  description: string;
};

const rows: readonly (readonly [string, number, FlowLogField['type'], string])[] = [
  ['version', 2, 'integer', 'Highest version among the chosen fields; not a schema.'],
  ['account-id', 2, 'text', 'Owner account of the recorded interface; may be "unknown".'],
  ['interface-id', 2, 'text', 'The recorded network interface.'],
  ['srcaddr', 2, 'address', 'Sender on ingress, the own private address on egress.'],
  ['dstaddr', 2, 'address', 'Target on egress, the own private address on ingress.'],
  ['srcport', 2, 'integer', 'Source port; 0 for ICMP.'],
  ['dstport', 2, 'integer', 'Destination port; 0 for ICMP.'],
  ['protocol', 2, 'integer', 'IANA protocol number.'],
  ['packets', 2, 'bigint', 'Packets in this record.'],
  ['bytes', 2, 'bigint', 'Bytes in this record; absent on rows that block public access rejected.'],
  ['start', 2, 'seconds', 'First packet of the interval, UTC, within 60 s.'],
  ['end', 2, 'seconds', 'Last packet of the interval, UTC, within 60 s.'],
  ['action', 2, 'text', 'ACCEPT or REJECT: the verdict of the filters, nothing more.'],
  ['log-status', 2, 'text', 'OK, NODATA or SKIPDATA.'],
  ['vpc-id', 3, 'text', 'VPC of the interface.'],
  ['subnet-id', 3, 'text', 'Subnet of the interface.'],
  ['instance-id', 3, 'text', 'Instance on the interface; none on requester-managed ones.'],
  [
    'tcp-flags',
    3,
    'integer',
    'Flags seen in the interval, OR-ed: FIN 1, SYN 2, RST 4, SYN-ACK 18.',
  ],
  ['type', 3, 'text', 'IPv4, IPv6 or EFA.'],
  ['pkt-srcaddr', 3, 'address', 'Source address of the packet itself, through NAT.'],
  ['pkt-dstaddr', 3, 'address', 'Destination address of the packet itself, through NAT.'],
  ['region', 4, 'text', 'Region of the interface.'],
  ['az-id', 4, 'text', 'Availability Zone id, such as use1-az1.'],
  ['sublocation-type', 4, 'text', 'wavelength, outpost or localzone.'],
  ['sublocation-id', 4, 'text', 'Id of the sublocation.'],
  ['pkt-src-aws-service', 5, 'text', 'AWS service that owns the source address.'],
  ['pkt-dst-aws-service', 5, 'text', 'AWS service that owns the destination address.'],
  ['flow-direction', 5, 'text', 'ingress or egress at the recorded interface; not who opened.'],
  ['traffic-path', 5, 'integer', 'Route of egress traffic, 1 to 8.'],
  ['resource-type', 6, 'text', 'TransitGateway, in flow logs of a transit gateway.'],
  ['tgw-id', 6, 'text', 'The transit gateway that recorded the flow.'],
  ['tgw-attachment-id', 6, 'text', 'Attachment that the flow was recorded for.'],
  ['tgw-src-vpc-account-id', 6, 'text', 'Account of the VPC that the flow came from.'],
  ['tgw-dst-vpc-account-id', 6, 'text', 'Account of the VPC that the flow went to.'],
  ['tgw-src-vpc-id', 6, 'text', 'VPC that the flow came from.'],
  ['tgw-dst-vpc-id', 6, 'text', 'VPC that the flow went to.'],
  ['tgw-src-subnet-id', 6, 'text', 'Subnet that the flow came from.'],
  ['tgw-dst-subnet-id', 6, 'text', 'Subnet that the flow went to.'],
  ['tgw-src-eni', 6, 'text', 'Interface of the attachment that the flow came through.'],
  ['tgw-dst-eni', 6, 'text', 'Interface of the attachment that the flow went through.'],
  ['tgw-src-az-id', 6, 'text', 'Availability Zone id of the source attachment.'],
  ['tgw-dst-az-id', 6, 'text', 'Availability Zone id of the destination attachment.'],
  ['tgw-pair-attachment-id', 6, 'text', 'Attachment at the other side: egress or ingress.'],
  ['packets-lost-no-route', 6, 'bigint', 'Packets lost for want of a route.'],
  ['packets-lost-blackhole', 6, 'bigint', 'Packets lost in a blackhole route.'],
  ['packets-lost-mtu-exceeded', 6, 'bigint', 'Packets lost because they exceeded the MTU.'],
  ['packets-lost-ttl-expired', 6, 'bigint', 'Packets lost because their time to live ended.'],
  ['ecs-cluster-arn', 7, 'text', 'ARN of the ECS cluster.'],
  ['ecs-cluster-name', 7, 'text', 'Name of the ECS cluster.'],
  ['ecs-container-instance-arn', 7, 'text', 'ARN of the ECS container instance.'],
  ['ecs-container-instance-id', 7, 'text', 'Id of the ECS container instance.'],
  ['ecs-container-id', 7, 'text', 'Runtime id of the first container.'],
  ['ecs-second-container-id', 7, 'text', 'Runtime id of the second container.'],
  ['ecs-service-name', 7, 'text', 'Name of the ECS service.'],
  ['ecs-task-definition-arn', 7, 'text', 'ARN of the ECS task definition.'],
  ['ecs-task-arn', 7, 'text', 'ARN of the ECS task.'],
  ['ecs-task-id', 7, 'text', 'Id of the ECS task.'],
  ['reject-reason', 8, 'text', 'BPA or EC; absent for every other reason.'],
  ['resource-id', 9, 'text', 'Regional NAT gateway.'],
  ['encryption-status', 10, 'integer', '0 none, 1 Nitro, 2 application, 3 both.'],
  ['instance-tag', 11, 'text', 'Value of the first chosen instance tag, percent-encoded.'],
  ['instance-tag-2', 11, 'text', 'Value of the second chosen instance tag, percent-encoded.'],
  ['interface-tag', 11, 'text', 'Value of the first chosen interface tag, percent-encoded.'],
  ['interface-tag-2', 11, 'text', 'Value of the second chosen interface tag, percent-encoded.'],
  ['asg-tag', 11, 'text', 'Value of the first chosen Auto Scaling group tag.'],
  ['asg-tag-2', 11, 'text', 'Value of the second chosen Auto Scaling group tag.'],
  ['interface-type', 11, 'text', "Kind of interface, in the flow log's own vocabulary."],
  ['next-hop-interface-id', 11, 'text', 'Interface at the other side of the hop.'],
  ['next-hop-subnet-id', 11, 'text', 'Subnet of the next hop.'],
  ['next-hop-az-id', 11, 'text', 'Availability Zone id of the next hop.'],
  ['next-hop-vpc-id', 11, 'text', 'VPC of the next hop.'],
  ['next-hop-interface-type', 11, 'text', 'Kind of the next-hop interface.'],
];

export const FLOW_LOG_FIELDS: readonly FlowLogField[] = rows.map(
  ([name, version, type, description]) => ({
    name,
    column: type === 'seconds' ? `${name}_at` : name.replaceAll('-', '_'),
    version,
    type,
    description,
  }),
);

const byName = new Map(FLOW_LOG_FIELDS.map((field) => [field.name, field]));

/** The field of that name, in either spelling (`tcp-flags`, `tcp_flags`), or undefined. */
export function findFlowLogField(name: string): FlowLogField | undefined {
  return byName.get(name.toLowerCase().replaceAll('_', '-'));
}

/** The 14 fields of the default format, in AWS's order. */
export const DEFAULT_FORMAT: readonly string[] = FLOW_LOG_FIELDS.filter(
  (field) => field.version === 2,
).map((field) => field.name);
