/**
 * What enrichment says of a record, and the trials: its rules and network ACL entries, criterion by
 * criterion, from the inventory.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Config } from '../config.ts';
import { ask, askCut, cutTo, makeTable, type PlainRow, readTable } from './ask.ts';
import { ELEMENTS, type Enrichment, ROWS } from './explanation.ts';
import type { FoundRecord } from './record.ts';

/** Queries whose result is a table that those after them read, in this order, after `subject`. */
export const TRIALS = [
  'rule_stretch',
  'rule_peer',
  'rule_trial',
  'acl_entry',
  'acl_trial',
  'conclusion',
] as const;

/** What enrichment says of a record; null if it has said nothing yet. */
export async function readEnrichment(
  connection: DuckDBConnection,
  config: Pick<Config, 'metadata_max_age_hours'>,
  record: FoundRecord,
): Promise<Enrichment | null> {
  const values = {
    object_id: record.shown.object_id,
    line_number: BigInt(record.shown.line_number),
    flow_date: record.flowDate,
    metadata_max_age_seconds: BigInt(Math.round(config.metadata_max_age_hours * 3600)),
  };
  await makeTable(connection, 'subject', values);
  const [subject] = await readTable(connection, 'subject');
  if (subject === undefined) return null;
  for (const name of TRIALS) await makeTable(connection, name, values);
  const [tried = {}] = await askCut(connection, 'conclusion', 'table');
  const [detail] = await ask(connection, 'six_details', values);
  return {
    ...cutTo('subject', subject),
    network_interface_basis: interfaceBasis(subject),
    states: await askCut(connection, 'interface_state', values),
    deciding_records: await askCut(connection, 'deciding_record', values),
    tried,
    is_tried_alike: isTriedAlike(subject, tried),
    rule_trials: await askCut(connection, 'rule_trial', 'table'),
    acl_trials: await askCut(connection, 'acl_trial', 'table'),
    events: await askCut(connection, 'companion_event', values),
    details: detail === undefined ? [] : ELEMENTS.map((element) => detailOf(element, detail)),
    workload_identity: detail?.workload_identity ?? null,
    // `explain` parses the whole before anyone sees it.
  } as unknown as Enrichment;
}

function interfaceBasis(subject: PlainRow): Enrichment['network_interface_basis'] {
  if (subject.interface_id !== null) return 'interface_id';
  return subject.network_interface_id === null ? null : 'address';
}

/** True if the trials come to what the lake says. */
function isTriedAlike(subject: PlainRow, tried: PlainRow): boolean {
  return Object.keys(ROWS.conclusion.shape).every(
    (name) => JSON.stringify(subject[name]) === JSON.stringify(tried[name]),
  );
}

function detailOf(element: (typeof ELEMENTS)[number], row: PlainRow): PlainRow {
  const stated = String(row[`${element}_reason`] ?? '');
  const [, code = null, reason = stated] = /^([A-Z][A-Z0-9_]+): (.*)$/s.exec(stated) ?? [];
  return {
    element,
    status: row[element] ?? null,
    code: row[`${element}_code`] ?? code,
    reason,
    supplied_by: row[`${element}_supplied_by`] ?? null,
    remedy: row[`${element}_remedy`] ?? null,
  };
}
