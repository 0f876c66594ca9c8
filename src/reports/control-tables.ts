/**
 * What the configuration says of network controls, as tables that reports read: which services are
 * allowed, and what stores card data. What matches them is for SQL to decide.
 */
import type { Config } from '../config.ts';
import type { Engine, GivenTable } from '../engines/engine.ts';
import { protocolNumber } from '../protocol.ts';

export type ControlConfig = Pick<
  Config,
  'allowed_services' | 'card_data_stores' | 'change_ticket_tag'
>;

type Columns = Readonly<Record<string, 'INTEGER' | 'VARCHAR' | 'BOOLEAN'>>;

const ALLOWED_SERVICE: Columns = {
  entry_number: 'INTEGER',
  scope_name: 'VARCHAR',
  direction: 'VARCHAR',
  protocol: 'INTEGER',
  first_port: 'INTEGER',
  last_port: 'INTEGER',
  has_peers: 'BOOLEAN',
  justification: 'VARCHAR',
  approved_by: 'VARCHAR',
};
const ALLOWED_PEER: Columns = {
  entry_number: 'INTEGER',
  peer_kind: 'VARCHAR',
  peer_value: 'VARCHAR',
};
const CARD_DATA_MATCH: Columns = {
  match_kind: 'VARCHAR',
  match_key: 'VARCHAR',
  match_value: 'VARCHAR',
};
const CHANGE_TICKET_TAG: Columns = { tag_key: 'VARCHAR' };

/**
 * (Re)creates `allowed_service` (one row an entry and range of ports), `allowed_peer` (one a peer of an entry),
 * `card_data_match` (one a mark of a store) and `change_ticket_tag`. Entries are numbered from 0, as the messages
 * about the configuration number them.
 */
export async function createControlTables(engine: Engine, config: ControlConfig): Promise<void> {
  const {
    allowed_services: services,
    card_data_stores: stores,
    change_ticket_tag: ticket,
  } = config;
  await engine.give(
    givenTable(
      'allowed_service',
      ALLOWED_SERVICE,
      services.flatMap((service, entry) =>
        portRanges(service.ports).map(({ first, last }) => [
          entry,
          service.scope ?? null,
          service.direction,
          service.protocol === undefined ? null : (protocolNumber(service.protocol) ?? null),
          first,
          last,
          service.peers !== undefined,
          service.justification,
          service.approved_by,
        ]),
      ),
    ),
  );
  await engine.give(
    givenTable(
      'allowed_peer',
      ALLOWED_PEER,
      services.flatMap(({ peers }, entry) =>
        Object.entries(peers ?? {}).flatMap(([kind, values]) =>
          (values ?? []).map((value) => [entry, kind, value]),
        ),
      ),
    ),
  );
  await engine.give(
    givenTable('card_data_match', CARD_DATA_MATCH, [
      ...stores.owner_kinds.map((kind) => ['owner_kind', '', kind]),
      ...Object.entries(stores.tag ?? {}).map(([key, value]) => ['tag', key, value]),
    ]),
  );
  await engine.give(
    givenTable('change_ticket_tag', CHANGE_TICKET_TAG, ticket === undefined ? [] : [[ticket]]),
  );
}

function givenTable(name: string, columns: Columns, rows: GivenTable['rows']): GivenTable {
  return {
    name,
    columns: Object.entries(columns).map(([column, type]) => ({ name: column, type })),
    rows,
  };
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
