/** An entry of the configuration in CloudWatch Logs, tried: one event, and the flow logs that write to it. */
import { type CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { EC2Client } from '@aws-sdk/client-ec2';
import { FlowproofError } from '../errors.ts';
import {
  checkGroupFormats,
  describeGroupFlowLogs,
  type GroupFlowLog,
} from '../ingest/sources/log-group-format.ts';
import type { Target } from '../permissions.ts';
import { type Failure, probe, type Sleep } from './aws-probe.ts';
import type { Check } from './check.ts';
import { failedCall } from './failed-call.ts';

export type LogGroupEntry = {
  source: string;
  logGroup: string;
  region: string;
  accountId: string | undefined;
};

export async function checkLogGroup(
  client: CloudWatchLogsClient,
  entry: LogGroupEntry,
  sleep: Sleep,
): Promise<{ check: Check; failure?: Failure }> {
  const { source, logGroup, region } = entry;
  const about = { check: 'logs:FilterLogEvents', subject: `${source} ${logGroup} in ${region}` };
  const target: Target = { region, accountId: entry.accountId, logGroup };
  const answer = await probe(
    () => client.send(new FilterLogEventsCommand({ logGroupName: logGroup, limit: 1 })),
    sleep,
  );
  if (!('failure' in answer)) return { check: { ...about, verdict: 'ok', found: 'allowed' } };
  const { failure } = answer;
  const check = failedCall(about, 'FilterLogEvents', failure, 'cloudwatch_logs', target);
  if (failure.kind !== 'missing') return { check, failure };
  return {
    check: {
      ...check,
      found: `there is no log group of this name in ${region}`,
      fix: `Correct \`cloudwatch_logs:\` or \`region:\` of ${source}; those that there are: aws logs describe-log-groups --region ${region}`,
    },
    failure,
  };
}

type GroupAnswer = { flowLogs?: readonly GroupFlowLog[]; unreadable?: FlowproofError };

/** Whether something says which fields the records of a log group have. */
export async function checkGroupFlowLogs(
  client: EC2Client,
  entry: LogGroupEntry,
  sleep: Sleep,
): Promise<{ check: Check; failure?: Failure }> {
  const { source, logGroup, region } = entry;
  const about = { check: 'ec2:DescribeFlowLogs', subject: `${source} ${logGroup} in ${region}` };
  const answer = await probe(async (): Promise<GroupAnswer> => {
    try {
      // A call that AWS throttles is made again by `probe`.
      return { flowLogs: await describeGroupFlowLogs(client, logGroup, async () => {}) };
    } catch (thrown) {
      // A format that cannot be read is no failure of the call.
      if (!(thrown instanceof FlowproofError)) throw thrown;
      if (thrown.code !== 'SOURCE_UNREACHABLE') return { unreadable: thrown };
      throw thrown.cause;
    }
  }, sleep);
  if ('failure' in answer) {
    const target = { region, accountId: entry.accountId, logGroup };
    const { failure } = answer;
    const check = failedCall(about, 'DescribeFlowLogs', failure, 'cloudwatch_logs', target);
    return { check, failure };
  }
  const { flowLogs = [], unreadable } = answer.value;
  const refusal = unreadable ?? refusalOf(logGroup, flowLogs);
  if (refusal === undefined) {
    const names = flowLogs.map(({ flowLogId }) => flowLogId).join(', ');
    return { check: { ...about, verdict: 'ok', found: `allowed; ${names} writes there` } };
  }
  // Of several formats, the inventory may tell which interface has which.
  const verdict = flowLogs.length > 1 ? 'warning' : 'problem';
  return { check: { ...about, verdict, found: refusal.problem, fix: refusal.remedy } };
}

function refusalOf(
  logGroup: string,
  flowLogs: readonly GroupFlowLog[],
): FlowproofError | undefined {
  try {
    checkGroupFormats(logGroup, flowLogs, new Map());
    return undefined;
  } catch (thrown) {
    if (thrown instanceof FlowproofError) return thrown;
    throw thrown;
  }
}
