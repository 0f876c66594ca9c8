/**
 * Inventory as the AWS CLI prints it: saved `aws ec2 describe-*` output, and
 * `get-managed-prefix-list-entries` with the list's id in the file name.
 *
 * The time at which it was taken must be stated: in the path (2026-11-02T13-59-30Z, with or without
 * separators), by a top-level key `taken_at`, or by the configuration. The file's own modification
 * time is not used: copying a file would silently change what was true when.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { canonicalAddress } from '../../address.ts';
import { messageOf } from '../../errors.ts';
import type { Format, LocalObject, ReadResult, Sink } from '../format.ts';
import { canonicalJson, isObject, type Json, type JsonObject, textOf } from '../json.ts';
import { isGzip } from '../lines.ts';
import { rulesOf } from './describe-rules.ts';

type ItemType = { key: string; resourceType: string; id: (item: JsonObject) => Json | undefined };

const ITEM_TYPES: readonly ItemType[] = [
  { key: 'Reservations', resourceType: 'instance', id: (item) => item.InstanceId },
  {
    key: 'NetworkInterfaces',
    resourceType: 'network_interface',
    id: (item) => item.NetworkInterfaceId,
  },
  { key: 'SecurityGroups', resourceType: 'security_group', id: (item) => item.GroupId },
  {
    key: 'SecurityGroupRules',
    resourceType: 'security_group_rule',
    id: (item) => item.SecurityGroupRuleId,
  },
  { key: 'Subnets', resourceType: 'subnet', id: (item) => item.SubnetId },
  { key: 'Vpcs', resourceType: 'vpc', id: (item) => item.VpcId },
  { key: 'FlowLogs', resourceType: 'flow_log', id: (item) => item.FlowLogId },
  { key: 'PrefixLists', resourceType: 'prefix_list', id: (item) => item.PrefixListId },
  { key: 'Entries', resourceType: 'prefix_list_entry', id: (item) => item.Cidr },
];

/**
 * Keys that are no part of a resource's state: values that change without anything having changed that
 * a report could say, and permissions, which are rules with states of their own.
 */
const KEYS_OUTSIDE_THE_STATE: ReadonlySet<string> = new Set([
  'IpPermissions',
  'IpPermissionsEgress',
  'UsageOperationUpdateTime',
  'AvailableIpAddressCount',
  'Status',
  'StateTransitionReason',
]);

const MAX_BYTES = 512 * 1024 * 1024;

export const describeJson: Format = {
  name: 'aws_describe_json',
  kind: 'inventory',
  recognises(head) {
    const text = head.toString('utf8').trimStart();
    return text.startsWith('{') && ITEM_TYPES.some(({ key }) => text.includes(`"${key}"`));
  },
  async read(object, sink) {
    const damaged = (damage: string): ReadResult => ({ lineCount: 0, damage });
    const { size } = await stat(object.path);
    if (size > MAX_BYTES) return damaged(`inventory file of ${size} bytes is over ${MAX_BYTES}`);
    let document: JsonObject;
    try {
      const bytes = await readFile(object.path);
      const plain = isGzip(bytes) ? gunzipSync(bytes, { maxOutputLength: MAX_BYTES }) : bytes;
      // Some shells write a byte order mark before what they redirect to a file.
      document = JSON.parse(plain.toString('utf8').replace(/^\uFEFF/, '')) as JsonObject;
    } catch (thrown) {
      return damaged(`not readable as JSON: ${messageOf(thrown)}`);
    }
    const takenAt = takenTime(document, object);
    if (takenAt === undefined) {
      return damaged(
        'when it was taken is not known: put the time into the path (.../2026-11-02T13-59-30Z/...) or add a key "taken_at"',
      );
    }
    return addDocument(document, takenAt, object, sink);
  },
};

