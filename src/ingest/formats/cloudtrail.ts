/**
 * CloudTrail: who changed what of the network and of its logs. Files of a trail (`{"Records": [...]}`),
 * and records in CloudWatch Logs and EventBridge. Source: "CloudTrail record contents", AWS CloudTrail
 * User Guide.
 *
 * Of a record only what reports need is kept, field by field: what callers send may hold anything. Records
 * of other calls, and of those that only read, are counted and not kept.
 */
import type { Format, ReadResult, Sink } from '../format.ts';
import { parseJson, rejectedBytes } from '../json.ts';
import { eventsIn } from './event-envelope.ts';
import { readInventoryText } from './inventory-file.ts';
import type { Row } from './json-events.ts';
import { isJsonObject, type JsonObject, shown, textOf } from './payload-keys.ts';
import { parseIsoTime } from './syslog-time.ts';

/** Calls that change what lets traffic through, and those that start, stop or change logs (`log_changes.sql`). */
const KEPT_EVENTS: ReadonlySet<string> = new Set([
  ...['AuthorizeSecurityGroupIngress', 'AuthorizeSecurityGroupEgress'],
  ...['RevokeSecurityGroupIngress', 'RevokeSecurityGroupEgress', 'ModifySecurityGroupRules'],
  ...['UpdateSecurityGroupRuleDescriptionsIngress', 'UpdateSecurityGroupRuleDescriptionsEgress'],
  ...['CreateSecurityGroup', 'DeleteSecurityGroup', 'ModifyNetworkInterfaceAttribute'],
  ...['ModifyInstanceAttribute', 'CreateNetworkAclEntry', 'DeleteNetworkAclEntry'],
  ...['ReplaceNetworkAclEntry', 'ReplaceNetworkAclAssociation', 'ModifyManagedPrefixList'],
  ...['CreateFlowLogs', 'DeleteFlowLogs'],
  ...[
    'CreateTrail',
    'UpdateTrail',
    'DeleteTrail',
    'StartLogging',
    'StopLogging',
    'PutEventSelectors',
  ],
  ...['StartEventDataStoreIngestion', 'StopEventDataStoreIngestion', 'DeleteEventDataStore'],
  ...['DeleteLogGroup', 'DeleteLogStream', 'PutRetentionPolicy', 'DeleteRetentionPolicy'],
  ...['PutSubscriptionFilter', 'DeleteSubscriptionFilter', 'PutBucketLogging'],
  ...['PutConfigurationRecorder', 'StartConfigurationRecorder', 'StopConfigurationRecorder'],
  ...['DeleteConfigurationRecorder', 'DeleteDeliveryChannel', 'DeleteDeliveryStream'],
  ...['AssociateResolverQueryLogConfig', 'DisassociateResolverQueryLogConfig'],
  ...['DeleteResolverQueryLogConfig', 'CreateDetector', 'UpdateDetector', 'DeleteDetector'],
  ...['UpdateLoggingConfiguration', 'PutLoggingConfiguration', 'DeleteLoggingConfiguration'],
]);

const MAX_AGENT_LENGTH = 200;
const MAX_IDS = 200;

