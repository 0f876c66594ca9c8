/**
 * Inventory as the AWS CLI prints it (`aws ec2 describe-* --output json`), at the times at which it was
 * saved. Keys are the members of the EC2 API; network interfaces have `TagSet` where others have `Tags`.
 */
import { type Json, securityGroupRules, securityGroups, tagsOf } from './inventory-groups.ts';
import { flowLogs, prefixList, subnet, vpc } from './inventory-networks.ts';
import {
  ACCOUNT_ID,
  existedAt,
  INTERFACES,
  type Interface,
  PREFIX_LIST,
  SECURITY_GROUPS,
  SUBNETS,
  VPCS,
  ZONE,
  ZONE_ID,
} from './world.ts';

/** The CLI prints times with an offset in place of `Z`. */
function cliTime(time: string): string {
  return time.replace('Z', '+00:00');
}

/** Every file of a snapshot: its name, and the document in it. */
export function snapshot(time: string): ReadonlyMap<string, Json> {
  const present = Object.values(INTERFACES).filter((item) => existedAt(item, time));
  const instances = present.filter(({ instance }) => instance !== undefined);
  return new Map<string, Json>([
    ['describe-instances.json', { Reservations: instances.map(reservation) }],
    ['describe-network-interfaces.json', { NetworkInterfaces: present.map(networkInterface) }],
    ['describe-security-groups.json', { SecurityGroups: securityGroups(time) }],
    ['describe-security-group-rules.json', { SecurityGroupRules: securityGroupRules(time) }],
    ['describe-subnets.json', { Subnets: SUBNETS.map(subnet) }],
    ['describe-vpcs.json', { Vpcs: VPCS.map(vpc) }],
    ['describe-flow-logs.json', { FlowLogs: flowLogs() }],
    ['describe-managed-prefix-lists.json', { PrefixLists: [prefixList()] }],
    [
      `get-managed-prefix-list-entries.${PREFIX_LIST.id}.json`,
      {
        Entries: PREFIX_LIST.entries.map(({ cidr, description }) => ({
          Cidr: cidr,
          Description: description,
        })),
      },
    ],
  ]);
}

function vpcIdOf(item: Interface): string {
  return SUBNETS.find(({ id }) => id === item.subnetId)?.vpcId ?? '';
}

/** Digits that ids of things belonging to an interface share with it. */
function digitsOf(item: Interface): string {
  return item.id.slice('eni-'.length);
}

function groupsOf(item: Interface): Json {
  return item.groupIds.map((id) => ({
    GroupId: id,
    GroupName: SECURITY_GROUPS.find((group) => group.id === id)?.name ?? '',
  }));
}

function dnsName(item: Interface): string {
  return `ip-${item.address.replaceAll('.', '-')}.example.com`;
}

function association(item: Interface): { Association?: Json } {
  if (item.publicAddress === undefined) return {};
  const owner = item.service?.instanceOwnerId === 'amazon-elb' ? 'amazon-elb' : ACCOUNT_ID;
  return {
    Association: { IpOwnerId: owner, PublicDnsName: '', PublicIp: item.publicAddress },
  };
}

function privateAddresses(item: Interface): Json {
  return [
    {
      ...association(item),
      Primary: true,
      PrivateDnsName: dnsName(item),
      PrivateIpAddress: item.address,
    },
  ];
}

function ipv6Addresses(item: Interface): Json {
  return item.ipv6Address ? [{ Ipv6Address: item.ipv6Address, IsPrimaryIpv6: false }] : [];
}

function reservation(item: Interface): Json {
  return {
    ReservationId: `r-${digitsOf(item)}`,
    OwnerId: ACCOUNT_ID,
    Groups: [],
    Instances: [instance(item)],
  };
}

