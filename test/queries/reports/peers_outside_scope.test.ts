import { expect, it } from 'vitest';
import { BEFORE, edge, openControlTables } from '../edge-rows.ts';
import { insertRows, pick, runReport } from '../fixture.ts';

it('lists peers of the inventory, private addresses outside it, and public ones together', async () => {
  const database = await openControlTables();
  await insertRows(database, 'interface_context', [
    {
      network_interface_id: 'eni-0e',
      instance_name: 'old',
      owner_kind: 'ec2_instance',
      valid_from: BEFORE,
    },
    {
      network_interface_id: 'eni-0e',
      instance_name: 'jump',
      owner_kind: 'ec2_instance',
      vpc_id: 'vpc-9',
      valid_from: '2026-09-20 00:00:00',
    },
  ]);
  const jump = { peer_kind: 'interface', peer_interface_id: 'eni-0e' };
  await insertRows(database, 'edge_day', [
    edge({ ...jump, first_port: 22, peer_range: '10.3.0.5/32', flow_count: 3 }),
    edge({ ...jump, first_port: 443, peer_range: '10.3.0.5/32', opened_by: 'local' }),
    edge({ peer_kind: 'private', peer_range: '10.9.0.1/32' }),
    edge({ peer_kind: 'several', peer_range: '10.9.0.2/32', is_peer_scope_unclear: true }),
    edge({ flow_count: 7 }),
    edge({ peer_range: '198.51.100.8/32' }),
    edge({ peer_range: '198.51.100.8/32', row_direction: 'egress' }),
    edge({ peer_kind: 'unknown', peer_range: null, opened_by: null, row_direction: null }),
    edge({ peer_kind: 'multicast', peer_range: '224.0.0.251/32' }),
    // Near misses: in a scope, rejected, out of the period.
    edge({ ...jump, peer_interface_id: 'eni-in', peer_scope_name: 'office' }),
    edge({ ...jump, peer_interface_id: 'eni-no', action: 'REJECT' }),
    edge({ ...jump, peer_interface_id: 'eni-old', flow_date: '2026-09-30' }),
    edge({ ...jump, peer_interface_id: 'eni-new', flow_date: '2026-10-02' }),
  ]);
  const rows = await runReport(database, 'peers_outside_scope');
  database.close();
  const shown = pick(
    rows,
    'peer',
    'peer_name',
    'top_services',
    'opened_by',
    'address_count',
    'flow_count',
    'status',
    'gap_code',
  ).map((row) => Object.values(row).join(' | '));
  expect(shown).toEqual([
    'eni-0e | jump | tcp/22 SSH, tcp/443 HTTPS | both | 1 | 4 | partial | SCOPE_PEER_NOT_IN_SCOPE',
    ' |  | tcp/443 HTTPS | peer | 1 | 1 | manual_evidence_required | SCOPE_PEER_SPECIAL',
    '10.9.0.1/32 |  | tcp/443 HTTPS | peer | 1 | 1 | partial | SCOPE_PEER_NOT_IN_INVENTORY',
    ' |  | tcp/443 HTTPS | peer | 2 | 9 | manual_evidence_required | SCOPE_PEER_PUBLIC',
    '10.9.0.2/32 |  | tcp/443 HTTPS | peer | 1 | 1 | partial | SCOPE_PEER_UNCLEAR',
    ' |  | tcp/443 HTTPS | not known | 1 | 1 | partial | SCOPE_PEER_UNKNOWN',
  ]);
  expect(rows[0]).toMatchObject({ peer_vpc_id: 'vpc-9', peer_owner_kind: 'ec2_instance' });
});
