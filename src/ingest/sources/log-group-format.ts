/**
 * Which fields the records of a log group have: by the flow logs that wrote to it, as of the time of
 * the record ("Publish flow logs to CloudWatch Logs", Amazon VPC User Guide).
 *
 * A flow log cannot be changed, only replaced, and DescribeFlowLogs forgets it when it is deleted: so
 * what it said is kept with each pull, and asked again. Records of one interface share a stream
 * whichever flow log wrote them, and none says which did.
 */
import { DescribeFlowLogsCommand, type EC2Client, type FlowLog } from '@aws-sdk/client-ec2';
import { FlowproofError } from '../../errors.ts';
import { parseLogFormat } from '../log-format.ts';
import { failCall, pause, type Sleep, withRetries } from './aws-call.ts';

/** A flow log that writes, or wrote, to the log group. */
export type GroupFlowLog = {
  flowLogId: string;
  /** As DescribeFlowLogs gives it. */
  logFormat: string;
  /** Field names in the order of the records. */
  fields: readonly string[];
  /** VPC, subnet or interface. */
  resourceId?: string;
  /** ALL, ACCEPT or REJECT. */
  trafficType?: string;
  createdAt?: Date;
  /** Since when it is known to be gone; absent while it is there. */
  goneBy?: Date;
};

/** VPC and subnet of an interface. They never change. */
export type InterfacePlaces = ReadonlyMap<string, readonly string[]>;

/** The flow logs that write to a log group now. Throws SOURCE_UNREACHABLE, naming ec2:DescribeFlowLogs. */
export async function describeGroupFlowLogs(
  client: EC2Client,
  logGroup: string,
  sleep: Sleep = pause,
): Promise<GroupFlowLog[]> {
  const place = `log group ${logGroup}`;
  const found: FlowLog[] = [];
  let nextToken: string | undefined;
  do {
    const command = new DescribeFlowLogsCommand({
      Filter: [{ Name: 'log-group-name', Values: [logGroup] }],
      ...(nextToken === undefined ? {} : { NextToken: nextToken }),
    });
    const page = await withRetries(() => client.send(command), sleep).catch((thrown) =>
      failCall(thrown, { place, operation: 'DescribeFlowLogs', needs: 'ec2:DescribeFlowLogs' }),
    );
    found.push(...(page.FlowLogs ?? []));
    nextToken = page.NextToken === '' ? undefined : page.NextToken;
  } while (nextToken !== undefined);
  return found
    .sort((a, b) => ((a.FlowLogId ?? '') < (b.FlowLogId ?? '') ? -1 : 1))
    .map(({ FlowLogId: flowLogId = '', LogFormat: logFormat = '', ...more }) => ({
      flowLogId,
      logFormat,
      fields: parseLogFormat(logFormat, `${place}, flow log ${flowLogId}`),
      ...(more.ResourceId === undefined ? {} : { resourceId: more.ResourceId }),
      ...(more.TrafficType === undefined ? {} : { trafficType: more.TrafficType }),
      ...(more.CreationTime === undefined ? {} : { createdAt: more.CreationTime }),
    }));
}

/**
 * Refuses a log group whose records nothing can tell apart. Throws CONFIG_INVALID if no flow log is
 * known to have written to it, or if two that write to it now differ in their formats and may share a
 * stream: neither the resource, nor the traffic type that a stream is named for, keeps them apart.
 */
export function checkGroupFormats(
  logGroup: string,
  flowLogs: readonly GroupFlowLog[],
  places: InterfacePlaces,
): void {
  const place = `log group ${logGroup}`;
  if (flowLogs.length === 0) {
    throw new FlowproofError('CONFIG_INVALID', {
      place,
      problem: 'no flow log writes to it, so nothing says which fields its records have',
      remedy:
        'Correct the name or `region`; if the flow log was deleted or is in another account, declare ' +
        'its LogFormat as `format:` in the configuration.',
    });
  }
  const current = flowLogs.filter(({ goneBy }) => goneBy === undefined);
  for (const [index, one] of current.entries()) {
    for (const other of current.slice(index + 1)) {
      if (haveOneFormat(one, other) || areDistinct(one, other, places)) continue;
      throw new FlowproofError('CONFIG_INVALID', {
        place,
        problem:
          'its flow logs write different formats, and their records share streams: ' +
          `${one.flowLogId} "${one.logFormat}"; ${other.flowLogId} "${other.logFormat}"`,
        remedy:
          'Give each flow log a log group of its own, or declare `format:` in the configuration if ' +
          'only one of them matters. Flow logs of different VPCs or subnets are told apart once the ' +
          'inventory says where each interface is.',
      });
    }
  }
}

