/**
 * The columns of an event in Suricata's EVE JSON ("Eve JSON Format" of the Suricata User Guide, and its
 * schema.json), whatever it is wrapped in: Suricata's own log, AWS Network Firewall, Wazuh.
 *
 * `alert.action` is what the rule wanted, `verdict.action` what became of the packet: the verdict
 * decides where there is one. An alert that let the packet through is `detected`, never `allowed`,
 * so that it cannot be read as a permitted connection. Addresses are those of the packet, which may
 * have gone from server to client.
 */
import { canonicalAddress } from '../../address.ts';
import { MAX_PORT, type Row } from './json-events.ts';
import { isJsonObject, type JsonObject, protocolOf, textOf, wholeNumber } from './payload-keys.ts';

/** Module, signature, outcome, addresses and user of an event; neither its time nor its original. */
export function eveColumns(event: JsonObject): Row {
  const type = textOf(event.event_type) ?? '';
  const alert = child(event, 'alert');
  const anomaly = child(event, 'anomaly');
  const address = (value: unknown): string | undefined => canonicalAddress(textOf(value) ?? '');
  const isPacket = type === 'alert' || type === 'drop';
  return {
    module: moduleOf(type),
    signature_id: textOf(alert.signature_id),
    signature_name: textOf(alert.signature) ?? textOf(anomaly.event),
    category: textOf(alert.category) ?? textOf(anomaly.type),
    severity: PRIORITIES.get(textOf(alert.severity) ?? ''),
    severity_raw: textOf(alert.severity),
    action_raw: actionOf(event, type),
    disposition: dispositionOf(event, type),
    protocol: type === 'stats' ? null : protocolOf(event.proto),
    source_address: address(event.src_ip),
    source_port: wholeNumber(event.src_port, MAX_PORT),
    destination_address: address(event.dest_ip),
    destination_port: wholeNumber(event.dest_port, MAX_PORT),
    client_address: address(event.xff ?? alert.xff ?? child(event, 'http').xff),
    user_name: userOf(event),
    event_count: isPacket ? 1 : undefined,
  };
}

/** Priorities of rules, 1 the highest, as classification.config names them; it has no critical. */
export const PRIORITIES: ReadonlyMap<string, string> = new Map([
  ['1', 'high'],
  ['2', 'medium'],
  ['3', 'low'],
  ['4', 'low'],
]);

/** Event types that neither report an attack nor what a protocol said. */
const MODULES: ReadonlyMap<string, string> = new Map([
  ['alert', 'intrusion_prevention'],
  ['drop', 'intrusion_prevention'],
  ['flow', 'flow'],
  ['netflow', 'flow'],
  ['stats', 'heartbeat'],
  ['anomaly', 'anomaly'],
  ...['engine', 'metadata', 'stream', 'stream_tcp', 'frame'].map(
    (name) => [name, 'other'] as const,
  ),
]);

/** What is left are logs of protocols (http, dns, tls, smb, fileinfo): new ones come with versions. */
function moduleOf(type: string): string {
  return MODULES.get(type) ?? 'protocol';
}

function actionOf(event: JsonObject, type: string): string | undefined {
  if (type === 'alert') return verdictOf(event) ?? textOf(child(event, 'alert').action);
  if (type === 'drop') return verdictOf(event) ?? textOf(child(event, 'alert').action) ?? 'drop';
  return textOf(child(event, 'flow').action);
}

/** What became of the packet; a drop may say it within itself. */
function verdictOf(event: JsonObject): string | undefined {
  return (
    textOf(child(event, 'verdict').action) ?? textOf(child(child(event, 'drop'), 'verdict').action)
  );
}

function dispositionOf(event: JsonObject, type: string): string {
  if (type !== 'alert' && type !== 'drop') return 'logged';
  // Packets read from a file had long arrived when Suricata simulated to drop them.
  if (event.pcap_cnt !== undefined || event.pcap_filename !== undefined) return 'detected';
  const decided = verdictOf(event)?.toLowerCase();
  if (decided === 'drop' || decided === 'reject') return 'blocked';
  if (decided === 'alert' || decided === 'pass' || decided === 'accept') return 'detected';
  if (type === 'drop') return 'blocked';
  const wanted = textOf(child(event, 'alert').action)?.toLowerCase();
  if (wanted === 'blocked') return 'blocked';
  return wanted === 'allowed' ? 'detected' : 'unknown';
}

/** The user that a client named to a service. Whether the service let them in, the event may not say. */
function userOf(event: JsonObject): string | undefined {
  const ftp = child(event, 'ftp');
  const pop3 = child(child(event, 'pop3'), 'request');
  return (
    textOf(child(event, 'krb5').cname) ??
    textOf(child(child(event, 'smb'), 'ntlmssp').user) ??
    (isUserCommand(ftp.command) ? textOf(ftp.command_data) : undefined) ??
    (isUserCommand(pop3.command) && Array.isArray(pop3.args) ? textOf(pop3.args[0]) : undefined) ??
    textOf(child(child(child(event, 'pgsql'), 'request'), 'startup_parameters').user) ??
    textOf(child(child(event, 'mqtt'), 'connect').username) ??
    textOf(child(child(child(event, 'ldap'), 'request'), 'bind_request').name) ??
    textOf(child(event, 'snmp').usm) ??
    textOf(child(event, 'rdp').cookie)
  );
}

const isUserCommand = (command: unknown): boolean => textOf(command)?.toUpperCase() === 'USER';

/** The object under a key; an empty one if there is none. */
export function child(parent: JsonObject, key: string): JsonObject {
  const value = parent[key];
  return isJsonObject(value) ? value : {};
}
