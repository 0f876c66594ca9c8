/**
 * `flowproof explain`: one record with all that flowproof says of it, and why. This folder owns the order
 * of the questions and the shape of the answer; what a criterion means stands in `queries/explain`, which
 * tries the rules once more from the inventory, one record at a time. Nothing is written.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Config } from '../config.ts';
import { askCut } from './ask.ts';
import { readEnrichment } from './enrichment.ts';
import { type Enrichment, type Explanation, explanationSchema } from './explanation.ts';
import { readRecord } from './record.ts';

export type ExplainOptions = {
  /** With the views of the lake; gets temporary tables that nothing else reads. */
  connection: DuckDBConnection;
  flowId: string;
  config: Pick<Config, 'metadata_max_age_hours'>;
};

/**
 * Explains a record, or the one that stands for it. Throws USAGE if the id is none, FLOW_UNKNOWN if the
 * lake has no such record.
 */
export async function explain(options: ExplainOptions): Promise<Explanation> {
  const { connection, flowId, config } = options;
  const asked = await readRecord(connection, flowId);
  const copyOf = (await askCut(connection, 'copy', { flow_id: flowId })).filter(
    (copy) => copy.flow_id === flowId,
  );
  const keptId = copyOf[0] === undefined ? flowId : String(copyOf[0].kept_flow_id);
  const record = keptId === flowId ? asked : await readRecord(connection, keptId);
  const copies = (await askCut(connection, 'copy', { flow_id: keptId })).filter(
    (copy) => copy.kept_flow_id === keptId,
  );
  const enrichment = await readEnrichment(connection, config, record);
  return explanationSchema.parse({
    asked_flow_id: flowId,
    flow_id: keptId,
    record: record.shown,
    asked_record: keptId === flowId ? null : asked.shown,
    copy_of: copyOf,
    copies,
    enrichment,
    notes: notesOn(enrichment),
  });
}

function notesOn(enrichment: Enrichment | null): string[] {
  if (enrichment === null) {
    return [
      'The record is not enriched yet: nothing is known of its interface, rules, events and details. Run: flowproof enrich',
    ];
  }
  if (enrichment.is_tried_alike) return [];
  return [
    'The rules and entries, tried one by one, come to another verdict than the lake holds: it was enriched with another configuration or version. Run: flowproof enrich',
  ];
}
