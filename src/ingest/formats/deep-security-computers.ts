/**
 * The agent inventory of Trend Micro Deep Security and Cloud One Workload Security: the computers of a
 * manager as `GET /api/computers` answers (Automation Center, "List Computers"), in one document or in
 * one a page. A computer is a record; it may have no agent, where a cloud connector only found it.
 *
 * When the list was taken stands in the path, in a top-level key `taken_at` or in the configuration; else
 * the object's own modification time is taken, and the rows say so.
 */
import type { Cell, Format, LocalObject, ReadResult, Sink } from '../format.ts';
import { isObject, type Json, type JsonObject, rejectedBytes, textOf } from '../json.ts';
import { jsonValuesIn } from '../json-values.ts';
import { hostOf } from './deep-security-event.ts';
import { readInventoryText } from './inventory-file.ts';
import { takenTime } from './inventory-place.ts';
import { shown, wholeNumber, withoutPayload } from './payload-keys.ts';

/** The most computers that the API gives in one answer; more are on a next page. */
const PAGE_SIZE = 5000;

/** Later than any time that a computer has; numbers above are no milliseconds. */
const MAX_MILLISECONDS = Date.UTC(9999, 11, 31);

export const deepSecurityComputers: Format = {
  name: 'deep_security_computers',
  kind: 'ips_events',
  recognises(head) {
    const text = head.toString('utf8');
    const list =
      /^\ufeff?\s*\{(?:\s*"taken_?[aA]t"\s*:\s*"[^"]{0,40}"\s*,)?\s*"computers"\s*:\s*\[/.exec(
        text,
      );
    if (!list) return false;
    const rest = text.slice(list[0].length);
    return (
      /^\s*\]/.test(rest) || /"(?:hostName|agentVersion|computerStatus|hostGUID)"\s*:/.test(rest)
    );
  },
  async read(object, sink) {
    const read = await readInventoryText(object);
    if (read.damage !== undefined) return { lineCount: 0, damage: read.damage };
    return addPages(read.text, object, sink);
  },
};

function addPages(text: string, object: LocalObject, sink: Sink): ReadResult {
  const { values, broken } = documentsIn(text);
  const pages: { page: JsonObject; computers: Json[] }[] = [];
  const problems: { reason: string; bytes: Buffer }[] = broken.map((piece) => ({
    reason: `not JSON (${shown(piece)})`,
    bytes: Buffer.from(piece),
  }));
  for (const value of values as Json[]) {
    const computers = isObject(value) ? value.computers : undefined;
    if (isObject(value) && Array.isArray(computers)) pages.push({ page: value, computers });
    else
      problems.push({
        reason: `no list of computers (${shown(value)})`,
        bytes: rejectedBytes(value),
      });
  }
  const first = pages[0];
  if (!first) return { lineCount: 0, damage: problems[0]?.reason ?? 'no list of computers in it' };
  const stated = takenTime(first.page, object);
  const report = {
    product: 'deep_security',
    series: seriesOf(object.uri),
    reported_at: stated ?? object.modifiedAt,
    time_source: stated === undefined ? 'modified_at' : 'stated',
  };
  let number = 0;
  let agentCount = 0;
  for (const { computers } of pages) {
    for (const computer of computers) {
      number += 1;
      const row = isObject(computer) ? rowOf(computer) : `not a computer (${shown(computer)})`;
      if (typeof row === 'string') {
        sink.reject(number, row, rejectedBytes(computer));
        continue;
      }
      if (row.has_agent !== false) agentCount += 1;
      sink.add('ips_agent', {
        ...report,
        format: 'deep_security_computers',
        ...row,
        line_number: number,
      });
    }
  }
  for (const { reason, bytes } of problems) {
    number += 1;
    sink.reject(number, reason, bytes);
  }
  // What a page that was not read, or was not asked for, holds is not known.
  const isFull = pages.at(-1)?.computers.length === PAGE_SIZE;
  sink.add(
    'ips_agent_list',
    { ...report, is_complete: problems.length === 0 && !isFull, agent_count: agentCount },
    true,
  );
  return { lineCount: number };
}

/** A list may be larger than what is read of several documents, one after the other. */
function documentsIn(text: string): { values: unknown[]; broken: string[] } {
  try {
    return { values: [JSON.parse(text.replace(/^\ufeff/, ''))], broken: [] };
  } catch {
    return jsonValuesIn(text);
  }
}

/** Lists of one manager follow each other: where they are kept, less what is a time in the path. */
function seriesOf(uri: string): string {
  return uri.replace(
    /(?<!\d)20\d\d([-/]?)\d\d\1\d\d(?:[T_]\d\d[-:]?\d\d(?:[-:]?\d\d)?(?:\.\d{1,9})?Z?|\/\d\d(?=\/))?(?!\d)/g,
    '*',
  );
}

