/**
 * The EC2 API for tests: answers to `describe` calls in its own XML, page by page. A resource is given as
 * the inside of its `<item>`.
 */
import { type Answering, ec2Fault } from './http-double.ts';

/** The element that holds the items of each answer. */
const SETS: Readonly<Record<string, string>> = {
  DescribeInstances: 'reservationSet',
  DescribeNetworkInterfaces: 'networkInterfaceSet',
  DescribeSecurityGroups: 'securityGroupInfo',
  DescribeSecurityGroupRules: 'securityGroupRuleSet',
  DescribeSubnets: 'subnetSet',
  DescribeVpcs: 'vpcSet',
  DescribeNetworkAcls: 'networkAclSet',
  DescribeFlowLogs: 'flowLogSet',
  DescribeManagedPrefixLists: 'prefixListSet',
  GetManagedPrefixListEntries: 'entrySet',
  DescribeTransitGateways: 'transitGatewaySet',
  DescribeTransitGatewayAttachments: 'transitGatewayAttachments',
};

export const EC2_ACTIONS = Object.keys(SETS);

/** What an account has: items by action; entries by `GetManagedPrefixListEntries pl-...`. */
export type Ec2Resources = Readonly<Record<string, readonly string[]>>;

/** Answers every call with what is there, none of it where nothing is given; refuses `denied` actions. */
export function ec2Account(resources: Ec2Resources, denied: readonly string[] = []): Answering {
  return ({ body }) => {
    const form = new URLSearchParams(body);
    const action = form.get('Action') ?? '';
    const set = SETS[action];
    if (set === undefined) throw new Error(`no answer to ${body}`);
    if (denied.includes(action)) {
      return ec2Fault(403, 'UnauthorizedOperation', 'You are not authorized to do this.');
    }
    const list = form.get('PrefixListId');
    const items = resources[list === null ? action : `${action} ${list}`] ?? [];
    const from = Number(form.get('NextToken') ?? 0);
    const pageSize = Number(form.get('MaxResults') ?? items.length);
    const page = items.slice(from, from + pageSize).map((item) => `<item>${item}</item>`);
    const next = from + pageSize < items.length ? `<nextToken>${from + pageSize}</nextToken>` : '';
    return {
      status: 200,
      headers: { 'content-type': 'text/xml' },
      body: `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>test</requestId><${set}>${page.join('')}</${set}>${next}</${action}Response>`,
    };
  };
}

export const VPC = '<vpcId>vpc-0a1b2c3d</vpcId><ownerId>123456789012</ownerId>';

export const DEFAULT_GROUP =
  '<groupId>sg-0a1b2c3d</groupId><groupName>default</groupName><ownerId>123456789012</ownerId><vpcId>vpc-0a1b2c3d</vpcId>';
