/**
 * What the events of Trend Micro Deep Security and Cloud One Workload Security mean, whatever format
 * they came in: module, outcome, severity, host and user.
 *
 * The module follows from the product first and from the signature id second: id 100 is a stateful
 * firewall drop from an agent and a system event from a manager. What an agent in detect mode would
 * have done (`IDS:Reset`) did not happen, and is never `blocked`. Sources: "Syslog message formats"
 * and "Event lists" of the Deep Security manual.
 */
import { canonicalAddress } from '../../address.ts';
import type { Cell } from '../format.ts';
import { protocolOf, textOf, wholeNumber } from './payload-keys.ts';

export type Module =
  | 'intrusion_prevention'
  | 'firewall'
  | 'integrity'
  | 'log_inspection'
  | 'anti_malware'
  | 'web_reputation'
  | 'application_control'
  | 'device_control'
  | 'system'
  | 'other';

export type Disposition = 'blocked' | 'detected' | 'allowed' | 'logged' | 'unknown';

/** An event of a syslog line, with its keys under the names that CEF has for them. */
export type SyslogEvent = {
  format: 'deep_security_cef' | 'deep_security_leef';
  product: string;
  signatureId: string;
  name: string;
  severity: string;
  /** The module in the words of the manager, which only LEEF has. */
  category?: string | undefined;
  keys: ReadonlyMap<string, string>;
  /** Values of `cn1` to `cs6` under their labels. */
  labels: ReadonlyMap<string, string>;
};

const MAX_PORT = 65_535;

/** The columns of an event, less its time, its original and its line. */
export function columnsOf(event: SyslogEvent): Record<string, Cell> {
  const { keys, labels } = event;
  const value = (key: string): string | undefined => textOf(keys.get(key));
  const address = (key: string): string | undefined => canonicalAddress(value(key) ?? '');
  const module = moduleOf(event);
  return {
    product: 'deep_security',
    format: event.format,
    module,
    // Agents label it, but a line whose label was cut off still means the same.
    host_id: textOf(labels.get('Host ID')) ?? (value('cn1Label') ? undefined : value('cn1')),
    ...hostOf([value('dvchost'), value('dvc')]),
    signature_id: textOf(event.signatureId),
    signature_name: textOf(event.name),
    category: textOf(event.category) ?? value('cat'),
    severity: severityOf(event.severity),
    severity_raw: textOf(event.severity),
    action_raw: value('act'),
    disposition: dispositionOf(module, {
      signatureId: event.signatureId,
      action: value('act'),
      result: value('result'),
    }),
    direction: directionOf(keys),
    protocol: protocolOf(value('proto')),
    source_address: address('src'),
    source_port: wholeNumber(value('spt'), MAX_PORT),
    destination_address: address('dst'),
    destination_port: wholeNumber(value('dpt'), MAX_PORT),
    client_address: canonicalAddress(value('xff')?.split(',', 1)[0]?.trim() ?? ''),
    user_name: userOf(module, value('suser'), value('duser')),
    event_count: wholeNumber(value('cnt') ?? value('repeatCount'), Number.MAX_SAFE_INTEGER),
  };
}

/** Id ranges of agents: first id, last id, module. */
const AGENT_MODULES: readonly (readonly [number, number, Module])[] = [
  [10, 10, 'intrusion_prevention'],
  [20, 21, 'firewall'],
  [30, 30, 'integrity'],
  [40, 40, 'log_inspection'],
  // Application control, where LEEF does not say what was recognised.
  [60, 60, 'application_control'],
  [100, 199, 'firewall'],
  [200, 399, 'intrusion_prevention'],
  [500, 899, 'intrusion_prevention'],
  [1_000_000, 1_999_999, 'intrusion_prevention'],
  [2_000_000, 2_999_999, 'integrity'],
  [3_000_000, 3_999_999, 'log_inspection'],
  [4_000_000, 4_999_999, 'anti_malware'],
  [5_000_000, 5_999_999, 'web_reputation'],
  [6_000_000, 6_999_999, 'application_control'],
  [7_000_000, 7_999_999, 'device_control'],
];

/** Modules in the words of LEEF's `cat`, in lower case and without blanks and hyphens. */
const CATEGORIES: ReadonlyMap<string, Module> = new Map([
  ['system', 'system'],
  ['intrusionprevention', 'intrusion_prevention'],
  ['firewall', 'firewall'],
  ['integritymonitor', 'integrity'],
  ['integritymonitoring', 'integrity'],
  ['loginspection', 'log_inspection'],
  ['antimalware', 'anti_malware'],
  ['webreputation', 'web_reputation'],
  ['appcontrol', 'application_control'],
  ['applicationcontrol', 'application_control'],
  ['devicecontrol', 'device_control'],
]);

