/**
 * The calls of the EC2 API that describe an account's network in a region, each page by page. What an
 * answer holds stands under the same key as in the output of `aws ec2 describe-*`.
 */
import {
  DescribeFlowLogsCommand,
  DescribeInstancesCommand,
  DescribeManagedPrefixListsCommand,
  DescribeNetworkAclsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeTransitGatewayAttachmentsCommand,
  DescribeTransitGatewaysCommand,
  DescribeVpcsCommand,
  type EC2Client,
  GetManagedPrefixListEntriesCommand,
} from '@aws-sdk/client-ec2';

export type Page = { items: readonly unknown[] | undefined; nextToken: string | undefined };

export type PageRequest = { NextToken?: string; MaxResults: number };

export type Ec2Call = {
  /** Key of the list in the answer. */
  key: string;
  operation: string;
  /** The most that a page may have. */
  pageSize: number;
  /** Sends the request of one page. */
  send(client: EC2Client, request: PageRequest): Promise<Page>;
};

/** Instances and interfaces that AWS services manage may be hidden from those who do not ask for them. */
const MANAGED = { IncludeManagedResources: true } as const;

/** In the order in which they are made; the rules before the groups that they belong to. */
export const EC2_CALLS: readonly Ec2Call[] = [
  {
    key: 'Reservations',
    operation: 'DescribeInstances',
    pageSize: 1000,
    async send(client, request) {
      const answer = await client.send(new DescribeInstancesCommand({ ...request, ...MANAGED }));
      return { items: answer.Reservations, nextToken: answer.NextToken };
    },
  },
  {
    key: 'NetworkInterfaces',
    operation: 'DescribeNetworkInterfaces',
    pageSize: 1000,
    async send(client, request) {
      const command = new DescribeNetworkInterfacesCommand({ ...request, ...MANAGED });
      const answer = await client.send(command);
      return { items: answer.NetworkInterfaces, nextToken: answer.NextToken };
    },
  },
  {
    key: 'SecurityGroupRules',
    operation: 'DescribeSecurityGroupRules',
    pageSize: 1000,
    async send(client, request) {
      const answer = await client.send(new DescribeSecurityGroupRulesCommand(request));
      return { items: answer.SecurityGroupRules, nextToken: answer.NextToken };
    },
  },
  {
    key: 'SecurityGroups',
    operation: 'DescribeSecurityGroups',
    pageSize: 1000,
    async send(client, request) {
      const answer = await client.send(new DescribeSecurityGroupsCommand(request));
      return { items: answer.SecurityGroups, nextToken: answer.NextToken };
    },
  },
  {
    key: 'Subnets',
    operation: 'DescribeSubnets',
    pageSize: 1000,
    async send(client, request) {
      const answer = await client.send(new DescribeSubnetsCommand(request));
      return { items: answer.Subnets, nextToken: answer.NextToken };
    },
  },
  {
    key: 'Vpcs',
    operation: 'DescribeVpcs',
    pageSize: 1000,
    async send(client, request) {
      const answer = await client.send(new DescribeVpcsCommand(request));
      return { items: answer.Vpcs, nextToken: answer.NextToken };
    },
  },
  {
    key: 'NetworkAcls',
    operation: 'DescribeNetworkAcls',
    pageSize: 1000,
    async send(client, request) {
      const answer = await client.send(new DescribeNetworkAclsCommand(request));
      return { items: answer.NetworkAcls, nextToken: answer.NextToken };
    },
  },
  {
    key: 'FlowLogs',
    operation: 'DescribeFlowLogs',
    pageSize: 1000,
    async send(client, request) {
      const answer = await client.send(new DescribeFlowLogsCommand(request));
      return { items: answer.FlowLogs, nextToken: answer.NextToken };
    },
  },
  {
    key: 'PrefixLists',
    operation: 'DescribeManagedPrefixLists',
    pageSize: 100,
    async send(client, request) {
      const answer = await client.send(new DescribeManagedPrefixListsCommand(request));
      return { items: answer.PrefixLists, nextToken: answer.NextToken };
    },
  },
  {
    key: 'TransitGateways',
    operation: 'DescribeTransitGateways',
    pageSize: 1000,
    async send(client, request) {
      const answer = await client.send(new DescribeTransitGatewaysCommand(request));
      return { items: answer.TransitGateways, nextToken: answer.NextToken };
    },
  },
  {
    key: 'TransitGatewayAttachments',
    operation: 'DescribeTransitGatewayAttachments',
    pageSize: 1000,
    async send(client, request) {
      const answer = await client.send(new DescribeTransitGatewayAttachmentsCommand(request));
      return { items: answer.TransitGatewayAttachments, nextToken: answer.NextToken };
    },
  },
];

/** The entries of one prefix list, which may be AWS's own. */
export function entriesCall(prefixListId: string): Ec2Call {
  return {
    key: 'Entries',
    operation: 'GetManagedPrefixListEntries',
    pageSize: 100,
    async send(client, request) {
      const command = new GetManagedPrefixListEntriesCommand({
        ...request,
        PrefixListId: prefixListId,
      });
      const answer = await client.send(command);
      return { items: answer.Entries, nextToken: answer.NextToken };
    },
  };
}
