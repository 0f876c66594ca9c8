/** What `init` asks AWS: who asks, which flow logs and VPCs there are, and where their buckets are. */
import {
  DescribeFlowLogsCommand,
  DescribeVpcsCommand,
  type FlowLog,
  type Vpc,
} from '@aws-sdk/client-ec2';
import { HeadBucketCommand } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import type { AwsClients } from './aws-clients.ts';
import { type Failure, type Outcome, probe, type Sleep } from './aws-probe.ts';

/** Where flow logs are delivered to. */
export type Destination =
  | { of: 's3'; bucket: string; prefix: string; region: string; isRegionKnown: boolean }
  | { of: 'log_group'; logGroup: string; region: string }
  | { of: 'other'; what: string };

export type FoundDestination = Destination & { flowLogIds: string[] };

export type FoundVpc = { vpcId: string; name: string | undefined; region: string };

export type AwsFacts = {
  accountId?: string;
  regions: readonly string[];
  destinations: readonly FoundDestination[];
  /** Undefined where they could not be asked for. */
  vpcs: readonly FoundVpc[] | undefined;
  /** What could not be asked, and why. */
  unasked: readonly string[];
};

/** More flow logs or VPCs than that are not for a first configuration. */
const MAX_PAGES = 20;

/** Asks; what fails is in `unasked`. Never throws for a call that fails. */
export async function askAws(
  regions: readonly string[],
  clients: AwsClients,
  sleep: Sleep,
): Promise<AwsFacts> {
  const unasked: string[] = [];
  const note = (what: string, failure: Failure): void => {
    unasked.push(`${what}: ${failure.name}: ${failure.message}`);
  };
  const credentials = await probe(clients.ownCredentials, sleep);
  if ('failure' in credentials) {
    const why = `AWS was not asked: no credentials (${credentials.failure.message})`;
    return { regions, destinations: [], vpcs: undefined, unasked: [why] };
  }
  const caller = await probe(
    () => clients.sts(regions[0] ?? '').send(new GetCallerIdentityCommand({})),
    sleep,
  );
  if ('failure' in caller) note('the account', caller.failure);
  const flowLogs: { region: string; flowLog: FlowLog }[] = [];
  const vpcs: FoundVpc[] = [];
  let areVpcsKnown = false;
  for (const region of regions) {
    const client = await clients.ec2(region, undefined);
    const found = await pages(async (token) => {
      const answer = await client.send(new DescribeFlowLogsCommand({ MaxResults: 1000, ...token }));
      return { items: answer.FlowLogs, nextToken: answer.NextToken };
    }, sleep);
    if ('failure' in found) note(`the flow logs of ${region}`, found.failure);
    else flowLogs.push(...found.value.map((flowLog) => ({ region, flowLog })));
    const networks = await pages(async (token) => {
      const answer = await client.send(new DescribeVpcsCommand({ MaxResults: 1000, ...token }));
      return { items: answer.Vpcs, nextToken: answer.NextToken };
    }, sleep);
    if ('failure' in networks) {
      note(`the VPCs of ${region}`, networks.failure);
      continue;
    }
    areVpcsKnown = true;
    vpcs.push(...networks.value.map((vpc) => vpcOf(vpc, region)));
  }
  const accountId = 'failure' in caller ? undefined : caller.value.Account;
  return {
    ...(accountId === undefined ? {} : { accountId }),
    regions,
    destinations: await destinationsOf(flowLogs, clients, sleep),
    vpcs: areVpcsKnown ? vpcs.sort((one, other) => (one.vpcId < other.vpcId ? -1 : 1)) : undefined,
    unasked,
  };
}

async function pages<Item>(
  ask: (token: {
    NextToken?: string;
  }) => Promise<{ items: Item[] | undefined; nextToken: string | undefined }>,
  sleep: Sleep,
): Promise<Outcome<Item[]>> {
  return probe(async () => {
    const items: Item[] = [];
    let nextToken: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const answer = await ask(nextToken ? { NextToken: nextToken } : {});
      items.push(...(answer.items ?? []));
      nextToken = answer.nextToken;
      if (!nextToken) break;
    }
    return items;
  }, sleep);
}

function vpcOf({ VpcId = '', Tags = [] }: Vpc, region: string): FoundVpc {
  return { vpcId: VpcId, name: Tags.find(({ Key }) => Key === 'Name')?.Value, region };
}

/** Each destination once, with the flow logs that deliver there, in order of name. */
async function destinationsOf(
  flowLogs: readonly { region: string; flowLog: FlowLog }[],
  clients: AwsClients,
  sleep: Sleep,
): Promise<FoundDestination[]> {
  const found = new Map<string, FoundDestination>();
  const bucketRegions = new Map<string, string | undefined>();
  const inOrder = [...flowLogs].sort((one, other) =>
    (one.flowLog.FlowLogId ?? '') < (other.flowLog.FlowLogId ?? '') ? -1 : 1,
  );
  for (const { region, flowLog } of inOrder) {
    const destination = destinationOf(flowLog, region);
    if (destination.of === 's3') {
      const { bucket } = destination;
      if (!bucketRegions.has(bucket)) {
        bucketRegions.set(bucket, await bucketRegion(bucket, region, clients, sleep));
      }
      const own = bucketRegions.get(bucket);
      destination.isRegionKnown = own !== undefined;
      destination.region = own ?? region;
    }
    const key = JSON.stringify(destination);
    const one = found.get(key) ?? { ...destination, flowLogIds: [] };
    one.flowLogIds.push(flowLog.FlowLogId ?? '');
    found.set(key, one);
  }
  return [...found].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, one]) => one);
}

function destinationOf(flowLog: FlowLog, region: string): Destination {
  const {
    LogDestinationType: type,
    LogDestination: destination = '',
    LogGroupName: group,
  } = flowLog;
  const [, bucket, prefix = ''] = /^arn:[a-z-]+:s3:::([^/]+)(?:\/(.*))?$/s.exec(destination) ?? [];
  if (type === 's3' && bucket !== undefined) {
    return { of: 's3', bucket, prefix, region, isRegionKnown: false };
  }
  const logGroup = group ?? /:log-group:([^:*]+)/.exec(destination)?.[1];
  if (type !== 'kinesis-data-firehose' && logGroup !== undefined) {
    return { of: 'log_group', logGroup, region };
  }
  return { of: 'other', what: `${type ?? 'unknown'} ${destination}` };
}

/** S3 says in which Region a bucket is even to those whom it denies everything else. */
async function bucketRegion(
  bucket: string,
  region: string,
  clients: AwsClients,
  sleep: Sleep,
): Promise<string | undefined> {
  const client = await clients.s3(region, undefined);
  const answer = await probe(() => client.send(new HeadBucketCommand({ Bucket: bucket })), sleep);
  if ('failure' in answer) return answer.failure.region;
  return answer.value.BucketRegion ?? region;
}