/** The time in a top-level key, the configuration or the path, in this order. */
export function takenTime(document: JsonObject, object: LocalObject): Date | undefined {
  const stated = document.taken_at ?? document.TakenAt ?? document.takenAt;
  const statedTime = typeof stated === 'string' ? readStatedTime(stated) : undefined;
  if (statedTime) return statedTime;
  if (object.hints.takenAt) return object.hints.takenAt;
  const times = [
    ...object.uri.matchAll(
      /(\d{4})-?(\d{2})-?(\d{2})T(\d{2})[-:]?(\d{2})(?:[-:]?(\d{2})(?:\.\d{1,9})?)?Z/g,
    ),
  ];
  const last = times.at(-1);
  if (!last) return undefined;
  const [, year, month, day, hour, minute, second = '00'] = last;
  return readStatedTime(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/**
 * A time as ISO 8601 writes it, with `Z` or an offset: without either it would be the local time of
 * whichever machine reads it. A date alone is its first instant in UTC.
 */
function readStatedTime(text: string): Date | undefined {
  const match =
    /^(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/.exec(
      text,
    );
  const day = match?.[1] === undefined ? Number.NaN : Date.parse(match[1]);
  // JavaScript reads 30 February as 2 March; that is no date.
  if (Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== match?.[1])
    return undefined;
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

function addDocument(
  document: JsonObject,
  takenAt: Date,
  object: LocalObject,
  sink: Sink,
): ReadResult {
  const present = ITEM_TYPES.filter(({ key }) => Array.isArray(document[key]));
  if (present.length === 0) {
    return { lineCount: 0, damage: 'none of the known lists of describe-* output is in it' };
  }
  const place = placeOf(object);
  // An incomplete page does not show everything: what it lacks may exist all the same.
  const isComplete = textOf(document.NextToken) === undefined;
  let lineCount = 0;

  const addItem = (resourceType: string, series: string, id: string, item: JsonObject): void =>
    sink.add(
      'inventory_item',
      {
        resource_type: resourceType,
        resource_id: id,
        account_id: textOf(item.OwnerId ?? item.GroupOwnerId) ?? place.accountId,
        region: place.region ?? regionOf(item),
        series,
        taken_at: takenAt,
        configuration: canonicalJson(item),
        state_sha256: sha256(canonicalJson(item, KEYS_OUTSIDE_THE_STATE)),
        line_number: lineCount,
      },
      series.endsWith(DERIVED_SERIES),
    );
  const addSnapshot = (resourceType: string, series: string, count: number): void =>
    sink.add(
      'inventory_snapshot',
      {
        resource_type: resourceType,
        series,
        taken_at: takenAt,
        is_complete: isComplete,
        item_count: count,
      },
      true,
    );

  for (const type of present) {
    const series = seriesOf(type, place);
    let itemCount = 0;
    let ruleCount = 0;
    for (const item of listOf(document, type)) {
      lineCount += 1;
      const refusal = series === undefined ? NO_PREFIX_LIST : `${type.key}[] item has no id`;
      const id = isObject(item) ? textOf(type.id(item)) : undefined;
      if (!isObject(item) || id === undefined || series === undefined) {
        sink.reject(lineCount, refusal, jsonBytes(item));
        continue;
      }
      if (!isShallow(item)) {
        sink.reject(
          lineCount,
          `${type.key}[] item is nested deeper than ${MAX_DEPTH}`,
          jsonBytes(id),
        );
        continue;
      }
      itemCount += 1;
      if (type.resourceType === 'prefix_list_entry') {
        const entry = { ...item, PrefixListId: place.prefixListId ?? '' };
        addItem(type.resourceType, series, `${place.prefixListId}/${id}`, entry);
        continue;
      }
      addItem(type.resourceType, series, id, withCanonicalAddresses(item));
      if (type.resourceType !== 'security_group') continue;
      for (const rule of rulesOf(item, id)) {
        addItem('security_group_rule', series + DERIVED_SERIES, rule.id, rule.item);
        ruleCount += 1;
      }
    }
    if (series === undefined) continue;
    // A snapshot that shows nothing is still one: it ends what an earlier one showed.
    addSnapshot(type.resourceType, series, itemCount);
    if (type.resourceType === 'security_group') {
      addSnapshot('security_group_rule', series + DERIVED_SERIES, ruleCount);
    }
  }
  return { lineCount };
}

function jsonBytes(value: Json): Buffer {
  return Buffer.from(JSON.stringify(isShallow(value) ? value : null));
}

/** What is nested deeper, as nothing of AWS is, could exhaust the stack. */
const MAX_DEPTH = 100;

function isShallow(value: Json, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth < MAX_DEPTH && Object.values(value).every((member) => isShallow(member, depth + 1));
}

/** Marks the series of rules that were taken from groups; `security_group_rule.sql` prefers others. */
const DERIVED_SERIES = '#permissions';

const NO_PREFIX_LIST =
  'the prefix list of these entries is not known: put its id (pl-...) into the file name';

function listOf(document: JsonObject, type: ItemType): Json[] {
  const list = document[type.key];
  if (!Array.isArray(list)) return [];
  return type.key === 'Reservations' ? list.flatMap(instancesOf) : list;
}

/** Snapshots follow each other within an account and region, entries within their prefix list. */
function seriesOf(type: ItemType, place: Place): string | undefined {
  const series = `${place.accountId ?? ''}/${place.region ?? ''}`;
  if (type.resourceType !== 'prefix_list_entry') return series;
  return place.prefixListId === undefined ? undefined : `${series}/${place.prefixListId}`;
}

type Place = { accountId?: string; region?: string; prefixListId?: string };

function placeOf(object: LocalObject): Place {
  const account = object.hints.accountId ?? /[/=](\d{12})(?=[/_])/.exec(object.uri)?.[1];
  const region =
    object.hints.region ?? /[/=]((?:[a-z]{2}|us-gov)-[a-z]{4,10}-\d)(?=[/_])/.exec(object.uri)?.[1];
  const list = /(pl-[0-9a-f]{8,17})/.exec(object.uri.slice(object.uri.lastIndexOf('/') + 1))?.[1];
  return {
    ...(account ? { accountId: account } : {}),
    ...(region ? { region } : {}),
    ...(list ? { prefixListId: list } : {}),
  };
}

/** `us-east-1` from an Availability Zone's name such as `us-east-1a`. */
function regionOf(item: JsonObject): string | undefined {
  const placement = item.Placement;
  const zone = textOf(
    item.AvailabilityZone ?? (isObject(placement) ? placement.AvailabilityZone : undefined),
  );
  return zone && /^[a-z-]+-\d[a-z]$/.test(zone) ? zone.slice(0, -1) : undefined;
}

/** Instances of a reservation, each with the reservation's owner. */
function instancesOf(reservation: Json): Json[] {
  if (!isObject(reservation) || !Array.isArray(reservation.Instances)) return [];
  const owner = reservation.OwnerId ?? null;
  return reservation.Instances.map((instance) =>
    isObject(instance) ? { OwnerId: owner, ...instance } : instance,
  );
}

const ADDRESS_KEYS: ReadonlySet<string> = new Set(['Ipv6Address', 'PrivateIpAddress', 'PublicIp']);

/** The same item with every address in its canonical spelling. */
function withCanonicalAddresses(value: JsonObject): JsonObject {
  const visit = (current: Json, key: string): Json => {
    if (Array.isArray(current)) return current.map((item) => visit(item, key));
    if (isObject(current)) {
      return Object.fromEntries(
        Object.entries(current).map(([name, item]) => [name, visit(item, name)]),
      );
    }
    return ADDRESS_KEYS.has(key) && typeof current === 'string'
      ? (canonicalAddress(current) ?? current)
      : current;
  };
  return visit(value, '') as JsonObject;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