/** Modules of a computer by the names that events have for them. */
const MODULES = {
  intrusionPrevention: 'intrusion_prevention',
  firewall: 'firewall',
  integrityMonitoring: 'integrity',
  logInspection: 'log_inspection',
  antiMalware: 'anti_malware',
  webReputation: 'web_reputation',
  applicationControl: 'application_control',
  deviceControl: 'device_control',
  activityMonitoring: 'activity_monitoring',
} as const;

function rowOf(computer: JsonObject): Record<string, Cell> | string {
  const hostId = idOf(computer.ID);
  const hostName = textOf(computer.hostName);
  if (hostId === undefined && hostName === undefined) {
    return `neither ID nor hostName (${shown(computer)})`;
  }
  // Settings hold passwords, such as the one that protects the agent.
  const { computerSettings: _, ...rest } = computer;
  const kept = withoutPayload(rest);
  if (kept === undefined) return 'the computer is nested too deeply';
  const ec2 = child(computer, 'ec2VirtualMachineSummary');
  // What the agent says of itself where the manager has no connector to the account.
  const own = child(computer, 'noConnectorVirtualMachineSummary');
  const status = child(computer, 'computerStatus');
  const prevention = child(computer, 'intrusionPrevention');
  const module = child(prevention, 'moduleStatus');
  const updates = child(computer, 'securityUpdates');
  const host = hostOf([hostName, textOf(computer.lastIPUsed), textOf(ec2.privateIPAddress)]);
  return {
    host_id: hostId,
    host_name: host.host_name,
    display_name: textOf(computer.displayName),
    host_address: host.host_address,
    instance_id: instanceOf(ec2.instanceID) ?? instanceOf(own.instanceID) ?? host.instance_id,
    account_id: accountOf(ec2.accountID) ?? accountOf(own.accountID),
    platform: textOf(computer.platform),
    agent_version: textOf(computer.agentVersion),
    agent_status: textOf(status.agentStatus),
    agent_message: textsOf(status.agentStatusMessages) ?? textOf(status.agentStatusMessage),
    ips_mode: textOf(prevention.state),
    ips_status: textOf(module.agentStatus),
    ips_message: textOf(module.agentStatusMessage),
    module_states: statesOf(computer),
    policy_id: idOf(computer.policyID),
    rule_count: ruleCountOf(prevention, module),
    update_status: textOf(child(updates, 'updateStatus').statusMessage),
    has_agent: hasAgent(computer),
    last_contact_at: timeOf(computer.lastAgentCommunication),
    policy_sent_at: timeOf(computer.lastSendPolicySuccess),
    rules_updated_at: timeOf(updates.lastChanged),
    original: kept.original,
  };
}

/**
 * False where the manager knows the computer and no agent on it: the version is then 0.0.0.0, and there
 * is no fingerprint. Undefined where the list was asked for without either.
 */
function hasAgent(computer: JsonObject): boolean | undefined {
  const version = textOf(computer.agentVersion);
  if (textOf(computer.agentFingerPrint) !== undefined) return true;
  if (version !== undefined) return !/^0(?:\.0)*$/.test(version);
  return timeOf(computer.lastAgentCommunication) === undefined ? undefined : true;
}

/** `ruleIDs`, else the number in words such as "On, Prevent, 50 rules". */
function ruleCountOf(prevention: JsonObject, module: JsonObject): number | undefined {
  if (Array.isArray(prevention.ruleIDs)) return prevention.ruleIDs.length;
  const words = /\b(no|\d{1,6}) rules?\b/i.exec(textOf(module.agentStatusMessage) ?? '')?.[1];
  return words === undefined ? undefined : (wholeNumber(words, Number.MAX_SAFE_INTEGER) ?? 0);
}

function statesOf(computer: JsonObject): Map<string, string> | undefined {
  const states = new Map<string, string>();
  for (const [key, name] of Object.entries(MODULES)) {
    const state = textOf(child(computer, key).state);
    if (state !== undefined) states.set(name, state);
  }
  return states.size === 0 ? undefined : states;
}

function child(parent: JsonObject, key: string): JsonObject {
  const value = parent[key];
  return isObject(value) ? value : {};
}

/** Ids are numbers in this API, and text where another tool wrote it. */
function idOf(value: Json | undefined): string | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : textOf(value);
}

function instanceOf(value: Json | undefined): string | undefined {
  return /^i-[0-9a-f]{8,17}$/.exec(textOf(value) ?? '')?.[0];
}

function accountOf(value: Json | undefined): string | undefined {
  return /^\d{12}$/.exec(textOf(value) ?? '')?.[0];
}

function textsOf(value: Json | undefined): string | undefined {
  if (!Array.isArray(value)) return undefined;
  const texts = value.map(textOf).filter((text) => text !== undefined);
  return texts.length === 0 ? undefined : texts.join('; ');
}

/** Milliseconds since 1970; 0 and below stand for never. */
function timeOf(value: Json | undefined): Date | undefined {
  const milliseconds = wholeNumber(value, MAX_MILLISECONDS);
  return milliseconds === undefined || milliseconds === 0 ? undefined : new Date(milliseconds);
}
