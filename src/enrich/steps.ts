/**
 * The steps of enrichment in their order, and how one runs: as a table that only the steps after it
 * read (`scratch`), or as a file of the lake (`derived-table.ts`). What a step means stands in the SQL
 * file of its name.
 */
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { Parameters } from '../database.ts';
import { type Layer, listOf, QUERIES_ROOT, type QueryFile, readQueryFile } from '../query-file.ts';
import { isOutOfMemory } from '../resource-error.ts';
import { quoteName } from '../tables.ts';

export type Step = {
  name: string;
  layer: Layer;
  /**
   * `lake`: a file of the lake. `scratch`: a table that only the steps after it read; `scratch file`:
   * the same for what is too long for memory; `query`: computed by each step that reads it.
   */
  kept: 'lake' | 'scratch' | 'scratch file' | 'query';
  /** The last step that reads it, where it is long: after that it only takes memory. */
  until?: string;
};

/** Made once for all days, in this order. */
export const WHOLE_STEPS: readonly Step[] = [
  { name: 'inventory_state', layer: 'staging', kept: 'lake' },
  { name: 'instance', layer: 'staging', kept: 'lake' },
  { name: 'network_interface', layer: 'staging', kept: 'lake' },
  { name: 'security_group', layer: 'staging', kept: 'lake' },
  { name: 'security_group_rule', layer: 'staging', kept: 'lake' },
  { name: 'prefix_list_entry', layer: 'staging', kept: 'lake' },
  { name: 'subnet', layer: 'staging', kept: 'lake' },
  { name: 'vpc', layer: 'staging', kept: 'lake' },
  { name: 'network_acl', layer: 'staging', kept: 'lake' },
  { name: 'network_acl_entry', layer: 'staging', kept: 'lake' },
  { name: 'flow_log', layer: 'staging', kept: 'lake' },
  { name: 'flow_object', layer: 'marts', kept: 'scratch' },
  { name: 'interface_context', layer: 'marts', kept: 'lake' },
  { name: 'scope_interface', layer: 'marts', kept: 'lake' },
  { name: 'interface_segment', layer: 'marts', kept: 'lake' },
  { name: 'cidr_range', layer: 'marts', kept: 'scratch' },
  { name: 'rule_range', layer: 'marts', kept: 'scratch' },
  { name: 'acl_range', layer: 'marts', kept: 'scratch' },
  { name: 'rule_coverage', layer: 'marts', kept: 'scratch' },
  { name: 'own_range', layer: 'marts', kept: 'scratch' },
  { name: 'agent_interface', layer: 'marts', kept: 'lake' },
  { name: 'named_service', layer: 'marts', kept: 'lake' },
];

/** Made for each UTC day before all else: which part of the inventory bears on the day. */
export const EXTENT_STEP: Step = { name: 'flow_extent', layer: 'marts', kept: 'lake' };

/** The part of the inventory that bears on a day, as lines; run by `day-inputs.ts` alone. */
export const SLICE_STEP: Step = { name: 'inventory_slice', layer: 'marts', kept: 'query' };

