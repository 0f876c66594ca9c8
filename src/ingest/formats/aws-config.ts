/**
 * Configuration snapshots, configuration history and change notifications of AWS Config.
 *
 * An item says when a state was captured; a snapshot says in addition that the state still held when
 * the snapshot was made, and which resources there were; history and notifications say that each
 * item followed the one before it. `inventory_state.sql` makes intervals of that.
 */
import type { Format, LocalObject, ReadResult, Sink } from '../format.ts';
import { entrySeriesOf, type Place, permissionSeriesOf, seriesOf } from '../inventory-series.ts';
import { isShallow, MAX_DEPTH, type ResourceType } from '../inventory-state.ts';
import {
  isObject,
  type Json,
  type JsonObject,
  objectsOf,
  parseJson,
  rejectedBytes,
} from '../json.ts';
import { type ConfigItem, readConfigItem } from './config-item.ts';
import { type ConfigRecord, recordsOf } from './config-messages.ts';
import { readInventoryText } from './inventory-file.ts';
import { placeOfPath, takenTime } from './inventory-place.ts';
import {
  addItemRow,
  addPermissions,
  addSnapshotRow,
  type KnownBy,
  type Observation,
} from './inventory-rows.ts';
import { shown } from './payload-keys.ts';

export const awsConfig: Format = {
  name: 'aws_config',
  kind: 'inventory',
  recognises(head) {
    const text = head.toString('utf8').trimStart();
    return /^[{[]/.test(text) && /"configurationItem(?:s|Summary)?\\*"\s*:/.test(text);
  },
  async read(object, sink) {
    const { text, damage } = { text: '', ...(await readInventoryText(object)) };
    if (damage !== undefined) return { lineCount: 0, damage };
    const document = parseJson(text);
    if (isObject(document) && Array.isArray(document.configurationItems)) {
      return addFile(document, document.configurationItems, object, sink);
    }
    const lines = text.split('\n');
    if (document !== undefined) return addMessages(recordsOf(document), object, sink);
    const first = lines.find((line) => line.trim() !== '') ?? '';
    if (parseJson(first) === undefined) {
      return { lineCount: 0, damage: 'not readable as JSON, nor as JSON a line' };
    }
    if (lines.at(-1)?.trim() === '') lines.pop();
    return addMessages(lines.flatMap(recordsOfLine), object, sink);
  },
};

type LineRecord = ConfigRecord | { kind: 'blank' };

function recordsOfLine(line: string): LineRecord[] {
  if (line.trim() === '') return [{ kind: 'blank' }];
  const document = parseJson(line);
  if (document !== undefined) return recordsOf(document);
  return [{ kind: 'bad', reason: `line is not JSON (${shown(line)})`, value: line }];
}

/** An item may be captured while its snapshot is being made; later than this, one of the two is wrong. */
const LATE_MILLISECONDS = 3_600_000;

type Reading = {
  sink: Sink;
  place: Place;
  knownBy: KnownBy;
  /** When the snapshot was made; undefined for all that is no snapshot. */
  madeAt?: Date | undefined;
  lineCount: number;
};

function addFile(
  document: JsonObject,
  items: readonly Json[],
  object: LocalObject,
  sink: Sink,
): ReadResult {
  const isSnapshot = document.configSnapshotId !== undefined || /ConfigSnapshot/.test(object.uri);
  const stated = isSnapshot ? takenTime(document, object) : undefined;
  const reading: Reading = {
    sink,
    place: placeOfPath(object),
    knownBy: isSnapshot ? 'config_snapshot' : 'config_history',
    lineCount: 0,
  };
  const read = items.map((value) => ({ value, read: readShallow(value) }));
  if (stated) {
    let latest = stated.getTime();
    for (const { read: one } of read) {
      const captured = one.kind === 'item' ? one.item.capturedAt.getTime() : 0;
      if (captured <= stated.getTime() + LATE_MILLISECONDS) latest = Math.max(latest, captured);
    }
    reading.madeAt = new Date(latest);
  }
  const types = new Map<string, TypeInSnapshot>();
  for (const { value, read: one } of read) {
    reading.lineCount += 1;
    if (one.kind === 'other') {
      sink.count('nodata');
      continue;
    }
    const isLate =
      one.kind === 'item' && reading.madeAt !== undefined && one.item.capturedAt > reading.madeAt;
    const type = typeInSnapshot(types, reading, one.kind === 'item' ? one.item : one);
    if (one.kind === 'bad' || isLate) {
      if (type) type.isComplete = false;
      reject(reading, one.kind === 'bad' ? one.reason : lateReason(one.item, reading), value);
      continue;
    }
    addItem(reading, one.item);
    if (!type) continue;
    type.itemCount += 1;
    // What is recorded once a day may have come and gone since.
    if (!one.item.isRecorded) type.isComplete = false;
  }
  const { madeAt } = reading;
  if (madeAt) {
    for (const type of types.values()) {
      addSnapshotRow(sink, { ...type, knownBy: 'config_snapshot', takenAt: madeAt });
    }
  }
  return { lineCount: reading.lineCount };
}

/** A resource type of which a snapshot has items: it is recorded, so that others do not exist. */
type TypeInSnapshot = {
  resourceType: ResourceType;
  series: string;
  isComplete: boolean;
  itemCount: number;
};

function typeInSnapshot(
  types: Map<string, TypeInSnapshot>,
  reading: Reading,
  item: { resourceType?: ResourceType; accountId?: string; region?: string },
): TypeInSnapshot | undefined {
  const { resourceType } = item;
  if (!resourceType) return undefined;
  const series = seriesOf(placeOf(reading, item));
  const key = `${resourceType} ${series}`;
  const known = types.get(key) ?? { resourceType, series, isComplete: true, itemCount: 0 };
  types.set(key, known);
  return known;
}

function lateReason(item: ConfigItem, reading: Reading): string {
  return `${item.resourceType} ${item.resourceId}: captured at ${item.capturedAt.toISOString()}, after its snapshot was made (${reading.madeAt?.toISOString()})`;
}

function addMessages(records: readonly LineRecord[], object: LocalObject, sink: Sink): ReadResult {
  const place = placeOfPath(object);
  const reading: Reading = { sink, place, knownBy: 'config_notification', lineCount: 0 };
  for (const record of records) {
    reading.lineCount += 1;
    if (record.kind === 'blank') sink.count('blank');
    else if (record.kind === 'other') sink.count('nodata');
    else if (record.kind === 'bad') reject(reading, record.reason, record.value);
    else {
      const read = readShallow(record.item);
      if (read.kind === 'other') sink.count('nodata');
      else if (read.kind === 'bad') reject(reading, read.reason, record.item);
      else addItem(reading, read.item);
    }
  }
  return { lineCount: reading.lineCount };
}

function readShallow(value: Json): ReturnType<typeof readConfigItem> {
  if (!isObject(value)) return { kind: 'bad', reason: 'configuration item is no JSON object' };
  if (!isShallow(value)) {
    return { kind: 'bad', reason: `configuration item is nested deeper than ${MAX_DEPTH}` };
  }
  return readConfigItem(value);
}

function placeOf(reading: Reading, item: Place): Place {
  return {
    accountId: item.accountId ?? reading.place.accountId,
    region: item.region ?? reading.place.region,
  };
}

function observationOf(reading: Reading, item: ConfigItem): Observation {
  const { knownBy, madeAt } = reading;
  // A state that is recorded once a day is known at its capture only, also where a snapshot repeats it.
  const isStillSo = madeAt !== undefined && item.isRecorded && item.configuration !== undefined;
  return {
    knownBy,
    takenAt: isStillSo ? madeAt : item.capturedAt,
    ...(item.isRecorded ? { recordedAt: item.capturedAt } : {}),
    itemStatus: item.status,
  };
}

function addItem(reading: Reading, item: ConfigItem): void {
  const { sink, lineCount } = reading;
  const { resourceType, resourceId, configuration } = item;
  const place = placeOf(reading, item);
  const observation = observationOf(reading, item);
  const row = {
    ...observation,
    resourceType,
    resourceId,
    series: seriesOf(place),
    place,
    lineNumber: lineCount,
  };
  if (!configuration) {
    addItemRow(sink, row);
    if (item.status === 'deleted') addChildren(reading, item, place, observation, 0);
    return;
  }
  addItemRow(sink, { ...row, configuration });
  if (resourceType === 'security_group') {
    const count = addPermissions(sink, { ...row, configuration });
    addChildren(reading, item, place, observation, count);
  }
  if (resourceType !== 'prefix_list') return;
  const entries = objectsOf(configuration.Entries).filter(
    (entry): entry is JsonObject & { Cidr: string } => typeof entry.Cidr === 'string',
  );
  for (const entry of entries) {
    addItemRow(
      sink,
      {
        ...row,
        resourceType: 'prefix_list_entry',
        resourceId: `${resourceId}/${entry.Cidr}`,
        series: entrySeriesOf(place, resourceId),
        parentId: resourceId,
        configuration: { ...entry, PrefixListId: resourceId },
      },
      true,
    );
  }
  addChildren(reading, item, place, observation, entries.length);
}

/** Says that the rules of a group, or the entries of a list, were these and no others at that time. */
function addChildren(
  { sink }: Reading,
  { resourceType, resourceId }: ConfigItem,
  place: Place,
  { itemStatus: _, ...observation }: Observation,
  itemCount: number,
): void {
  const common = { ...observation, parentId: resourceId, isComplete: true, itemCount };
  if (resourceType === 'security_group') {
    const series = permissionSeriesOf(place);
    addSnapshotRow(sink, { ...common, resourceType: 'security_group_rule', series });
  } else if (resourceType === 'prefix_list') {
    const series = entrySeriesOf(place, resourceId);
    addSnapshotRow(sink, { ...common, resourceType: 'prefix_list_entry', series });
  }
}

function reject(reading: Reading, reason: string, value: Json): void {
  reading.sink.reject(reading.lineCount, reason, rejectedBytes(value));
}
