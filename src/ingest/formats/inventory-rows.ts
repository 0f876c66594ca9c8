/**
 * Rows of `inventory_item` and `inventory_snapshot`: what every format of inventory writes, whatever
 * it was read from.
 */

import type { Sink } from '../format.ts';
import { type Place, permissionSeriesOf } from '../inventory-series.ts';
import { type ResourceType, stateSha256, withCanonicalAddresses } from '../inventory-state.ts';
import { canonicalJson, type JsonObject, textOf } from '../json.ts';
import { rulesOf } from './describe-rules.ts';

/** How a state is known: by an answer of the EC2 API, or by AWS Config. */
export type KnownBy = 'describe' | 'config_snapshot' | 'config_history' | 'config_notification';

export type Observation = {
  knownBy: KnownBy;
  takenAt: Date;
  /** When AWS Config recorded this state, where it records each change as it finds it. */
  recordedAt?: Date;
  /** `ok`, `discovered`, `deleted` or `not_recorded`, as AWS Config says; present where absent. */
  itemStatus?: string;
};

export type ItemRow = Observation & {
  resourceType: ResourceType;
  resourceId: string;
  series: string;
  place: Place;
  /** The resource; undefined for one that is only said to be gone. */
  configuration?: JsonObject;
  /** The group of a rule, the prefix list of an entry. */
  parentId?: string;
  lineNumber: number;
};

export function addItemRow(sink: Sink, row: ItemRow, isExtra = false): void {
  const { configuration, resourceType, place } = row;
  const known = configuration ? withCanonicalAddresses(configuration) : undefined;
  sink.add(
    'inventory_item',
    {
      resource_type: resourceType,
      resource_id: row.resourceId,
      account_id: textOf(known?.OwnerId ?? known?.GroupOwnerId) ?? place.accountId,
      region: place.region ?? (known ? regionOf(known) : undefined),
      series: row.series,
      parent_id: row.parentId,
      taken_at: row.takenAt,
      recorded_at: row.recordedAt,
      known_by: row.knownBy,
      item_status: row.itemStatus,
      configuration: known ? canonicalJson(known) : undefined,
      state_sha256: known ? stateSha256(resourceType, known) : undefined,
      line_number: row.lineNumber,
    },
    isExtra,
  );
}

export type SnapshotRow = Omit<Observation, 'itemStatus'> & {
  resourceType: ResourceType;
  series: string;
  parentId?: string;
  isComplete: boolean;
  itemCount: number;
  contentSha256?: string | undefined;
  /** An earlier snapshot of the series, whose items are those of this one. */
  sameAsAt?: Date;
};

export function addSnapshotRow(sink: Sink, row: SnapshotRow, isExtra = true): void {
  sink.add(
    'inventory_snapshot',
    {
      resource_type: row.resourceType,
      series: row.series,
      parent_id: row.parentId,
      taken_at: row.takenAt,
      recorded_at: row.recordedAt,
      known_by: row.knownBy,
      is_complete: row.isComplete,
      item_count: row.itemCount,
      content_sha256: row.contentSha256,
      same_as_at: row.sameAsAt,
    },
    isExtra,
  );
}

/** Adds the permissions of a group as rules, as extra rows; returns how many. */
export function addPermissions(sink: Sink, group: ItemRow & { configuration: JsonObject }): number {
  const series = permissionSeriesOf(group.place);
  const rules = rulesOf(group.configuration, group.resourceId);
  for (const rule of rules) {
    addItemRow(
      sink,
      {
        ...group,
        resourceType: 'security_group_rule',
        resourceId: rule.id,
        series,
        parentId: group.resourceId,
        configuration: rule.item,
      },
      true,
    );
  }
  return rules.length;
}

/** `us-east-1` from an Availability Zone's name such as `us-east-1a`. */
function regionOf(item: JsonObject): string | undefined {
  const { Placement: placement } = item;
  const ofPlacement =
    typeof placement === 'object' && placement !== null && !Array.isArray(placement)
      ? placement.AvailabilityZone
      : undefined;
  const zone = textOf(item.AvailabilityZone ?? ofPlacement);
  return zone && /^[a-z-]+-\d[a-z]$/.test(zone) ? zone.slice(0, -1) : undefined;
}
