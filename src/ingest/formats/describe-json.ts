/**
 * Inventory as the EC2 API gives it: saved `aws ec2 describe-*` output,
 * `get-managed-prefix-list-entries` with the list's id in the file name, and the pulls that
 * `sources/ec2.ts` makes, which hold every answer in one document.
 *
 * The time at which it was taken must be stated: in the path (2026-11-02T13-59-30Z, with or without
 * separators), by a top-level key `taken_at`, or by the configuration. The file's own modification
 * time is not used: copying a file would silently change what was true when.
 */

import { DESCRIBE_TYPES, type DescribeType, ENTRIES_KEY, listOf } from '../describe-types.ts';
import type { Format, LocalObject, ReadResult, Sink } from '../format.ts';
import { entrySeriesOf, type Place, permissionSeriesOf, seriesOf } from '../inventory-series.ts';
import { contentSha256, isShallow, MAX_DEPTH, type ResourceType } from '../inventory-state.ts';
import { isObject, type Json, type JsonObject, objectsOf, rejectedBytes, textOf } from '../json.ts';
import { readInventoryDocument } from './inventory-file.ts';
import { placeOfPath, readTime, takenTime } from './inventory-place.ts';
import { addItemRow, addPermissions, addSnapshotRow } from './inventory-rows.ts';

export const describeJson: Format = {
  name: 'aws_describe_json',
  kind: 'inventory',
  recognises(head) {
    const text = head.toString('utf8').trimStart();
    return text.startsWith('{') && KEYS.some((key) => text.includes(`"${key}"`));
  },
  async read(object, sink) {
    const { document, damage } = await readInventoryDocument(object);
    if (damage !== undefined) return { lineCount: 0, damage };
    if (!isObject(document)) return { lineCount: 0, damage: 'is no JSON object' };
    const takenAt = takenTime(document, object);
    if (takenAt === undefined) {
      return {
        lineCount: 0,
        damage:
          'when it was taken is not known: put the time into the path (.../2026-11-02T13-59-30Z/...) or add a key "taken_at"',
      };
    }
    return addDocument(document, takenAt, object, sink);
  },
};

/** What a pull says beside the answers: entries by list, what was as before, and what failed. */
const LISTS_KEY = 'PrefixListEntries';
const UNCHANGED_KEY = 'Unchanged';
const FAILURES_KEY = 'Failures';

const KEYS = [
  ...DESCRIBE_TYPES.map(({ key }) => key),
  ...[ENTRIES_KEY, LISTS_KEY, UNCHANGED_KEY, FAILURES_KEY],
];

type Reading = {
  sink: Sink;
  takenAt: Date;
  place: Place;
  /** An incomplete page does not show everything: what it lacks may exist all the same. */
  isComplete: boolean;
  /** Keys of lists, and ids of prefix lists, whose calls failed. */
  failed: ReadonlySet<string>;
  /** Keys of the lists that are there, if only in part. */
  presentKeys: ReadonlySet<string>;
  /** True if the document holds the rules themselves, which make those of the groups redundant. */
  hasRules: boolean;
  lineCount: number;
};

function addDocument(
  document: JsonObject,
  takenAt: Date,
  object: LocalObject,
  sink: Sink,
): ReadResult {
  const present = DESCRIBE_TYPES.filter(({ key }) => Array.isArray(document[key]));
  if (present.length === 0 && !KEYS.some((key) => Array.isArray(document[key]))) {
    return { lineCount: 0, damage: 'none of the known lists of describe-* output is in it' };
  }
  const failures = listAt(document, FAILURES_KEY);
  const failed = new Set(
    objectsOf(failures).map(({ Key, PrefixListId }) => textOf(PrefixListId ?? Key) ?? ''),
  );
  const unchanged = listAt(document, UNCHANGED_KEY);
  const reading: Reading = {
    sink,
    takenAt,
    place: placeOfPath(object),
    isComplete: textOf(document.NextToken) === undefined,
    failed,
    presentKeys: new Set(present.map(({ key }) => key)),
    hasRules:
      (Array.isArray(document.SecurityGroupRules) ||
        objectsOf(unchanged).some(({ Key }) => Key === 'SecurityGroupRules')) &&
      !failed.has('SecurityGroupRules'),
    lineCount: 0,
  };
  for (const type of present) addList(reading, type, listOf(document, type));
  const prefixListId = prefixListOfName(object);
  if (Array.isArray(document[ENTRIES_KEY])) {
    addEntries(reading, listAt(document, ENTRIES_KEY), prefixListId);
  }
  for (const list of listAt(document, LISTS_KEY)) addEntryList(reading, list);
  for (const item of unchanged) addUnchanged(reading, item);
  for (const failure of failures) addFailure(reading, failure);
  return { lineCount: reading.lineCount };
}

function addList(reading: Reading, type: DescribeType, items: readonly Json[]): void {
  const { sink, takenAt, place } = reading;
  const { resourceType } = type;
  const series = seriesOf(place);
  const observation = { knownBy: 'describe', takenAt } as const;
  let itemCount = 0;
  let ruleCount = 0;
  for (const item of items) {
    const id = isObject(item) ? textOf(item[type.idKey]) : undefined;
    if (!isReadable(reading, item, id, `${type.key}[] item`)) continue;
    itemCount += 1;
    const row = {
      ...observation,
      resourceType,
      resourceId: id as string,
      series,
      place,
      configuration: item,
      ...(resourceType === 'security_group_rule' && typeof item.GroupId === 'string'
        ? { parentId: item.GroupId }
        : {}),
      lineNumber: reading.lineCount,
    };
    addItemRow(sink, row);
    if (resourceType === 'security_group' && !reading.hasRules) {
      ruleCount += addPermissions(sink, row);
    }
  }
  const isWhole = itemCount === items.length;
  const snapshot = {
    ...observation,
    // What could not be read may exist all the same.
    isComplete: reading.isComplete && isWhole && !reading.failed.has(type.key),
    ...(isWhole ? { contentSha256: contentSha256(items) } : {}),
  };
  // A snapshot that shows nothing is still one: it ends what an earlier one showed.
  addSnapshotRow(sink, { ...snapshot, resourceType, series, itemCount });
  if (resourceType === 'security_group' && !reading.hasRules) {
    addSnapshotRow(sink, {
      ...snapshot,
      resourceType: 'security_group_rule',
      series: permissionSeriesOf(place),
      itemCount: ruleCount,
    });
  }
}

