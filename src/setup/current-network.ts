/**
 * The flow logs and interfaces that are there now, as the tables that enrichment makes of an inventory:
 * from the EC2 API where it may be asked, else from the newest inventory of the lake, and flow logs that
 * neither knows from the header of the newest object. So the SQL of the packs judges them, and no other.
 */
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Config } from '../config.ts';
import { readRows } from '../database.ts';
import { duckdbEngine } from '../engines/duckdb.ts';
import { createScopeTable } from '../enrich/scope.ts';
import { DESCRIBE_TYPES } from '../ingest/describe-types.ts';
import { isObject, type Json } from '../ingest/json.ts';
import { type Layer, QUERIES_ROOT, readQueryFile } from '../query-file.ts';
import { findTable, quoteName } from '../tables.ts';
import type { DescribedPlace } from './describe-place.ts';

/** A flow log of which only the fields of an object are known. */
export type SeenFlowLog = {
  flowLogId: string;
  accountId: string;
  region: string;
  fields: string[];
};

export type NetworkInputs = {
  described: readonly DescribedPlace[];
  seen: readonly SeenFlowLog[];
  config: Pick<Config, 'scope'>;
  now: () => Date;
};

/** Steps of enrichment that make tables of the states, in their order, then what the details depend on. */
const STEPS: readonly (readonly [Layer, string])[] = [
  ['staging', 'instance'],
  ['staging', 'network_interface'],
  ['staging', 'subnet'],
  ['staging', 'vpc'],
  ['staging', 'flow_log'],
  ['marts', 'interface_context'],
  ['marts', 'scope_interface'],
  ['setup', 'detail_subject'],
  ['marts', 'detail'],
];

/**
 * Makes temporary tables of the steps' names, and `known_place`: accounts and Regions of which the flow
 * logs are known. Needs the views of the lake.
 */
export async function createNetworkTables(
  connection: DuckDBConnection,
  { described, seen, config, now }: NetworkInputs,
): Promise<void> {
  await connection.run(
    `create or replace temporary table current_state as
     select * from inventory_state where valid_to is null`,
  );
  await connection.run(
    `create or replace temporary table known_place as
     select distinct split_part(series, '/', 1) as account_id, split_part(series, '/', 2) as region
     from inventory_snapshot
     where resource_type = 'flow_log' and is_complete is true`,
  );
  for (const { accountId, region, items, failure } of described) {
    if (failure) continue;
    await connection.run('insert into known_place values ($account_id, $region)', {
      account_id: accountId,
      region,
    });
    for (const [type, resources] of items) {
      // What is described now stands for what the lake knew of the same place.
      await connection.run(
        `delete from current_state where resource_type = $type and region is not distinct from $region
         and coalesce(account_id, $account_id) = $account_id`,
        { type, region, account_id: accountId },
      );
      await addStates(connection, now(), 'describe', type, accountId, region, resources);
    }
  }
  const known = await readRows<{ flow_log_id: string }>(
    connection,
    "select resource_id as flow_log_id from current_state where resource_type = 'flow_log'",
  );
  const ids = new Set(known.map(({ flow_log_id: id }) => id));
  const unknown = new Map(seen.map((one) => [one.flowLogId, one]));
  for (const { flowLogId, accountId, region, fields } of unknown.values()) {
    // One without an id may be any of those that are known.
    if (ids.has(flowLogId) || (ids.size > 0 && !flowLogId.startsWith('fl-'))) continue;
    const flowLog = {
      FlowLogId: flowLogId,
      LogFormat: fields.map((one) => `\${${one}}`).join(' '),
    };
    await addStates(connection, now(), 'header', 'flow_log', accountId, region, [flowLog]);
  }
  await connection.run(
    'create or replace temporary table inventory_state as select * from current_state',
  );
  await createScopeTable(duckdbEngine(connection), config);
  for (const [layer, name] of STEPS) {
    const { text } = readQueryFile(layer, join(QUERIES_ROOT, layer, `${name}.sql`));
    await connection.run(
      `create or replace temporary table ${quoteName(name)} as (${text})`,
      name === 'detail' ? { flow_date: now().toISOString().slice(0, 10) } : undefined,
    );
  }
}

async function addStates(
  connection: DuckDBConnection,
  at: Date,
  knownBy: string,
  type: string,
  placeAccount: string,
  region: string,
  resources: readonly Json[],
): Promise<void> {
  const idKey = DESCRIBE_TYPES.find(({ resourceType }) => resourceType === type)?.idKey ?? '';
  const rows = resources.filter(isObject).map((resource) => ({
    resource_type: type,
    resource_id: resource[idKey] ?? null,
    account_id: typeof resource.OwnerId === 'string' ? resource.OwnerId : placeAccount,
    region,
    state_id: `${type}/${String(resource[idKey])}/${placeAccount}`,
    valid_from: at.toISOString(),
    known_until: at.toISOString(),
    held_from: at.toISOString(),
    configuration: JSON.stringify(resource),
    series: `${placeAccount}/${region}`,
  }));
  const columns = findTable('inventory_state').columns.map(({ name, type: sqlType }) => {
    if (name === 'known_by') return `['${knownBy}'] as known_by`;
    return `cast(row ->> '$.${name}' as ${sqlType}) as ${quoteName(name)}`;
  });
  await connection.run(
    `insert into current_state by name
     select ${columns.join(', ')} from (select unnest(from_json($rows, '["json"]')) as row)`,
    { rows: JSON.stringify(rows) },
  );
}
