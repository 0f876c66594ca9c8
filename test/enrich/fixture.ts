/**
 * Tables for tests of enrichment: the tables of ingest in an in-memory DuckDB, filled with rows of the
 * shape that the formats write, and the steps of enrichment run on them in their own order.
 * Times are texts such as `2026-11-02 10:00:00`, UTC.
 */
import { createHash } from 'node:crypto';
import { type Database, readRows } from '../../src/database.ts';
import { duckdbEngine } from '../../src/engines/duckdb.ts';
import { createScopeTable } from '../../src/enrich/scope.ts';
import {
  createScratchTable,
  DAY_STEPS,
  EVENT_STEPS,
  EXTENT_STEP,
  fileOf,
  RECORD_STEPS,
  type Step,
  WHOLE_STEPS,
} from '../../src/enrich/steps.ts';
import { canonicalJson, type JsonObject } from '../../src/ingest/json.ts';
import { addRows, openTables, type Row, type Value } from '../catalogue-rows.ts';

export type { Row, Value };
export { addRows };
export type Scope = Parameters<typeof createScopeTable>[1]['scope'];

export const ACCOUNT = '123456789012';
export const SERIES = `${ACCOUNT}/us-east-1`;
export const DAY = '2026-11-02';

/** The 14 fields of the default format. */
export const DEFAULT_FIELDS = [
  ...['version', 'account-id', 'interface-id', 'srcaddr', 'dstaddr', 'srcport', 'dstport'],
  ...['protocol', 'packets', 'bytes', 'start', 'end', 'action', 'log-status'],
];

/** The fields of versions 3 and 5 that enrichment looks at, beside the default ones. */
export const FULL_FIELDS = [
  ...DEFAULT_FIELDS,
  ...['vpc-id', 'subnet-id', 'instance-id', 'tcp-flags', 'type', 'pkt-srcaddr', 'pkt-dstaddr'],
  'flow-direction',
];

export const INTERFACE = 'eni-0a0000000000000a1';
export const LOCAL = '10.0.1.10';
export const REMOTE = '198.51.100.7';

/** A resource as the EC2 API describes it, with its id under the key that the type has. */
export type Item = { type: string; id: string; configuration: JsonObject };

export type SnapshotOptions = {
  series?: string;
  isComplete?: boolean;
  /** Resource types that the snapshot looked at; those of its items if absent. */
  types?: readonly string[];
};

/** Adds a snapshot: its items, and one `inventory_snapshot` row a resource type. */
export async function addSnapshot(
  database: Database,
  takenAt: string,
  items: readonly Item[],
  options: SnapshotOptions = {},
): Promise<void> {
  const { series = SERIES, isComplete = true } = options;
  const types = options.types ?? [...new Set(items.map((item) => item.type))];
  const common = { series, taken_at: takenAt, object_id: 'inventory' };
  await addRows(
    database,
    'inventory_item',
    items.map(({ type, id, configuration }, index) => ({
      ...common,
      resource_type: type,
      resource_id: id,
      account_id: ACCOUNT,
      region: 'us-east-1',
      configuration: canonicalJson(configuration),
      state_sha256: createHash('sha256').update(canonicalJson(configuration)).digest('hex'),
      line_number: index + 1,
    })),
  );
  await addRows(
    database,
    'inventory_snapshot',
    types.map((type) => ({
      ...common,
      resource_type: type,
      is_complete: isComplete,
      item_count: items.filter((item) => item.type === type).length,
    })),
  );
}

type Tags = Readonly<Record<string, string>>;