function moduleOf(event: SyslogEvent): Module {
  const stated = CATEGORIES.get((event.category ?? '').toLowerCase().replace(/[\s_-]/g, ''));
  if (stated) return stated;
  const id = wholeNumber(event.signatureId, Number.MAX_SAFE_INTEGER);
  // A manager's own events have ids below 7,500; it may also pass on what agents saw.
  if (event.product.includes('Manager') && (id === undefined || id < 1_000_000)) return 'system';
  if (id === undefined) return 'other';
  return AGENT_MODULES.find(([first, last]) => id >= first && id <= last)?.[2] ?? 'other';
}

/** What became of the traffic or the file, from the words and the signature id of an event. */
export function dispositionOf(
  module: Module,
  found: {
    signatureId?: string | undefined;
    action?: string | undefined;
    result?: string | undefined;
  },
): Disposition {
  if (module === 'integrity' || module === 'log_inspection' || module === 'system') return 'logged';
  const action = (found.action ?? '').toLowerCase();
  if (isDetectOnly(action)) return 'detected';
  const id = found.signatureId ?? '';
  if (module === 'application_control' && /^6001\d{3}$/.test(id)) return 'detected';
  if (module === 'application_control' && /^6002\d{3}$/.test(id)) return 'blocked';
  if (module === 'web_reputation' && id === '5000001') return 'detected';
  if (module === 'web_reputation' && id === '5000000') return 'blocked';
  if (module !== 'anti_malware') return outcomeOf(action);
  // The result says whether the action worked; an action that failed left the file where it was.
  const result = (found.result ?? '').toLowerCase();
  if (isDetectOnly(result)) return 'detected';
  const stated = outcomeOf(result === '' ? action : result);
  const outcome = stated === 'unknown' ? outcomeOf(action) : stated;
  // Malware that was passed, or only logged, is still there.
  return outcome === 'allowed' || outcome === 'logged' ? 'detected' : outcome;
}

const isDetectOnly = (text: string): boolean => text.startsWith('ids:') || text.includes('detect');

const OUTCOMES: readonly (readonly [RegExp, Disposition])[] = [
  [/^(?:block|reset|deny|denied|drop|insert|delete|replace|reject|prevent)/, 'blocked'],
  [/^(?:quarantine|clean|terminate|access denied)/, 'blocked'],
  [/^log/, 'logged'],
  [/^(?:allow|pass|bypass|force allow|force_allow)/, 'allowed'],
];

function outcomeOf(text: string): Disposition {
  // "Quarantine Failed" left the file where it was; "Quarantined (Scan Failed)" did not.
  if (/^[a-z ]{0,40}fail/.test(text)) return 'detected';
  return OUTCOMES.find(([pattern]) => pattern.test(text))?.[1] ?? 'unknown';
}

/** The manual's scale: 3 low, 6 medium, 8 high, 10 critical; what lies between goes with the next. */
function severityOf(text: string): string | undefined {
  const number = wholeNumber(text, 10);
  if (number === undefined) return undefined;
  if (number <= 3) return 'low';
  if (number <= 6) return 'medium';
  return number <= 8 ? 'high' : 'critical';
}

/** Only one of `in` and `out` is there; which one tells the direction, even where it is 0 bytes. */
function directionOf(keys: ReadonlyMap<string, string>): string | undefined {
  const isIn = keys.has('in');
  if (isIn === keys.has('out')) return undefined;
  return isIn ? 'inbound' : 'outbound';
}

/** Name, address and instance id of the host: real lines put either into either key. */
export function hostOf(
  values: readonly (string | undefined)[],
): Record<'host_name' | 'host_address' | 'instance_id', string | undefined> {
  const given = values.filter((value) => value !== undefined);
  const name = given.find((value) => canonicalAddress(value) === undefined);
  return {
    host_name: name,
    host_address: given.map(canonicalAddress).find((address) => address !== undefined),
    instance_id: /(?:^|\[)(i-[0-9a-f]{8,17})(?:\]|$)/.exec(name ?? '')?.[1],
  };
}

function userOf(
  module: Module,
  source: string | undefined,
  destination: string | undefined,
): string | undefined {
  if (module === 'intrusion_prevention' || module === 'firewall') return undefined;
  return module === 'log_inspection' ? (destination ?? source) : (source ?? destination);
}