export const cloudTrail: Format = {
  name: 'cloudtrail',
  kind: 'cloudtrail',
  recognises(head) {
    const text = head.toString('utf8').trimStart();
    return (
      /^[{[]/.test(text) &&
      /"eventVersion\\{0,16}"\s{0,8}:/.test(text) &&
      /"eventSource\\{0,16}"\s{0,8}:/.test(text)
    );
  },
  async read(object, sink) {
    const { text, damage } = { text: '', ...(await readInventoryText(object)) };
    if (damage !== undefined) return { lineCount: 0, damage };
    const document = parseJson(text);
    if (document !== undefined) return addDocuments([document], sink);
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    const documents = lines.map((line) => parseJson(line) ?? line);
    if (documents.every((one) => typeof one === 'string')) {
      return { lineCount: 0, damage: 'not readable as JSON, nor as JSON a line' };
    }
    return addDocuments(documents, sink);
  },
};

/** Adds the records of documents; each counts as one line. */
function addDocuments(documents: readonly unknown[], sink: Sink): ReadResult {
  let lineCount = 0;
  for (const document of documents) {
    const { events, problems } = eventsIn(document, isRecord);
    for (const problem of problems) {
      lineCount += 1;
      sink.reject(lineCount, problem, rejectedBytes(document));
    }
    for (const { event } of events) {
      lineCount += 1;
      const row = isRecord(event) ? rowOf(event) : `not a record of CloudTrail (${shown(event)})`;
      if (typeof row === 'string') sink.reject(lineCount, row, rejectedBytes(event));
      else if (row === undefined) sink.count('nodata');
      else sink.add('cloudtrail_event', { ...row, line_number: BigInt(lineCount) });
    }
  }
  return { lineCount };
}

function isRecord(event: JsonObject): boolean {
  return textOf(event.eventName) !== undefined && textOf(event.eventSource) !== undefined;
}

/** The row of a record; undefined for one that is not kept; why it cannot be read. */
function rowOf(record: JsonObject): Row | string | undefined {
  const name = textOf(record.eventName) ?? '';
  if (!KEPT_EVENTS.has(name)) return undefined;
  const id = textOf(record.eventID);
  if (id === undefined) return `eventID is missing (${shown(record.eventID)})`;
  const time = parseIsoTime(textOf(record.eventTime) ?? '');
  if (time === undefined) return `eventTime is no ISO 8601 time (${shown(record.eventTime)})`;
  const identity = objectOf(record.userIdentity);
  const account = textOf(record.recipientAccountId) ?? textOf(identity.accountId);
  const ids = idsIn([record.requestParameters, record.responseElements]);
  return {
    event_id: id,
    event_at: time,
    event_name: name,
    event_source: textOf(record.eventSource),
    account_id: account !== undefined && /^\d{12}$/.test(account) ? account : undefined,
    region: textOf(record.awsRegion),
    actor: actorOf(identity),
    actor_type: textOf(identity.type),
    source_address: textOf(record.sourceIPAddress),
    user_agent: textOf(record.userAgent)?.slice(0, MAX_AGENT_LENGTH),
    error_code: textOf(record.errorCode),
    group_ids: ids.filter((one) => one.startsWith('sg-')),
    rule_ids: ids.filter((one) => one.startsWith('sgr-')),
    resource_ids: ids.filter((one) => !/^sgr?-/.test(one)),
    resource_names: namesIn(objectOf(record.requestParameters)),
  };
}

/** Who called: the session of a role as `role/session`, else the ARN, the service or the type. */
function actorOf(identity: JsonObject): string | undefined {
  const arn = textOf(identity.arn);
  const session = /:assumed-role\/(.+)$/.exec(arn ?? '')?.[1];
  return (
    session ??
    arn ??
    textOf(identity.userName) ??
    textOf(identity.invokedBy) ??
    textOf(identity.principalId) ??
    textOf(identity.type)
  );
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** Ids of resources in request and response, sorted: of groups, rules, interfaces, ACLs and flow logs. */
const RESOURCE_ID = /^(?:sg|sgr|eni|i|acl|aclassoc|pl|fl|vpc|subnet)-[0-9a-f]{8,17}$/;
const MAX_DEPTH = 12;

function idsIn(values: readonly unknown[]): string[] {
  const found = new Set<string>();
  const visit = (value: unknown, depth: number): void => {
    if (depth > MAX_DEPTH || found.size >= MAX_IDS) return;
    if (typeof value === 'string' && RESOURCE_ID.test(value)) found.add(value);
    else if (Array.isArray(value)) for (const item of value) visit(item, depth + 1);
    else if (isJsonObject(value)) for (const item of Object.values(value)) visit(item, depth + 1);
  };
  visit(values, 0);
  return [...found].sort();
}

/** Keys of requests that name a log, or what a log is of. */
const NAME_KEYS = [
  ...['name', 'trailName', 'eventDataStore', 'logGroupName', 'logStreamName', 'bucketName'],
  ...['configurationRecorderName', 'deliveryChannelName', 'deliveryStreamName', 'detectorId'],
  ...['resolverQueryLogConfigId', 'resourceId', 'firewallName', 'firewallArn', 'resourceArn'],
];

/** Requests that state the name in an object of their own. */
const NAMED_OBJECTS = ['configurationRecorder', 'loggingConfiguration'];

/** Names are kept as AWS allows them: letters, digits and some signs, and no more than an ARN may have. */
const NAME = /^[A-Za-z0-9_.:/#@+=*-]{1,512}$/;

function namesIn(request: JsonObject): string | undefined {
  const objects = [request, ...NAMED_OBJECTS.map((key) => objectOf(request[key]))];
  const values = objects.flatMap((one) => NAME_KEYS.map((key) => textOf(one[key])));
  const names = values.flatMap((value) => {
    const isName = value !== undefined && NAME.test(value) && !RESOURCE_ID.test(value);
    return isName ? [value] : [];
  });
  return names.length === 0 ? undefined : [...new Set(names)].join(', ');
}
