import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../../../src/database.ts';
import { edge, openControlTables, setControls } from '../edge-rows.ts';
import { insertRows, pick, type Row, runReport } from '../fixture.ts';

let database: Database;

function out(own: Row = {}): Row {
  return edge({ row_direction: 'egress', opened_by: 'local', ...own });
}

beforeAll(async () => {
  database = await openControlTables();
  await insertRows(database, 'edge_day', [
    out({ flow_count: 3 }),
    out({ row_direction: 'ingress', flow_count: 2, byte_count: 50, rule_verdict: 'response' }),
    out({ peer_range: '2001:db8:1::5/128' }),
    out({ first_port: 25, flow_count: 9 }),
    out({ first_port: null, opened_by: null, protocol: 17 }),
    // Near misses: opened from outside, of unknown opener but running inwards, inside the scope.
    out({ first_port: 1, opened_by: 'remote' }),
    out({ first_port: 2, opened_by: null, row_direction: 'ingress' }),
    out({ first_port: 3, peer_scope_name: 'cde' }),
    out({ first_port: 4, flow_date: '2026-10-02' }),
  ]);
  await setControls(
    database,
    `
allowed_services:
  - { direction: outbound, protocol: tcp, ports: [443], peers: { cidr: [198.51.100.0/24] }, justification: Payments, approved_by: CHG-1 }
  - { direction: outbound, protocol: tcp, ports: [443], peers: { cidr: ["2001:0DB8:1::/48"] }, justification: Payments, approved_by: CHG-1 }
  - { direction: inbound, protocol: tcp, ports: [25], justification: Mail, approved_by: CHG-2 }
`,
  );
});

afterAll(() => database.close());

it('judges what left by the entries for outbound traffic', async () => {
  const rows = await runReport(database, 'outbound_from_scope');
  expect(
    pick(rows, 'service', 'allowed_by', 'flow_count', 'status', 'gap_code').map((row) =>
      Object.values(row).join(' | '),
    ),
  ).toEqual([
    'tcp/25 SMTP |  | 9 | contradicts | NSC_OUTBOUND_NOT_ALLOWED',
    'tcp/443 HTTPS | allowed_services[0] | 5 | supports | NSC_OUTBOUND_ALLOWED',
    'tcp/443 HTTPS | allowed_services[1] | 1 | supports | NSC_OUTBOUND_ALLOWED',
    'udp/port unknown |  | 1 | partial | NSC_OPENER_UNKNOWN',
  ]);
  expect(rows[1]).toMatchObject({ in_byte_count: 50, out_byte_count: 100 });
  expect(rows[0]?.why).toBe('It left, and no entry of allowed_services allows it.');
});