/** Made for each UTC day, in this order. */
export const DAY_STEPS: readonly Step[] = [
  { name: 'overlap_record', layer: 'marts', kept: 'scratch', until: 'flow_overlap' },
  { name: 'overlap_pair', layer: 'marts', kept: 'scratch' },
  { name: 'overlap_side', layer: 'marts', kept: 'scratch', until: 'flow_overlap' },
  { name: 'flow_copy', layer: 'marts', kept: 'lake' },
  { name: 'flow_overlap', layer: 'marts', kept: 'lake' },
  { name: 'located_flow', layer: 'marts', kept: 'scratch', until: 'flow_subject' },
  { name: 'day_object', layer: 'marts', kept: 'scratch' },
  { name: 'filter_range', layer: 'marts', kept: 'scratch' },
  { name: 'filter_rule', layer: 'marts', kept: 'scratch' },
  { name: 'peer_range', layer: 'marts', kept: 'scratch' },
  { name: 'flow_interface', layer: 'marts', kept: 'scratch' },
  { name: 'interface_pair', layer: 'marts', kept: 'scratch' },
  { name: 'filter_cell', layer: 'marts', kept: 'scratch' },
  { name: 'interface_period', layer: 'marts', kept: 'lake' },
  { name: 'period_slot', layer: 'marts', kept: 'scratch', until: 'flow_subject' },
  { name: 'context_rule', layer: 'marts', kept: 'scratch', until: 'match_rule' },
  { name: 'context_coverage', layer: 'marts', kept: 'scratch' },
  { name: 'day_address', layer: 'marts', kept: 'scratch', until: 'peer_address' },
  { name: 'address_cell', layer: 'marts', kept: 'scratch' },
  { name: 'open_peer', layer: 'marts', kept: 'scratch' },
  { name: 'side_cell', layer: 'marts', kept: 'scratch', until: 'address_class' },
  { name: 'side_class', layer: 'marts', kept: 'scratch', until: 'class_peer' },
  { name: 'address_class', layer: 'marts', kept: 'scratch', until: 'flow_subject' },
  { name: 'class_peer', layer: 'marts', kept: 'scratch' },
  { name: 'port_stretch', layer: 'marts', kept: 'scratch' },
  { name: 'side_stretch', layer: 'marts', kept: 'scratch', until: 'port_class' },
  { name: 'port_class', layer: 'marts', kept: 'scratch', until: 'match_peer' },
  { name: 'day_list', layer: 'marts', kept: 'scratch', until: 'flow_subject' },
  { name: 'flow_subject', layer: 'marts', kept: 'scratch file', until: 'traffic_edge' },
  { name: 'conversation', layer: 'marts', kept: 'scratch', until: 'traffic_edge' },
  { name: 'flow_key', layer: 'marts', kept: 'query' },
  { name: 'class_key', layer: 'marts', kept: 'scratch', until: 'flow_verdict' },
  { name: 'match_key', layer: 'marts', kept: 'scratch', until: 'class_verdict' },
  { name: 'match_peer', layer: 'marts', kept: 'scratch', until: 'match_rule' },
  { name: 'match_rule', layer: 'marts', kept: 'scratch', until: 'match_verdict' },
  { name: 'match_verdict', layer: 'marts', kept: 'scratch', until: 'class_verdict' },
  { name: 'match_answer', layer: 'marts', kept: 'lake' },
  { name: 'class_verdict', layer: 'marts', kept: 'scratch', until: 'edge_class' },
  { name: 'flow_verdict', layer: 'marts', kept: 'lake' },
  { name: 'event_subject', layer: 'marts', kept: 'scratch' },
  { name: 'event_interface', layer: 'marts', kept: 'scratch' },
  { name: 'flow_event', layer: 'marts', kept: 'lake' },
  { name: 'recorded_interface', layer: 'marts', kept: 'lake' },
  { name: 'event_flow', layer: 'marts', kept: 'scratch', until: 'flow_event_detail' },
  { name: 'detail_subject', layer: 'marts', kept: 'scratch' },
  { name: 'flow_class', layer: 'marts', kept: 'lake' },
  { name: 'flow_event_detail', layer: 'marts', kept: 'lake' },
  { name: 'detail', layer: 'marts', kept: 'lake' },
  { name: 'detail_day', layer: 'marts', kept: 'lake' },
  { name: 'copy_day', layer: 'marts', kept: 'lake' },
  { name: 'edge_class', layer: 'marts', kept: 'scratch' },
  { name: 'traffic_edge', layer: 'marts', kept: 'scratch', until: 'edge_day' },
  { name: 'rule_edge', layer: 'marts', kept: 'query' },
  { name: 'rule_network_day', layer: 'marts', kept: 'lake' },
  { name: 'rule_port_day', layer: 'marts', kept: 'lake' },
  { name: 'rule_day', layer: 'marts', kept: 'lake' },
  { name: 'own_address', layer: 'marts', kept: 'scratch' },
  { name: 'own_peer', layer: 'marts', kept: 'scratch' },
  { name: 'edge_port', layer: 'marts', kept: 'scratch' },
  { name: 'peer_address', layer: 'marts', kept: 'scratch' },
  { name: 'peer_edge', layer: 'marts', kept: 'query' },
  { name: 'edge_cell', layer: 'marts', kept: 'scratch' },
  { name: 'edge_day', layer: 'marts', kept: 'lake' },
  { name: 'flow_enriched', layer: 'marts', kept: 'query' },
  { name: 'flow_detail', layer: 'marts', kept: 'query' },
];

