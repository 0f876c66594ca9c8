import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../../../src/database.ts';
import { edge, openControlTables, setControls } from '../edge-rows.ts';
import { insertRows, pick, runReport } from '../fixture.ts';

let database: Database;

beforeAll(async () => {
  database = await openControlTables();
  await insertRows(database, 'prefix_list_entry', [
    { prefix_list_id: 'pl-0a', cidr: '203.0.113.0/24', valid_from: '2026-09-01 00:00:00' },
    // Not on the list yet.
    { prefix_list_id: 'pl-0a', cidr: '192.0.2.0/24', valid_from: '2026-10-05 00:00:00' },
  ]);
  await insertRows(database, 'edge_day', [
    edge({ flow_count: 5, inferred_count: 2 }),
    edge({ row_direction: 'egress', flow_count: 4, byte_count: 900, rule_verdict: 'response' }),
    edge({ peer_range: '198.51.100.8/32', first_at: '2026-10-01 00:00:00' }),
    edge({ peer_range: null, peer_count: 400 }),
    // SSH from the prefix list, from outside it, and from a network that is only partly allowed.
    edge({ first_port: 22, peer_range: '203.0.113.9/32' }),
    edge({ first_port: 22, peer_range: '192.0.2.9/32' }),
    edge({ first_port: 22, peer_range: '10.9.0.0/24', peer_kind: 'private', peer_count: 40 }),
    // From another scope, and from an interface of none.
    edge({
      first_port: 5432,
      peer_kind: 'interface',
      peer_interface_id: 'eni-0f',
      peer_scope_name: 'office',
      peer_range: '10.2.0.5/32',
    }),
    edge({
      first_port: 5432,
      peer_kind: 'interface',
      peer_interface_id: 'eni-0e',
      peer_range: '10.3.0.5/32',
    }),
    // Ports that were not told apart: a part of them is allowed.
    edge({ first_port: 8000, last_port: 9500, peer_range: '203.0.113.9/32' }),
    edge({ opened_by: null, first_port: null, peer_range: '192.0.2.10/32', protocol: 1 }),
    // Near misses: out of the period, rejected, outbound, inside the scope, out of scope.
    edge({ first_port: 1, flow_date: '2026-09-30' }),
    edge({ first_port: 2, flow_date: '2026-10-02' }),
    edge({ first_port: 3, action: 'REJECT' }),
    edge({ first_port: 4, opened_by: 'local' }),
    edge({ first_port: 5, opened_by: null, row_direction: 'egress' }),
    edge({ first_port: 6, peer_kind: 'interface', peer_scope_name: 'cde' }),
    edge({ first_port: 7, scope_name: null }),
    // No entry is about this scope.
    edge({ scope_name: 'office', network_interface_id: 'eni-0f' }),
  ]);
});

afterAll(() => database.close());

const LIST = `
allowed_services:
  - { scope: cde, direction: inbound, protocol: tcp, ports: [443], justification: Shop, approved_by: CHG-1 }
  - { scope: cde, direction: inbound, protocol: tcp, ports: [22], peers: { prefix_list: [pl-0a], cidr: [10.9.0.0/28] }, justification: Admin, approved_by: CHG-2 }
  - { scope: cde, direction: inbound, protocol: tcp, ports: [5432], peers: { scope: [office] }, justification: Reports, approved_by: CHG-3 }
  - { scope: cde, direction: inbound, protocol: tcp, ports: ["8000-8100"], justification: Agents, approved_by: CHG-4 }
  - { scope: cde, direction: inbound, protocol: udp, ports: [123], justification: Time, approved_by: CHG-5 }
  - { scope: cde, direction: outbound, protocol: tcp, ports: [7777], justification: Other way, approved_by: CHG-6 }
`;

it('without a list shows what entered, and never that it may', async () => {
  await setControls(database);
  const rows = await runReport(database, 'inbound_to_scope');
  expect(new Set(rows.map((row) => `${row.status} ${row.gap_code}`))).toEqual(
    new Set(['partial NSC_NO_ALLOW_LIST']),
  );
  expect(
    pick(
      rows.filter((row) => row.scope_name === 'cde'),
      'peer_segment',
      'service',
      'flow_count',
    ).map((row) => Object.values(row).join(' | ')),
  ).toEqual([
    'in inventory, out of scope | tcp/5432 PostgreSQL | 1',
    'private, not in inventory | tcp/22 SSH | 1',
    'public | icmp | 1',
    'public | tcp/22 SSH | 2',
    'public | tcp/443 HTTPS | 11',
    'public | tcp/8000-9500 | 1',
    'scope office | tcp/5432 PostgreSQL | 1',
  ]);
});

it('with a list says what is on it, what is not, what cannot be told, and what was not observed', async () => {
  await setControls(database, LIST);
  const rows = await runReport(database, 'inbound_to_scope');
  expect(
    pick(
      rows,
      'scope_name',
      'peer_segment',
      'service',
      'allowed_by',
      'peer_count',
      'status',
      'gap_code',
    ).map((row) => Object.values(row).join(' | ')),
  ).toEqual([
    'cde | in inventory, out of scope | tcp/5432 PostgreSQL |  | 1 | contradicts | NSC_INBOUND_NOT_ALLOWED',
    'cde | private, not in inventory | tcp/22 SSH |  | 40 | partial | NSC_INBOUND_UNCLEAR',
    'cde | public | icmp |  | 1 | partial | NSC_OPENER_UNKNOWN',
    'cde | public | tcp/22 SSH | allowed_services[1] | 1 | supports | NSC_INBOUND_ALLOWED',
    'cde | public | tcp/22 SSH |  | 1 | contradicts | NSC_INBOUND_NOT_ALLOWED',
    'cde | public | tcp/443 HTTPS | allowed_services[0] | 402 | supports | NSC_INBOUND_ALLOWED',
    'cde | public | tcp/8000-9500 |  | 1 | partial | NSC_INBOUND_UNCLEAR',
    'cde | scope office | tcp/5432 PostgreSQL | allowed_services[2] | 1 | supports | NSC_INBOUND_ALLOWED',
    'cde |  | tcp/8000-8100 | allowed_services[3] | 0 | partial | NSC_ALLOWED_NOT_OBSERVED',
    'cde |  | udp/123 | allowed_services[4] | 0 | partial | NSC_ALLOWED_NOT_OBSERVED',
    'office | public | tcp/443 HTTPS |  | 1 | partial | NSC_NO_ALLOW_LIST',
  ]);
});

it('names examples, bytes each way, the approval, and what is inferred', async () => {
  await setControls(database, LIST);
  const [web] = (await runReport(database, 'inbound_to_scope')).filter(
    (row) => row.service === 'tcp/443 HTTPS' && row.scope_name === 'cde',
  );
  expect(web).toMatchObject({
    example_peers: '198.51.100.7/32, 198.51.100.8/32, others',
    approved_by: 'CHG-1',
    justification: 'Shop',
    flow_count: 11,
    in_byte_count: 300,
    out_byte_count: 900,
    first_at: '2026-10-01 00:00:00',
    last_at: '2026-10-01 12:01:00',
    why: 'It entered, and allowed_services[0] allows it; of 11 flows, who opened 2 is inferred from the ports.',
  });
});