const tagList = (tags: Tags = {}): JsonObject[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

export type InterfaceParts = {
  id?: string;
  addresses?: readonly string[];
  /** Prefixes delegated to it, IPv4 or IPv6. */
  prefixes?: readonly string[];
  groups?: readonly string[];
  instance?: string;
  subnet?: string;
  vpc?: string;
  description?: string;
  type?: string;
  tags?: Tags;
};

/** A network interface; the first address is the primary one, and those with `:` are IPv6. */
export function networkInterface(parts: InterfaceParts = {}): Item {
  const { id = INTERFACE, addresses = [LOCAL], prefixes = [], groups = ['sg-a'] } = parts;
  return {
    type: 'network_interface',
    id,
    configuration: {
      NetworkInterfaceId: id,
      Description: parts.description ?? '',
      InterfaceType: parts.type ?? 'interface',
      VpcId: parts.vpc ?? 'vpc-a',
      SubnetId: parts.subnet ?? 'subnet-a',
      PrivateIpAddress: addresses[0] ?? '',
      PrivateIpAddresses: addresses
        .filter((address) => !address.includes(':'))
        .map((address) => ({ PrivateIpAddress: address })),
      Ipv6Addresses: addresses
        .filter((address) => address.includes(':'))
        .map((address) => ({ Ipv6Address: address })),
      Ipv4Prefixes: prefixes
        .filter((prefix) => !prefix.includes(':'))
        .map((prefix) => ({ Ipv4Prefix: prefix })),
      Ipv6Prefixes: prefixes
        .filter((prefix) => prefix.includes(':'))
        .map((prefix) => ({ Ipv6Prefix: prefix })),
      Groups: groups.map((group) => ({ GroupId: group, GroupName: group })),
      ...(parts.instance ? { Attachment: { InstanceId: parts.instance } } : {}),
      TagSet: tagList(parts.tags),
    },
  };
}

/** An instance, subnet, VPC or security group with its tags. */
export function tagged(
  type: 'instance' | 'subnet' | 'vpc' | 'security_group',
  id: string,
  tags: Tags = {},
): Item {
  return { type, id, configuration: { Tags: tagList(tags), GroupName: id } };
}

export type RuleParts = {
  id: string;
  group?: string;
  isEgress?: boolean;
  protocol?: string;
  ports?: readonly [number, number];
  cidr?: string;
  prefixList?: string;
  reference?: string;
  description?: string;
};

/** A rule as `describe-security-group-rules` lists it. */
export function rule(parts: RuleParts): Item {
  const { cidr } = parts;
  return {
    type: 'security_group_rule',
    id: parts.id,
    configuration: {
      SecurityGroupRuleId: parts.id,
      GroupId: parts.group ?? 'sg-a',
      IsEgress: parts.isEgress ?? false,
      IpProtocol: parts.protocol ?? 'tcp',
      FromPort: parts.ports?.[0] ?? -1,
      ToPort: parts.ports?.[1] ?? -1,
      ...(cidr ? { [cidr.includes(':') ? 'CidrIpv6' : 'CidrIpv4']: cidr } : {}),
      ...(parts.prefixList ? { PrefixListId: parts.prefixList } : {}),
      ...(parts.reference ? { ReferencedGroupInfo: { GroupId: parts.reference } } : {}),
      ...(parts.description ? { Description: parts.description } : {}),
    },
  };
}

/** An entry of a prefix list. Its snapshots have a series of their own: `entrySeries`. */
export function prefixEntry(list: string, cidr: string): Item {
  const id = `${list}/${cidr}`;
  return { type: 'prefix_list_entry', id, configuration: { PrefixListId: list, Cidr: cidr } };
}

export const entrySeries = (list: string): string => `${SERIES}/${list}`;

/** A ledger row of a flow log object. */
export function flowObject(objectId: string, parts: Row = {}): Row {
  return {
    object_id: objectId,
    uri: `file:///logs/${objectId}`,
    source: 'flow_logs[0]',
    kind: 'flow_logs',
    fields: DEFAULT_FIELDS,
    status: 'loaded',
    ...parts,
  };
}

/** A flow of object `o`: SSH-like from REMOTE into LOCAL, at 10:00, unless said otherwise. */
export function flow(lineNumber: number, parts: Row = {}): Row {
  return {
    version: 2,
    account_id: ACCOUNT,
    interface_id: INTERFACE,
    srcaddr: REMOTE,
    dstaddr: LOCAL,
    srcport: 50_000,
    dstport: 443,
    protocol: 6,
    packets: 3,
    bytes: 180,
    start_at: `${DAY} 10:00:00`,
    end_at: `${DAY} 10:00:30`,
    action: 'ACCEPT',
    log_status: 'OK',
    object_id: 'o',
    line_number: lineNumber,
    flow_date: DAY,
    ...parts,
  };
}

/** An event of the IPS that blocked what `flow` shows, in the middle of it, unless said otherwise. */
export function ipsEvent(eventId: string, parts: Row = {}): Row {
  return {
    event_id: eventId,
    product: 'deep_security',
    module: 'intrusion_prevention',
    event_at: `${DAY} 10:00:10`,
    disposition: 'blocked',
    signature_id: '1000853',
    protocol: 6,
    source_address: REMOTE,
    source_port: 50_000,
    destination_address: LOCAL,
    destination_port: 443,
    object_id: 'e',
    line_number: 1,
    event_date: DAY,
    ...parts,
  };
}

export type StepOptions = {
  scope?: Scope;
  date?: string;
  maxAgeHours?: number;
  backdateHours?: number;
  clockToleranceSeconds?: number;
  /** Only the steps of these names; all if absent. */
  steps?: ReadonlySet<string>;
};

const STEPS: readonly Step[] = [
  ...WHOLE_STEPS,
  EXTENT_STEP,
  ...DAY_STEPS,
  ...RECORD_STEPS,
  ...EVENT_STEPS,
];

/** Names of the steps that a query reads, and of those that they read in turn. */
export function stepsOf(sql: string): ReadonlySet<string> {
  const found = new Set<string>();
  const waiting = [sql];
  for (let text = waiting.pop(); text !== undefined; text = waiting.pop()) {
    const read = text.replaceAll(/--.*/g, '').matchAll(/\b(?:from|join)\s+(\w+)/g);
    const names = new Set([...read].map(([, name]) => name));
    for (const step of STEPS) {
      if (!names.has(step.name) || found.has(step.name)) continue;
      found.add(step.name);
      waiting.push(fileOf(step).text);
    }
  }
  return found;
}

/** Runs every step of enrichment in order, for one day, each as a temporary table. */
export async function runSteps(database: Database, options: StepOptions = {}): Promise<void> {
  const { scope = [], date = DAY, maxAgeHours = 24, backdateHours = 0, steps } = options;
  const { clockToleranceSeconds = 60 } = options;
  const day = (days: number): string =>
    new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);
  const parameters = {
    metadata_max_age_seconds: BigInt(maxAgeHours * 3600),
    metadata_backdate_seconds: BigInt(backdateHours * 3600),
    event_clock_tolerance_seconds: BigInt(clockToleranceSeconds),
    flow_date: date,
    event_date: date,
    first_event_date: day(-1),
    last_event_date: day(1),
    event_from: day(-1),
    event_until: day(2),
  };
  await createScopeTable(duckdbEngine(database.connection), { scope });
  for (const step of STEPS) {
    if (steps && !steps.has(step.name)) continue;
    await createScratchTable(database.connection, step, parameters);
  }
}

function plain(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString().replace('T', ' ').replace('.000Z', '');
  if (typeof value === 'bigint') return Number(value);
  return value ?? null;
}

/** Rows of a query; times as texts, whole numbers as numbers. */
export async function read(
  database: Database,
  sql: string,
): Promise<Readonly<Record<string, unknown>>[]> {
  const rows = await readRows<Record<string, unknown>>(database.connection, sql);
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)])),
  );
}

/** `read` on a new database that `fill` has filled and the steps that the query depends on have run on. */
export async function enrichAndRead(
  fill: (database: Database) => Promise<void>,
  sql: string,
  options: StepOptions = {},
): Promise<Readonly<Record<string, unknown>>[]> {
  const database = await openTables(['ingest']);
  try {
    await fill(database);
    await runSteps(database, { steps: stepsOf(sql), ...options });
    return await read(database, sql);
  } finally {
    database.close();
  }
}