const NO_PREFIX_LIST =
  'the prefix list of these entries is not known: put its id (pl-...) into the file name';

function addEntries(
  reading: Reading,
  entries: readonly Json[],
  prefixListId: string | undefined,
): void {
  const { sink, takenAt, place } = reading;
  if (prefixListId === undefined) {
    for (const entry of entries) reject(reading, NO_PREFIX_LIST, entry);
    return;
  }
  const series = entrySeriesOf(place, prefixListId);
  const observation = { knownBy: 'describe', takenAt } as const;
  const resourceType: ResourceType = 'prefix_list_entry';
  let itemCount = 0;
  for (const entry of entries) {
    const cidr = isObject(entry) ? textOf(entry.Cidr) : undefined;
    if (!isReadable(reading, entry, cidr, `${ENTRIES_KEY}[] item`)) continue;
    itemCount += 1;
    addItemRow(sink, {
      ...observation,
      resourceType,
      resourceId: `${prefixListId}/${cidr}`,
      series,
      place,
      parentId: prefixListId,
      configuration: { ...entry, PrefixListId: prefixListId },
      lineNumber: reading.lineCount,
    });
  }
  const isWhole = itemCount === entries.length;
  addSnapshotRow(sink, {
    ...observation,
    resourceType,
    series,
    isComplete: reading.isComplete && isWhole && !reading.failed.has(prefixListId),
    itemCount,
    ...(isWhole ? { contentSha256: contentSha256(entries) } : {}),
  });
}

/** The entries of one of several lists; the list is no line of its own, as it is listed elsewhere. */
function addEntryList(reading: Reading, list: Json): void {
  const id = isObject(list) ? textOf(list.PrefixListId) : undefined;
  if (!isObject(list) || id === undefined || !Array.isArray(list[ENTRIES_KEY])) {
    reject(reading, `${LISTS_KEY}[] item has no prefix list id, or no entries`, list);
    return;
  }
  addEntries(reading, list[ENTRIES_KEY], id);
}

/** A list that an earlier pull already holds: its one row says so. */
function addUnchanged(reading: Reading, item: Json): void {
  const { sink, takenAt, place } = reading;
  const key = isObject(item) ? textOf(item.Key) : undefined;
  const prefixListId = isObject(item) ? textOf(item.PrefixListId) : undefined;
  const type = DESCRIBE_TYPES.find((known) => known.key === key);
  const resourceType = prefixListId ? 'prefix_list_entry' : type?.resourceType;
  const since = isObject(item) ? readTime(item.SameAsAt ?? null) : undefined;
  const hash = isObject(item) ? textOf(item.ContentSha256) : undefined;
  const count = isObject(item) ? item.ItemCount : undefined;
  if (!resourceType || !since || hash === undefined || typeof count !== 'number') {
    reject(reading, `${UNCHANGED_KEY}[] item does not say what is unchanged since when`, item);
    return;
  }
  reading.lineCount += 1;
  addSnapshotRow(
    sink,
    {
      knownBy: 'describe',
      takenAt,
      resourceType,
      series: prefixListId ? entrySeriesOf(place, prefixListId) : seriesOf(place),
      isComplete: true,
      itemCount: count,
      contentSha256: hash,
      sameAsAt: since,
    },
    false,
  );
}

/** A call that failed is kept as a reject: what it would have shown is missing from the snapshot. */
function addFailure(reading: Reading, failure: Json): void {
  const { sink, takenAt, place } = reading;
  const problem = isObject(failure) ? textOf(failure.Problem) : undefined;
  reject(reading, problem ?? `${FAILURES_KEY}[] item does not say what failed`, failure);
  const key = isObject(failure) ? failure.Key : undefined;
  const type = DESCRIBE_TYPES.find((known) => known.key === key);
  if (!type || reading.presentKeys.has(type.key)) return;
  addSnapshotRow(sink, {
    knownBy: 'describe',
    takenAt,
    resourceType: type.resourceType,
    series: seriesOf(place),
    isComplete: false,
    itemCount: 0,
  });
}

/** Counts an item as a line; rejects one that has no id or no end. */
function isReadable(
  reading: Reading,
  item: Json,
  id: string | undefined,
  what: string,
): item is JsonObject {
  const isSound = isObject(item) && id !== undefined;
  if (isSound && isShallow(item)) {
    reading.lineCount += 1;
    return true;
  }
  if (isSound) reject(reading, `${what} is nested deeper than ${MAX_DEPTH}`, item);
  else reject(reading, `${what} has no id`, item);
  return false;
}

function reject(reading: Reading, reason: string, item: Json): void {
  reading.lineCount += 1;
  reading.sink.reject(reading.lineCount, reason, rejectedBytes(item));
}

function listAt(document: JsonObject, key: string): Json[] {
  const list = document[key];
  return Array.isArray(list) ? list : [];
}

function prefixListOfName(object: LocalObject): string | undefined {
  const name = object.uri.slice(object.uri.lastIndexOf('/') + 1);
  return /(pl-[0-9a-f]{8,17})/.exec(name)?.[1];
}
