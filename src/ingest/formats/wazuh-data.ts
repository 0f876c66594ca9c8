/**
 * What the decoded fields of a Wazuh alert say of the traffic: Wazuh's own field names (`srcip`), those of
 * Suricata's events, of Windows events, and of what was fetched from AWS (documentation.wazuh.com:
 * "Decoders syntax", "Monitoring AWS").
 */
import { canonicalAddress } from '../../address.ts';
import { child, eveColumns } from './eve-event.ts';
import { findingColumns, isFinding } from './guardduty-finding.ts';
import { MAX_PORT, type Row } from './json-events.ts';
import { isJsonObject, type JsonObject, protocolOf, textOf, wholeNumber } from './payload-keys.ts';

/** Module, outcome and addresses of an alert. `groups` are those of its rule, in lower case. */
export function dataColumns(alert: JsonObject, groups: readonly string[]): Row {
  const data = child(alert, 'data');
  const eve = eveOf(data);
  if (eve) return { ...trafficOf(eveColumns(eve)), module: eveColumns(eve).module };
  const aws = child(data, 'aws');
  if (isFinding(aws)) {
    const [first = {}] = findingColumns(aws);
    const { host_id, host_name, host_address, instance_id, account_id } = first;
    const host = { host_id, host_name, host_address, instance_id, account_id };
    return { ...trafficOf(first), ...host, module: 'threat_detection' };
  }
  const module = moduleOf(groups);
  const windows = child(child(data, 'win'), 'eventdata');
  const source = data.srcip ?? aws.srcaddr ?? aws.sourceIPAddress;
  const destination = data.dstip ?? aws.dstaddr;
  const action = textOf(data.action) ?? textOf(aws.action);
  return {
    module,
    action_raw: action,
    disposition: module === 'active_response' ? 'logged' : dispositionOf(action),
    protocol: protocolOf(data.protocol ?? aws.protocol ?? windows.protocol),
    source_address: addressOf(source ?? windows.sourceIp ?? windows.ipAddress),
    source_port: portOf(data.srcport ?? aws.srcport ?? windows.sourcePort ?? windows.ipPort),
    destination_address: addressOf(destination ?? windows.destinationIp),
    destination_port: portOf(data.dstport ?? aws.dstport ?? windows.destinationPort),
  };
}

/**
 * The user who acted, as far as the alert tells: where somebody became somebody else (sudo, su), the
 * former; of a logon, the account that was logged on to.
 */
export function userOfAlert(alert: JsonObject, groups: readonly string[]): string | undefined {
  const data = child(alert, 'data');
  const eve = eveOf(data);
  if (eve) return textOf(eveColumns(eve).user_name);
  const aws = child(data, 'aws');
  if (isFinding(aws)) return textOf(findingColumns(aws)[0]?.user_name);
  const identity = child(aws, 'userIdentity');
  const windows = child(child(data, 'win'), 'eventdata');
  const isLogon = groups.some((group) => group.startsWith('authentication'));
  const target = windowsUser(windows.targetUserName);
  const subject = windowsUser(windows.subjectUserName);
  const audit = child(child(alert, 'syscheck'), 'audit');
  return (
    textOf(data.srcuser) ??
    textOf(data.dstuser) ??
    textOf(identity.userName) ??
    textOf(identity.arn) ??
    (isLogon ? (target ?? subject) : (subject ?? target)) ??
    textOf(child(audit, 'login_user').name) ??
    textOf(child(audit, 'user').name)
  );
}

/** Groups of rules, in the order in which they decide, and the module that they stand for. */
const MODULES: readonly (readonly [string, string])[] = [
  ['active_response', 'active_response'],
  ['syscheck', 'integrity'],
  ['rootcheck', 'integrity'],
  ['virustotal', 'anti_malware'],
  ['yara', 'anti_malware'],
  ['clamd', 'anti_malware'],
  ['ids', 'intrusion_prevention'],
  ['firewall', 'firewall'],
  ['amazon-vpcflow', 'firewall'],
  ['sca', 'other'],
  ['vulnerability-detector', 'other'],
];

function moduleOf(groups: readonly string[]): string {
  const known = MODULES.find(([group]) => groups.includes(group))?.[1];
  if (known !== undefined) return known;
  // What Wazuh says of itself, such as an agent that started.
  return groups.includes('ossec') || groups.includes('wazuh') ? 'system' : 'log_inspection';
}

/** The event of Suricata that the data is, if it is one. Without a type it must be an alert. */
function eveOf(data: JsonObject): JsonObject | undefined {
  if (data.src_ip === undefined && data.dest_ip === undefined) return undefined;
  if (textOf(data.event_type) !== undefined) return data;
  return isJsonObject(data.alert) ? { ...data, event_type: 'alert' } : undefined;
}

/** The columns on which the relayed event knows more than the alert; the rule stays Wazuh's. */
function trafficOf(row: Row): Row {
  return {
    action_raw: row.action_raw,
    disposition: row.disposition,
    direction: row.direction,
    protocol: row.protocol,
    source_address: row.source_address,
    source_port: row.source_port,
    destination_address: row.destination_address,
    destination_port: row.destination_port,
    client_address: row.client_address,
    event_count: row.event_count,
  };
}

/** Words of firewalls. What would have been done, or was only detected, was let through. */
const OUTCOMES: readonly (readonly [RegExp, string])[] = [
  [/would|detect|simulat|alert|monitor/, 'detected'],
  [/^(?:drop|den(?:y|ied)|block|reject|discard|reset)/, 'blocked'],
  [/^(?:allow|accept|pass|permit)/, 'allowed'],
];

function dispositionOf(action: string | undefined): string {
  const word = action?.toLowerCase() ?? '';
  return OUTCOMES.find(([pattern]) => pattern.test(word))?.[1] ?? 'logged';
}

/** Windows writes `-` for nobody, and accounts of computers end in `$`. */
function windowsUser(value: unknown): string | undefined {
  const name = textOf(value);
  return name === '-' || name?.endsWith('$') ? undefined : name;
}

/** Windows writes IPv4 peers of dual sockets as IPv6. */
function addressOf(value: unknown): string | undefined {
  return canonicalAddress((textOf(value) ?? '').replace(/^::ffff:(?=\d{1,3}\.)/i, ''));
}

function portOf(value: unknown): number | undefined {
  return wholeNumber(value, MAX_PORT);
}
