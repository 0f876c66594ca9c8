/** The flow logs of an account and Region, and what decides which interfaces they cover, by the EC2 API. */
import type { EC2Client } from '@aws-sdk/client-ec2';
import { DESCRIBE_TYPES, listOf } from '../ingest/describe-types.ts';
import type { Json } from '../ingest/json.ts';
import { EC2_CALLS } from '../ingest/sources/ec2-calls.ts';
import { type Failure, probe, type Sleep } from './aws-probe.ts';

/** What of an account and Region was described; types that failed are not in `items`. */
export type DescribedPlace = {
  accountId: string;
  region: string;
  /** By resource type. */
  items: ReadonlyMap<string, readonly Json[]>;
  /** Of DescribeFlowLogs. */
  failure?: Failure;
};

/** The flow logs first: without them the others tell nothing. */
const KEYS = ['FlowLogs', 'Vpcs', 'Subnets', 'NetworkInterfaces', 'Reservations'] as const;

/** Pages of a call; of an account with more, what is beyond them is not judged. */
const MAX_PAGES = 50;

/** Describes what decides which interfaces a flow log covers. Never throws for a call that fails. */
export async function describePlace(
  client: EC2Client,
  { accountId, region }: { accountId: string; region: string },
  sleep: Sleep,
): Promise<DescribedPlace> {
  const items = new Map<string, readonly Json[]>();
  for (const key of KEYS) {
    const call = EC2_CALLS.find((one) => one.key === key);
    const type = DESCRIBE_TYPES.find((one) => one.key === key);
    if (!call || !type) throw new Error(`there is no call for ${key}`);
    const found: Json[] = [];
    let nextToken: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const request = { MaxResults: call.pageSize, ...(nextToken ? { NextToken: nextToken } : {}) };
      const answer = await probe(() => call.send(client, request), sleep);
      if ('failure' in answer) {
        if (key === 'FlowLogs') return { accountId, region, items, failure: answer.failure };
        nextToken = 'failed';
        break;
      }
      found.push(...(JSON.parse(JSON.stringify(answer.value.items ?? [])) as Json[]));
      nextToken = answer.value.nextToken === '' ? undefined : answer.value.nextToken;
      if (nextToken === undefined) break;
    }
    if (nextToken === undefined) items.set(type.resourceType, listOf({ [key]: found }, type));
  }
  return { accountId, region, items };
}