function instance(item: Interface): Json {
  const { id = '', name = '', tier = '', profile, launchedAt = '' } = item.instance ?? {};
  return {
    Architecture: 'x86_64',
    BlockDeviceMappings: [],
    EbsOptimized: true,
    EnaSupport: true,
    Hypervisor: 'xen',
    ...(profile
      ? {
          IamInstanceProfile: {
            Arn: `arn:aws:iam::${ACCOUNT_ID}:instance-profile/${profile}`,
            Id: `AIPA${profile.replace('-', '').toUpperCase().padEnd(17, '0')}`,
          },
        }
      : {}),
    NetworkInterfaces: [
      {
        ...association(item),
        Attachment: {
          AttachTime: cliTime(launchedAt),
          AttachmentId: `eni-attach-${digitsOf(item)}`,
          DeleteOnTermination: true,
          DeviceIndex: 0,
          Status: 'attached',
          NetworkCardIndex: 0,
        },
        Description: '',
        Groups: groupsOf(item),
        Ipv6Addresses: ipv6Addresses(item),
        MacAddress: macAddress(item),
        NetworkInterfaceId: item.id,
        OwnerId: ACCOUNT_ID,
        PrivateDnsName: dnsName(item),
        PrivateIpAddress: item.address,
        PrivateIpAddresses: privateAddresses(item),
        SourceDestCheck: true,
        Status: 'in-use',
        SubnetId: item.subnetId,
        VpcId: vpcIdOf(item),
        InterfaceType: 'interface',
      },
    ],
    RootDeviceName: '/dev/xvda',
    RootDeviceType: 'ebs',
    SecurityGroups: groupsOf(item),
    SourceDestCheck: true,
    Tags: tagsOf({ Name: name, tier }),
    VirtualizationType: 'hvm',
    MetadataOptions: { State: 'applied', HttpTokens: 'required', HttpEndpoint: 'enabled' },
    PlatformDetails: 'Linux/UNIX',
    InstanceId: id,
    ImageId: 'ami-0a000000000000001',
    State: { Code: 16, Name: 'running' },
    PrivateDnsName: dnsName(item),
    ...(item.publicAddress ? { PublicIpAddress: item.publicAddress } : {}),
    InstanceType: 'm7i.large',
    LaunchTime: cliTime(launchedAt),
    Placement: { AvailabilityZone: ZONE, GroupName: '', Tenancy: 'default' },
    Monitoring: { State: 'disabled' },
    SubnetId: item.subnetId,
    VpcId: vpcIdOf(item),
    PrivateIpAddress: item.address,
    ...(item.ipv6Address ? { Ipv6Address: item.ipv6Address } : {}),
  };
}

/** A locally administered MAC address made of the last three parts of the private address. */
function macAddress(item: Interface): string {
  const parts = item.address.split('.').slice(1);
  return `02:00:00:${parts.map((part) => Number(part).toString(16).padStart(2, '0')).join(':')}`;
}

function attachment(item: Interface): Json {
  const base = { AttachmentId: `eni-attach-${digitsOf(item)}` };
  if (item.service) {
    return {
      ...base,
      DeleteOnTermination: false,
      DeviceIndex: 1,
      InstanceOwnerId: item.service.instanceOwnerId,
      Status: 'attached',
    };
  }
  return {
    AttachTime: cliTime(item.instance?.launchedAt ?? ''),
    ...base,
    DeleteOnTermination: true,
    DeviceIndex: 0,
    NetworkCardIndex: 0,
    InstanceId: item.instance?.id ?? '',
    InstanceOwnerId: ACCOUNT_ID,
    Status: 'attached',
  };
}

function networkInterface(item: Interface): Json {
  const { service } = item;
  return {
    ...association(item),
    Attachment: attachment(item),
    AvailabilityZone: ZONE,
    AvailabilityZoneId: ZONE_ID,
    Description: service?.description ?? '',
    Groups: groupsOf(item),
    InterfaceType: service?.interfaceType ?? 'interface',
    Ipv6Addresses: ipv6Addresses(item),
    MacAddress: macAddress(item),
    NetworkInterfaceId: item.id,
    OwnerId: ACCOUNT_ID,
    PrivateDnsName: dnsName(item),
    PrivateIpAddress: item.address,
    PrivateIpAddresses: privateAddresses(item),
    ...(service ? { RequesterId: service.requesterId } : {}),
    RequesterManaged: service !== undefined,
    SourceDestCheck: service?.interfaceType !== 'nat_gateway',
    Status: 'in-use',
    SubnetId: item.subnetId,
    TagSet: item.instance ? tagsOf({ Name: item.instance.name }) : [],
    VpcId: vpcIdOf(item),
  };
}
