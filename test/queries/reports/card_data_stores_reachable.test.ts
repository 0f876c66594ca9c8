import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../../../src/database.ts';
import { BEFORE, edge, inScope, openControlTables, rule, setControls } from '../edge-rows.ts';
import { insertRows, pick, runReport } from '../fixture.ts';

let database: Database;

const store = (id: string, groups: readonly string[] = ['sg-0p'], kind = 'rds') =>
  inScope(id, { owner_kind: kind, group_ids: groups });

beforeAll(async () => {
  database = await openControlTables();
  await insertRows(database, 'scope_interface', [
    store('eni-safe'),
    store('eni-reached'),
    store('eni-open', ['sg-0a']),
    store('eni-rule', ['sg-0a']),
    store('eni-list', ['sg-0l']),
    store('eni-address'),
    store('eni-unclear'),
    store('eni-tagged', ['sg-0p'], 'ec2_instance'),
    store('eni-web', ['sg-0a'], 'ec2_instance'),
  ]);
  await database.connection.run(
    `update scope_interface set tags = map {'data': 'card'} where network_interface_id = 'eni-tagged'`,
  );
  await insertRows(database, 'security_group_rule', [
    rule('sgr-any', { from_port: 5432, to_port: 5432 }),
    rule('sgr-private', { group_id: 'sg-0p', cidr: '10.0.0.0/8' }),
    rule('sgr-out', { group_id: 'sg-0p', is_egress: true }),
    rule('sgr-gone', { group_id: 'sg-0p', valid_to: '2026-10-01 00:00:00' }),
    rule('sgr-later', { group_id: 'sg-0p', valid_from: '2026-10-02 00:00:00' }),
    rule('sgr-list', { group_id: 'sg-0l', cidr: null, prefix_list_id: 'pl-0a' }),
  ]);
  await insertRows(database, 'prefix_list_entry', [
    { prefix_list_id: 'pl-0a', cidr: '203.0.113.0/24', valid_from: BEFORE },
    { prefix_list_id: 'pl-0a', cidr: '10.0.0.0/8', valid_from: BEFORE },
  ]);
  await insertRows(
    database,
    'network_interface',
    ['eni-open', 'eni-address'].map((id) => ({
      network_interface_id: id,
      public_address: '203.0.113.77',
      valid_from: BEFORE,
    })),
  );
  const to = (id: string) => ({ network_interface_id: id, first_port: 5432 });
  await insertRows(database, 'edge_day', [
    edge({ ...to('eni-reached'), flow_count: 3 }),
    edge({ ...to('eni-unclear'), opened_by: null }),
    // Near misses: the store opened it, a private peer, rejected, out of the period.
    edge({ ...to('eni-safe'), opened_by: 'local' }),
    edge({ ...to('eni-safe'), peer_kind: 'private' }),
    edge({ ...to('eni-safe'), action: 'REJECT' }),
    edge({ ...to('eni-safe'), flow_date: '2026-10-02' }),
  ]);
});

afterAll(() => database.close());

it('judges each store by its address, its rules and the flows', async () => {
  await setControls(database, 'card_data_stores: { tag: { data: card } }');
  const rows = await runReport(database, 'card_data_stores_reachable');
  expect(
    pick(rows, 'network_interface_id', 'known_as', 'public_rules', 'status', 'gap_code').map(
      (row) => Object.values(row).join(' | '),
    ),
  ).toEqual([
    'eni-address | owner kind rds |  | partial | CHD_STORE_PUBLIC_ADDRESS',
    'eni-list | owner kind rds | sgr-list (203.0.113.0/24) | partial | CHD_STORE_OPEN_RULE',
    'eni-open | owner kind rds | sgr-any (0.0.0.0/0) | contradicts | CHD_STORE_REACHABLE',
    'eni-reached | owner kind rds |  | contradicts | CHD_STORE_REACHED',
    'eni-rule | owner kind rds | sgr-any (0.0.0.0/0) | partial | CHD_STORE_OPEN_RULE',
    'eni-safe | owner kind rds |  | supports | CHD_STORE_NOT_REACHABLE',
    'eni-tagged | tag data=card |  | supports | CHD_STORE_NOT_REACHABLE',
    'eni-unclear | owner kind rds |  | partial | CHD_STORE_PUBLIC_FLOWS',
  ]);
  expect(rows[3]).toMatchObject({ public_flow_count: 3, example_peer: '198.51.100.7/32' });
});

it('says so if no store is known', async () => {
  await setControls(database, 'card_data_stores: { owner_kinds: [redshift] }');
  const rows = await runReport(database, 'card_data_stores_reachable');
  expect(pick(rows, 'network_interface_id', 'status', 'gap_code')).toEqual([
    { network_interface_id: null, status: 'not_evidenced', gap_code: 'CHD_STORE_NONE_KNOWN' },
  ]);
});
