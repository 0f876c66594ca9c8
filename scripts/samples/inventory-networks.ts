/** VPCs, subnets, flow logs and the prefix list as `aws ec2 describe-*` prints them. */
import { CDE_FIELDS, REPORTING_FIELDS, TOOLS_FIELDS } from './flow-files.ts';
import { type Json, tagsOf } from './inventory-groups.ts';
import {
  ACCOUNT_ID,
  CDE,
  FLOW_LOGS,
  PREFIX_LIST,
  REGION,
  REPORTING,
  type SUBNETS,
  TOOLS,
  type VPCS,
  ZONE,
  ZONE_ID,
} from './world.ts';

const CREATED = '2026-09-14T08:00:00+00:00';

/** An item of `Subnets`. */
export function subnet({ id, vpcId, name, cidr, ipv6Cidr }: (typeof SUBNETS)[number]): Json {
  return {
    AvailabilityZoneId: ZONE_ID,
    MapCustomerOwnedIpOnLaunch: false,
    OwnerId: ACCOUNT_ID,
    AssignIpv6AddressOnCreation: false,
    Ipv6CidrBlockAssociationSet: ipv6Cidr
      ? [
          {
            AssociationId: `subnet-cidr-assoc-${id.slice('subnet-'.length)}`,
            Ipv6CidrBlock: ipv6Cidr,
            Ipv6CidrBlockState: { State: 'associated' },
          },
        ]
      : [],
    Tags: tagsOf({ Name: name }),
    SubnetArn: `arn:aws:ec2:${REGION}:${ACCOUNT_ID}:subnet/${id}`,
    SubnetId: id,
    State: 'available',
    VpcId: vpcId,
    CidrBlock: cidr,
    AvailableIpAddressCount: 240,
    AvailabilityZone: ZONE,
    DefaultForAz: false,
    MapPublicIpOnLaunch: false,
  };
}

/** An item of `Vpcs`. */
export function vpc({ id, cidr, ipv6Cidr, tags }: (typeof VPCS)[number]): Json {
  return {
    OwnerId: ACCOUNT_ID,
    InstanceTenancy: 'default',
    Ipv6CidrBlockAssociationSet: ipv6Cidr
      ? [
          {
            AssociationId: `vpc-cidr-assoc-${id.slice('vpc-'.length)}`,
            Ipv6CidrBlock: ipv6Cidr,
            Ipv6CidrBlockState: { State: 'associated' },
            NetworkBorderGroup: REGION,
            Ipv6Pool: 'Amazon',
          },
        ]
      : [],
    CidrBlockAssociationSet: [
      {
        AssociationId: `vpc-cidr-assoc-4${id.slice('vpc-0'.length)}`,
        CidrBlock: cidr,
        CidrBlockState: { State: 'associated' },
      },
    ],
    IsDefault: false,
    Tags: tagsOf(tags),
    VpcId: id,
    State: 'available',
    CidrBlock: cidr,
    DhcpOptionsId: 'dopt-0a000000000000001',
  };
}

/** `FlowLogs`: the VPC `cde-legacy` has none, nor has any of its subnets and interfaces. */
export function flowLogs(): Json {
  return [
    flowLog(FLOW_LOGS.cde, CDE, CDE_FIELDS, 600, 'plain-text'),
    flowLog(FLOW_LOGS.reporting, REPORTING, REPORTING_FIELDS, 60, 'plain-text'),
    flowLog(FLOW_LOGS.tools, TOOLS, TOOLS_FIELDS, 60, 'parquet'),
  ];
}

function flowLog(
  id: string,
  vpcId: string,
  fields: readonly string[],
  interval: 60 | 600,
  format: 'plain-text' | 'parquet',
): Json {
  return {
    CreationTime: CREATED,
    DeliverLogsStatus: 'SUCCESS',
    FlowLogId: id,
    FlowLogStatus: 'ACTIVE',
    ResourceId: vpcId,
    TrafficType: 'ALL',
    LogDestinationType: 's3',
    LogDestination: 'arn:aws:s3:::example-flow-logs',
    LogFormat: fields.map((field) => `\${${field}}`).join(' '),
    Tags: [],
    MaxAggregationInterval: interval,
    DestinationOptions: {
      FileFormat: format,
      HiveCompatiblePartitions: false,
      PerHourPartition: false,
    },
  };
}

/** The item of `PrefixLists`. */
export function prefixList(): Json {
  return {
    PrefixListId: PREFIX_LIST.id,
    AddressFamily: 'IPv4',
    State: 'create-complete',
    PrefixListArn: `arn:aws:ec2:${REGION}:${ACCOUNT_ID}:prefix-list/${PREFIX_LIST.id}`,
    PrefixListName: PREFIX_LIST.name,
    MaxEntries: 10,
    Version: 1,
    Tags: [],
    OwnerId: ACCOUNT_ID,
  };
}
