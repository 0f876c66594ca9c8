import { expect, it } from 'vitest';
import { edge, openControlTables } from '../edge-rows.ts';
import { insertRows, pick, runReport } from '../fixture.ts';

const office = { peer_kind: 'interface', peer_interface_id: 'eni-0f', peer_scope_name: 'office' };

it('adds up what each scope exchanged with each segment, by who opened it', async () => {
  const database = await openControlTables();
  await insertRows(database, 'edge_day', [
    edge({ flow_count: 5 }),
    edge({ row_direction: 'egress', byte_count: 700 }),
    edge({ first_port: 23, action: 'REJECT', peer_range: null, flow_count: 9 }),
    edge({ ...office, first_port: 5432 }),
    edge({ ...office, first_port: 8443, flow_count: 2 }),
    edge({ ...office, first_port: 22, opened_by: 'local', row_direction: 'egress' }),
    edge({ peer_kind: 'several', is_peer_scope_unclear: true, first_port: 80 }),
    edge({ peer_kind: 'private', peer_range: '10.9.0.1/32', opened_by: null, first_port: null }),
    // Both sides of a connection inside the scope.
    edge({ peer_kind: 'interface', peer_scope_name: 'cde' }),
    edge({ peer_kind: 'interface', peer_scope_name: 'cde', opened_by: 'local' }),
    // Near misses: out of the period, out of scope.
    edge({ flow_count: 1000, flow_date: '2026-10-02' }),
    edge({ flow_count: 1000, flow_date: '2026-09-30' }),
    edge({ flow_count: 1000, scope_name: null }),
  ]);
  const rows = await runReport(database, 'segment_matrix');
  database.close();
  const shown = pick(
    rows,
    'peer_segment',
    'opened_by',
    'top_services',
    'accepted_flow_count',
    'rejected_flow_count',
    'in_byte_count',
    'out_byte_count',
    'status',
  ).map((row) => Object.values(row).join(' | '));
  expect(shown).toEqual([
    'in inventory, scope unclear | in inventory, scope unclear | tcp/80 HTTP | 1 | 0 | 100 | 0 | partial',
    'private, not in inventory | not known | tcp/port unknown | 1 | 0 | 100 | 0 | partial',
    'public | public | tcp/443 HTTPS | 6 | 9 | 100 | 700 | supports',
    'scope cde | scope cde | tcp/443 HTTPS | 2 | 0 | 200 | 0 | supports',
    'scope office | scope cde | tcp/22 SSH | 1 | 0 | 0 | 100 | partial',
    'scope office | scope office | tcp/8443, tcp/5432 PostgreSQL | 3 | 0 | 200 | 0 | partial',
  ]);
  expect(new Set(rows.map((row) => row.scope_name))).toEqual(new Set(['cde']));
});
