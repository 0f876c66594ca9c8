/**
 * Amazon GuardDuty findings: exported to S3 (one a line), as EventBridge events, and as the API's
 * get-findings answers. Keys are the same but for the case of their first letter. What a finding says of
 * the traffic is in `guardduty-action.ts`. Sources: "Finding details" and "Exporting findings" of the
 * GuardDuty User Guide; `Finding` of its API Reference.
 *
 * GuardDuty delivers a finding again as it goes on, under the same id and with a later `updatedAt`; each
 * such state is an event of its own, at the time of the latest activity. It sees, and stops nothing:
 * `blocked` is what it says of EC2's own filters.
 */
import type { Format } from '../format.ts';
import { findingRemotes, type Remote, userOfFinding } from './guardduty-action.ts';
import { at, objectAt, objectsAt, textAt } from './guardduty-keys.ts';
import { headEvents, openingText, type Row, readJsonEvents } from './json-events.ts';
import { type JsonObject, shown, textOf, wholeNumber, withoutPayload } from './payload-keys.ts';
import { parseIsoTime } from './syslog-time.ts';

export const guardDutyFinding: Format = {
  name: 'guardduty_finding',
  kind: 'ips_events',
  recognises(head) {
    if (headEvents(head, isFinding).some(isFinding)) return true;
    // A printed document, or a line longer than the head: its keys stand there all the same.
    const text = openingText(head);
    return (
      /"(?:[Ss]chemaVersion|Findings|detail-type)"\s{0,8}:/.test(text.slice(0, 4096)) &&
      /"[Aa]rn"\s{0,8}:\s{0,8}"arn:[a-z-]{3,12}:guardduty:|"[Ee]ventLastSeen"\s{0,8}:/.test(text)
    );
  },
  async read(object, sink) {
    return readJsonEvents(object, sink, {
      isEvent: isFinding,
      mayBePrinted: true,
      rowsOf({ event, receivedAt }, lineNumber) {
        const rows = rowsOf(event);
        if (typeof rows === 'string') return rows;
        return rows.map((row) => ({ received_at: receivedAt, ...row, line_number: lineNumber }));
      },
    });
  },
};

/** A finding, in any of its spellings; `Service` and `Resource` are what every finding has. */
export function isFinding(event: JsonObject): boolean {
  return (
    textAt(event, 'type') !== undefined &&
    textAt(event, 'id') !== undefined &&
    Object.keys(objectAt(event, 'service')).length > 0 &&
    at(event, 'resource') !== undefined
  );
}

function rowsOf(finding: JsonObject): readonly Row[] | string {
  if (!isFinding(finding)) return `not a finding of GuardDuty (${shown(finding)})`;
  const lastSeen = textAt(objectAt(finding, 'service'), 'eventLastSeen');
  const updated = textAt(finding, 'updatedAt');
  const time = parseIsoTime(lastSeen ?? '') ?? parseIsoTime(updated ?? '');
  if (time === undefined) {
    return `neither eventLastSeen (${shown(lastSeen)}) nor updatedAt (${shown(updated)}) is an ISO 8601 time`;
  }
  const kept = withoutPayload(finding);
  if (kept === undefined) return 'the event is nested too deeply';
  const id = [textAt(finding, 'id'), updated ?? lastSeen].join('/');
  return findingColumns(finding).map((columns, index) => ({
    event_id: index === 0 ? id : `${id}/${index + 1}`,
    product: 'guardduty',
    format: 'guardduty_finding',
    event_at: time,
    time_source: 'record',
    ...columns,
    original: kept.original,
    dropped_keys: kept.droppedKeys,
  }));
}

/** The columns of a finding, once for each remote side: a port probe may list several. */
export function findingColumns(finding: JsonObject): Row[] {
  const account = textAt(finding, 'accountId');
  const type = textAt(finding, 'type');
  const severity = at(finding, 'severity');
  const service = objectAt(finding, 'service');
  const host = hostOfFinding(finding);
  const isSample = isSampleFinding(finding);
  const shared: Row = {
    module: 'threat_detection',
    host_id: host.id,
    host_name: host.name,
    instance_id: host.instanceId,
    account_id: account && /^\d{12}$/.test(account) ? account : undefined,
    signature_id: type,
    signature_name: textAt(finding, 'title'),
    category: isSample ? 'sample' : type?.split(':', 1)[0],
    severity: severityOf(severity),
    severity_raw: textOf(severity),
    event_count: wholeNumber(at(service, 'count'), Number.MAX_SAFE_INTEGER),
  };
  return findingRemotes(finding).map((remote) => ({
    ...shared,
    ...remoteColumns(remote),
    user_name: remote.userName ?? userOfFinding(finding),
    ...(isSample ? { disposition: 'logged' } : {}),
  }));
}

function remoteColumns(remote: Remote): Row {
  const { isSource } = remote;
  return {
    host_address: remote.hostAddress,
    action_raw: remote.action,
    disposition: remote.isBlocked ? 'blocked' : 'detected',
    direction: remote.direction,
    protocol: remote.protocol,
    source_address: isSource ? remote.address : remote.localAddress,
    source_port: isSource ? remote.port : remote.localPort,
    destination_address: isSource ? remote.localAddress : remote.address,
    destination_port: isSource ? remote.localPort : remote.port,
  };
}

/** GuardDuty makes sample findings on request, of instances and attackers that do not exist. */
function isSampleFinding(finding: JsonObject): boolean {
  const additional = objectAt(objectAt(finding, 'service'), 'additionalInfo');
  return (
    at(additional, 'sample') === true || textAt(finding, 'title')?.startsWith('[SAMPLE]') === true
  );
}

/** The resource that the finding is about, as its own service names it. */
function hostOfFinding(finding: JsonObject): Partial<Record<'id' | 'name' | 'instanceId', string>> {
  const resource = objectAt(finding, 'resource');
  const instance = objectAt(resource, 'instanceDetails');
  const instanceId = textAt(instance, 'instanceId');
  const nameTag = objectsAt(instance, 'tags').find((tag) => textAt(tag, 'key') === 'Name');
  const id =
    instanceId ??
    textAt(objectAt(resource, 'rdsDbInstanceDetails'), 'dbInstanceIdentifier') ??
    textAt(objectAt(resource, 'eksClusterDetails'), 'name') ??
    textAt(objectAt(resource, 'ecsClusterDetails'), 'name') ??
    textAt(objectAt(resource, 'lambdaDetails'), 'functionName') ??
    objectsAt(resource, 's3BucketDetails').map((bucket) => textAt(bucket, 'name'))[0];
  const name = nameTag && textAt(nameTag, 'value');
  return {
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
    ...(instanceId && /^i-[0-9a-f]{8,17}$/.test(instanceId) ? { instanceId } : {}),
  };
}

/** "Severity levels for GuardDuty findings": 1.0 low, 4.0 medium, 7.0 high, 9.0 critical, and up. */
function severityOf(value: unknown): string | undefined {
  const text = textOf(value);
  const number = Number(text ?? Number.NaN);
  if (!(number > 0 && number <= 10)) return undefined;
  if (number >= 9) return 'critical';
  if (number >= 7) return 'high';
  return number >= 4 ? 'medium' : 'low';
}
