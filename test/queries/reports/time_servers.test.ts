import { expect, it } from 'vitest';
import { edge, inScope, openControlTables } from '../edge-rows.ts';
import { insertRows, pick, runReport } from '../fixture.ts';

it('lists the time servers that scopes asked, and scopes that asked none', async () => {
  const database = await openControlTables();
  await insertRows(database, 'scope_interface', [
    inScope('eni-0a'),
    inScope('eni-0b', { scope_name: 'connected' }),
    inScope('eni-0c', { scope_name: 'gone', valid_to: '2026-09-30 00:00:00' }),
  ]);
  const ntp = { protocol: 17, first_port: 123, opened_by: 'local', row_direction: 'egress' };
  const own = { peer_kind: 'interface', peer_interface_id: 'eni-0t', peer_range: '10.0.0.5/32' };
  await insertRows(database, 'edge_day', [
    edge({ ...ntp, flow_count: 2 }),
    edge({ ...ntp, flow_count: 3, network_interface_id: 'eni-0a2' }),
    edge({ ...ntp, ...own }),
    edge({ ...ntp, peer_kind: 'private', peer_range: '10.9.0.1/32', action: 'REJECT' }),
    // Near misses: they asked the scope, TCP, another port, a range of ports, out of scope, another day.
    edge({ ...ntp, opened_by: 'remote', peer_range: '198.51.100.8/32' }),
    edge({ ...ntp, protocol: 6, peer_range: '198.51.100.9/32' }),
    edge({ ...ntp, first_port: 124, peer_range: '198.51.100.10/32' }),
    edge({ ...ntp, last_port: 65535, peer_range: '198.51.100.11/32' }),
    edge({ ...ntp, scope_name: null, peer_range: '198.51.100.12/32' }),
    edge({ ...ntp, flow_date: '2026-10-02', peer_range: '198.51.100.13/32' }),
  ]);
  const rows = await runReport(database, 'time_servers');
  database.close();
  expect(
    pick(
      rows,
      'scope_name',
      'peer_segment',
      'peer',
      'asking_interface_count',
      'accepted_flow_count',
      'rejected_flow_count',
      'status',
    ).map((row) => Object.values(row).join(' | ')),
  ).toEqual([
    'cde | in inventory, out of scope | eni-0t | 1 | 1 | 0 | partial',
    'cde | private, not in inventory | 10.9.0.1/32 | 1 | 0 | 1 | not_evidenced',
    'cde | public | 198.51.100.7/32 | 2 | 5 | 0 | partial',
    'connected |  |  | 0 | 0 | 0 | not_evidenced',
  ]);
  expect(rows[2]?.why).toContain('only designated time servers may ask outside sources');
});