/** Made for each UTC day that has records of whatever log status, or events of CloudWatch Logs, in this order. */
export const RECORD_STEPS: readonly Step[] = [
  { name: 'interface_day', layer: 'marts', kept: 'lake' },
  { name: 'skipped_interval', layer: 'marts', kept: 'lake' },
  { name: 'ingestion_day', layer: 'marts', kept: 'lake' },
];

/**
 * Made for each UTC day that has events, in this order, when the flows of all days are done: an event may
 * belong to a flow of the day before or after.
 */
export const EVENT_STEPS: readonly Step[] = [
  { name: 'event_subject', layer: 'marts', kept: 'scratch' },
  { name: 'event_interface', layer: 'marts', kept: 'scratch' },
  { name: 'event_match', layer: 'marts', kept: 'lake' },
  { name: 'event_day', layer: 'marts', kept: 'lake' },
  { name: 'event_clock_day', layer: 'marts', kept: 'lake' },
];

export const ALL_STEPS: readonly Step[] = [
  ...WHOLE_STEPS,
  EXTENT_STEP,
  SLICE_STEP,
  ...DAY_STEPS,
  ...RECORD_STEPS,
  ...EVENT_STEPS,
];

/** The SQL file of a step. */
export function fileOf(step: Step): QueryFile {
  return readQueryFile(step.layer, join(QUERIES_ROOT, step.layer, `${step.name}.sql`));
}

/**
 * Runs `<before> (<the query of the step>) <after>` with those of the parameters that the header of the
 * step names.
 */
export async function runStep(
  connection: DuckDBConnection,
  step: Step,
  parameters: Parameters,
  before: string,
  after = '',
): Promise<void> {
  const file = fileOf(step);
  const values: Record<string, DuckDBValue> = {};
  for (const name of listOf(file.header.parameters)) values[name] = parameters[name] ?? null;
  const sql = `${before} (${file.text}) ${after}`;
  await withFewerThreads(connection, async () => {
    if (Object.keys(values).length === 0) await connection.run(sql);
    else await connection.run(sql, values);
  });
}

/**
 * Runs a statement, and once more on one thread if `memory_limit` is too little for all of them: each thread
 * sorts, joins and writes in buffers of its own, and the engine gives up where it finds none to write to disk.
 */
async function withFewerThreads(
  connection: DuckDBConnection,
  run: () => Promise<void>,
): Promise<void> {
  try {
    return await run();
  } catch (thrown) {
    if (!isOutOfMemory(thrown)) throw thrown;
  }
  await connection.run('set threads = 1');
  try {
    await run();
  } finally {
    await connection.run('reset threads');
  }
}

/** Makes, or makes anew, the temporary table or view of a step. */
export function createScratchTable(
  connection: DuckDBConnection,
  step: Step,
  parameters: Parameters,
): Promise<void> {
  const kind = step.kept === 'query' ? 'view' : 'table';
  const before = `create or replace temporary ${kind} ${quoteName(step.name)} as`;
  return runStep(connection, step, parameters, before);
}