/** True if records of the two have the same fields in the same order. */
export function haveOneFormat(one: GroupFlowLog, other: GroupFlowLog): boolean {
  return formatOf(one) === formatOf(other);
}

function formatOf({ fields }: GroupFlowLog): string {
  return fields.join(' ');
}

/** True if something in the name of a stream can tell which of two flow logs wrote to it. */
function areDistinct(one: GroupFlowLog, other: GroupFlowLog, places: InterfacePlaces): boolean {
  if (one.resourceId === undefined || other.resourceId === undefined) return false;
  if (one.resourceId === other.resourceId) {
    const types = [one.trafficType, other.trafficType].sort().join(' ');
    return types === 'ACCEPT REJECT';
  }
  const areInterfaces = [one, other].every(({ resourceId }) => resourceId?.startsWith('eni-'));
  return areInterfaces || places.size > 0;
}

/** A stretch of time and the flow logs that may have written in it. */
export type FormatSpan = { from: Date; until: Date; writers: readonly GroupFlowLog[] };

/** A record starts at most an aggregation interval before the flow log that it is the first of. */
const START_MARGIN = 15 * 60_000;

/** Cuts a range of time where the flow logs that may have written change. */
export function formatSpans(
  flowLogs: readonly GroupFlowLog[],
  from: Date,
  until: Date,
): FormatSpan[] {
  const known = flowLogs.map((flowLog) => ({
    flowLog,
    start: startOf(flowLog, flowLogs),
    end: flowLog.goneBy?.getTime() ?? Number.POSITIVE_INFINITY,
  }));
  const isInside = (time: number): boolean => time > from.getTime() && time < until.getTime();
  const cuts = [
    ...new Set(known.flatMap(({ start, end }) => [start, end]).filter(isInside)),
    until.getTime(),
  ].sort((a, b) => a - b);
  const spans: FormatSpan[] = [];
  let at = from.getTime();
  for (const cut of cuts) {
    const writers = known
      .filter(({ start, end }) => start <= at && end >= cut)
      .map(({ flowLog }) => flowLog);
    spans.push({ from: new Date(at), until: new Date(cut), writers });
    at = cut;
  }
  return spans;
}

function startOf(flowLog: GroupFlowLog, all: readonly GroupFlowLog[]): number {
  const created = flowLog.createdAt?.getTime();
  if (created === undefined) return Number.NEGATIVE_INFINITY;
  const hasOther = all.some((other) => {
    const start = other.createdAt?.getTime() ?? Number.NEGATIVE_INFINITY;
    const end = other.goneBy?.getTime() ?? Number.POSITIVE_INFINITY;
    return other !== flowLog && start < created && end >= created - START_MARGIN;
  });
  return hasOther ? created : created - START_MARGIN;
}

/** The different formats among flow logs, each by its first flow log. */
export function formatsOf(flowLogs: readonly GroupFlowLog[]): GroupFlowLog[] {
  const byFormat = new Map<string, GroupFlowLog>();
  for (const flowLog of flowLogs) {
    if (!byFormat.has(formatOf(flowLog))) byFormat.set(formatOf(flowLog), flowLog);
  }
  return [...byFormat.values()];
}

/**
 * Of several flow logs of different formats, those that may have written a record of that many tokens
 * to that stream. The tokens count only between a flow log and the one that replaced it: both formats
 * are known then, and a record of one cannot have the number of the other.
 */
export function writersOf(
  writers: readonly GroupFlowLog[],
  streamName: string,
  tokenCount: number,
  places: InterfacePlaces,
): GroupFlowLog[] {
  const stream = /^(eni-[0-9a-f]+)(?:-(all|accept|reject))?$/.exec(streamName);
  const interfaceId = stream?.[1];
  const where = interfaceId === undefined ? undefined : places.get(interfaceId);
  const possible = writers.filter(({ resourceId, trafficType }) => {
    const type = stream?.[2];
    // A stream that several flow logs share is named for all traffic, so `all` excludes none.
    const isType =
      type === undefined ||
      type === 'all' ||
      trafficType === undefined ||
      type.toUpperCase() === trafficType;
    if (!isType) return false;
    if (interfaceId === undefined || resourceId === undefined) return true;
    if (resourceId.startsWith('eni-')) return resourceId === interfaceId;
    return where === undefined || where.includes(resourceId);
  });
  const isReplaced = possible.filter(({ goneBy }) => goneBy === undefined).length <= 1;
  if (formatsOf(possible).length <= 1 || !isReplaced) return possible;
  return possible.filter(({ fields }) => fields.length === tokenCount);
}
