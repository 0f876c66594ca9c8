/**
 * What the lake remembers of a log group of CloudWatch Logs: which events and stretches were pulled,
 * which flow logs wrote to it, and where interfaces are.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { readRows } from '../database.ts';
import { parseLogFormat } from './log-format.ts';
import type { GroupMemory } from './sources/cloudwatch-logs.ts';
import type { GroupFlowLog, InterfacePlaces } from './sources/log-group-format.ts';
import { readPullUri } from './sources/pull-record.ts';

/** The memory of the group at a place (`logGroupPlace`). The connection must have the lake's views. */
export function groupMemory(connection: DuckDBConnection, place: string): GroupMemory {
  return {
    async pulls() {
      const rows = await readRows<{ uri: string }>(
        connection,
        `select uri from source_object
         where starts_with(uri, $opening) and status in ('loaded', 'damaged')`,
        { opening: `${place}?` },
      );
      return rows.flatMap(({ uri }) => readPullUri(uri) ?? []);
    },
    async idsBetween(from, until, limit) {
      const rows = await readRows<{ event_id: string }>(
        connection,
        `select event_id from cloudwatch_event
         where log_group = $place
           and event_date between cast($from_at as date) and cast($until_at as date)
           and event_at >= cast($from_at as timestamp) and event_at < cast($until_at as timestamp)
         limit ${limit + 1}`,
        { place, from_at: from.toISOString(), until_at: until.toISOString() },
      );
      return rows.length > limit ? undefined : new Set(rows.map((row) => row.event_id));
    },
  };
}

/** A log group by the names that the inventory and the pulls know it by. */
export type GroupNames = {
  place: string;
  logGroup: string;
  region: string;
  accountId?: string | undefined;
};

/**
 * The flow logs of a group: those that write to it now, and those that earlier pulls or the inventory
 * saw and that are gone. When one went is known only to lie before the first pull without it.
 */
export async function withGoneFlowLogs(
  connection: DuckDBConnection,
  names: GroupNames,
  current: readonly GroupFlowLog[],
  now: Date,
): Promise<GroupFlowLog[]> {
  const rows = await readRows<{
    flow_log_id: string;
    log_format: string;
    resource_id: string | null;
    traffic_type: string | null;
    created_at: Date | null;
    gone_by: Date | null;
  }>(connection, GONE, {
    place: names.place,
    log_group: names.logGroup,
    region: names.region,
    account_id: names.accountId ?? '',
  });
  const there = new Set(current.map(({ flowLogId }) => flowLogId));
  const gone = rows
    .filter((row) => !there.has(row.flow_log_id))
    .map((row) => ({
      flowLogId: row.flow_log_id,
      logFormat: row.log_format,
      fields: parseLogFormat(
        row.log_format,
        `log group ${names.logGroup}, flow log ${row.flow_log_id}`,
      ),
      ...(row.resource_id === null ? {} : { resourceId: row.resource_id }),
      ...(row.traffic_type === null ? {} : { trafficType: row.traffic_type }),
      ...(row.created_at === null ? {} : { createdAt: row.created_at }),
      goneBy: row.gone_by ?? now,
    }));
  return [...current, ...gone];
}

const GONE = `
  with seen as (
    select flow_log_id, log_format, resource_id, traffic_type, created_at, seen_at
    from flow_log_format where log_group = $place
    union all
    select resource_id, configuration ->> '$.LogFormat', configuration ->> '$.ResourceId',
      configuration ->> '$.TrafficType',
      try_cast(configuration ->> '$.CreationTime' as timestamp), taken_at
    from inventory_item
    where resource_type = 'flow_log' and (configuration ->> '$.LogGroupName') = $log_group
      and (configuration ->> '$.LogFormat') <> ''
      and coalesce(region, $region) = $region
      and ($account_id = '' or coalesce(account_id, $account_id) = $account_id)
  ),
  known as (
    select flow_log_id, max_by(log_format, seen_at) as log_format,
      max_by(resource_id, seen_at) as resource_id, max_by(traffic_type, seen_at) as traffic_type,
      min(created_at) as created_at, max(seen_at) as last_seen_at
    from seen group by flow_log_id
  )
  select known.flow_log_id, any_value(known.log_format) as log_format,
    any_value(known.resource_id) as resource_id, any_value(known.traffic_type) as traffic_type,
    any_value(known.created_at) as created_at, min(pull.seen_at) as gone_by
  from known
  left join flow_log_format as pull
    on pull.log_group = $place and pull.seen_at > known.last_seen_at
  group by known.flow_log_id
  order by known.flow_log_id`;

/** VPC and subnet of every interface that the inventory knows. */
export async function interfacePlaces(connection: DuckDBConnection): Promise<InterfacePlaces> {
  const rows = await readRows<{ id: string; subnet: string | null; vpc: string | null }>(
    connection,
    `select distinct resource_id as id, configuration ->> '$.SubnetId' as subnet,
       configuration ->> '$.VpcId' as vpc
     from inventory_item where resource_type = 'network_interface'`,
  );
  return new Map(
    rows.map(({ id, subnet, vpc }) => [id, [subnet, vpc].filter((place) => place !== null)]),
  );
}
