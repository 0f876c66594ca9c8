/** Rows of the daily rollup of traffic, and what else the reports on network controls read. */
import { join } from 'node:path';
import { parseConfig } from '../../src/config.ts';
import type { Database } from '../../src/database.ts';
import { duckdbEngine } from '../../src/engines/duckdb.ts';
import { QUERIES_ROOT, readQueryFile } from '../../src/query-file.ts';
import { createControlTables } from '../../src/reports/control-tables.ts';
import { openEmptyTables, type Row } from './fixture.ts';

export const DAY = '2026-10-01';
export const BEFORE = '2026-09-01 00:00:00';

/** HTTPS that a public address opened to `eni-0a` of scope cde at noon, unless said otherwise. */
export function edge(own: Row = {}): Row {
  const port = own.first_port === undefined ? 443 : own.first_port;
  return {
    network_interface_id: 'eni-0a',
    scope_name: 'cde',
    row_direction: 'ingress',
    opened_by: 'remote',
    protocol: 6,
    first_port: port,
    last_port: port,
    peer_kind: 'public',
    is_peer_scope_unclear: false,
    peer_range: '198.51.100.7/32',
    peer_count: 1,
    action: 'ACCEPT',
    rule_verdict: 'permitted',
    rule_ids: [],
    flow_count: 1,
    inferred_count: 0,
    byte_count: 100,
    first_at: `${DAY} 12:00:00`,
    last_at: `${DAY} 12:01:00`,
    flow_date: DAY,
    ...own,
  };
}

/** A state of a rule for `sg-0a`: HTTPS from everyone into it, known since before the period. */
export function rule(ruleId: string, own: Row = {}): Row {
  return {
    rule_id: ruleId,
    state_id: `${ruleId}@${String(own.valid_from ?? BEFORE)}`,
    group_id: 'sg-0a',
    is_egress: false,
    protocol: 6,
    from_port: 443,
    to_port: 443,
    cidr: '0.0.0.0/0',
    description: 'Shop',
    valid_from: BEFORE,
    known_until: '2026-10-03 00:00:00',
    ...own,
  };
}

/** A state of an interface in scope cde with `sg-0a`. */
export function inScope(interfaceId: string, own: Row = {}): Row {
  return {
    scope_name: 'cde',
    network_interface_id: interfaceId,
    state_id: `${interfaceId}@${String(own.valid_from ?? BEFORE)}`,
    group_ids: ['sg-0a'],
    valid_from: BEFORE,
    known_until: '2026-10-03 00:00:00',
    ...own,
  };
}

const CONFIG = `
lake: lake
output: out
sources: { flow_logs: [ { files: ["*.log"] } ] }
scope: [ { name: cde, match: { vpc: [vpc-1] } }, { name: office, match: { vpc: [vpc-2] } } ]
period: { start: 2026-10-01, end: 2026-10-02 }
`;

/** (Re)creates the tables of network controls from further keys of a configuration, as YAML. */
export async function setControls(database: Database, keys = ''): Promise<void> {
  await createControlTables(
    duckdbEngine(database.connection),
    parseConfig(`${CONFIG}${keys}`, 'flowproof.yaml'),
  );
}

/** Empty tables, the services that are known by their port, and no list of allowed services. */
export async function openControlTables(): Promise<Database> {
  const database = await openEmptyTables();
  const file = readQueryFile('marts', join(QUERIES_ROOT, 'marts', 'named_service.sql'));
  await database.connection.run(`insert into named_service (${file.text})`);
  await setControls(database);
  return database;
}
