/**
 * What the configuration says of network controls, as tables that reports read: which services are
 * allowed, and what stores card data. What matches them is for SQL to decide.
 */
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { Config } from '../config.ts';
import { protocolNumber } from '../protocol.ts';

export type ControlConfig = Pick<
  Config,
  'allowed_services' | 'card_data_stores' | 'change_ticket_tag'
>;

/** Their columns: one row an entry and range of ports, one a peer of an entry, one a mark of a store. */
const TABLES = {
  allowed_service:
    'entry_number integer, scope_name varchar, direction varchar, protocol integer, first_port integer, last_port integer, has_peers boolean, justification varchar, approved_by varchar',
  allowed_peer: 'entry_number integer, peer_kind varchar, peer_value varchar',
  card_data_match: 'match_kind varchar, match_key varchar, match_value varchar',
  change_ticket_tag: 'tag_key varchar',
} as const;

/**
 * (Re)creates the temporary tables `allowed_service`, `allowed_peer`, `card_data_match` and `change_ticket_tag`. Entries are
 * numbered from 0, as the messages about the configuration number them.
 */
export async function createControlTables(
  connection: DuckDBConnection,
  config: ControlConfig,
): Promise<void> {
  for (const [name, columns] of Object.entries(TABLES)) {
    await connection.run(`create or replace temporary table ${name} (${columns})`);
  }
  for (const [entry, service] of config.allowed_services.entries()) {
    for (const { first, last } of portRanges(service.ports)) {
      await insert(connection, 'allowed_service', [
        entry,
        service.scope ?? null,
        service.direction,
        service.protocol === undefined ? null : (protocolNumber(service.protocol) ?? null),
        first,
        last,
        service.peers !== undefined,
        service.justification,
        service.approved_by,
      ]);
    }
    for (const [kind, values] of Object.entries(service.peers ?? {})) {
      for (const value of values ?? []) {
        await insert(connection, 'allowed_peer', [entry, kind, value]);
      }
    }
  }
  if (config.change_ticket_tag !== undefined) {
    await insert(connection, 'change_ticket_tag', [config.change_ticket_tag]);
  }
  const { owner_kinds, tag } = config.card_data_stores;
  for (const kind of owner_kinds) {
    await insert(connection, 'card_data_match', ['owner_kind', '', kind]);
  }
  for (const [key, value] of Object.entries(tag ?? {})) {
    await insert(connection, 'card_data_match', ['tag', key, value]);
  }
}

/** `443` and `8000-8100` as ranges; without any, one range without bounds. */
function portRanges(
  ports: readonly string[] | undefined,
): { first: number | null; last: number | null }[] {
  if (ports === undefined) return [{ first: null, last: null }];
  return ports.map((text) => {
    const [first = '', last = first] = text.split('-');
    return { first: Number(first), last: Number(last) };
  });
}

async function insert(
  connection: DuckDBConnection,
  table: keyof typeof TABLES,
  values: readonly DuckDBValue[],
): Promise<void> {
  const places = values.map((_, index) => `$${index + 1}`).join(', ');
  await connection.run(`insert into ${table} values (${places})`, [...values]);
}
