import { expect, it } from 'vitest';
import { DAY, edge, inScope, openControlTables, rule } from '../edge-rows.ts';
import { insertRows, pick, runReport } from '../fixture.ts';

it('lists insecure services that were offered or used, and rules that permit them from inside', async () => {
  const database = await openControlTables();
  await insertRows(database, 'scope_interface', [inScope('eni-0a')]);
  const inside = { peer_kind: 'private', peer_range: '10.9.0.1/32' };
  await insertRows(database, 'edge_day', [
    edge({ ...inside, first_port: 23, flow_count: 2 }),
    edge({ ...inside, first_port: 23, row_direction: 'egress', rule_verdict: 'response' }),
    edge({ first_port: 21, opened_by: 'local', row_direction: 'egress' }),
    edge({ ...inside, first_port: 161, protocol: 17 }),
    // Near misses: from public addresses, SSH, rejected, unknown opener, not in scope, other protocol, other day.
    edge({ first_port: 23 }),
    edge({ ...inside, first_port: 22 }),
    edge({ ...inside, first_port: 23, action: 'REJECT' }),
    edge({ ...inside, first_port: 23, opened_by: null }),
    edge({ ...inside, first_port: 23, scope_name: null }),
    edge({ ...inside, first_port: 23, protocol: 17 }),
    edge({ ...inside, first_port: 23, flow_date: '2026-10-02' }),
  ]);
  await insertRows(database, 'security_group_rule', [
    rule('sgr-files', { cidr: '10.0.0.0/8', from_port: 445, to_port: 445 }),
    rule('sgr-group', {
      cidr: null,
      referenced_group_id: 'sg-0w',
      protocol: 6,
      from_port: 20,
      to_port: 30,
    }),
    // Near misses: public (admin_ports_reachable has it), outbound, gone, of another group, another port.
    rule('sgr-public', { from_port: 445, to_port: 445 }),
    rule('sgr-out', { cidr: '10.0.0.0/8', from_port: 445, to_port: 445, is_egress: true }),
    rule('sgr-gone', {
      cidr: '10.0.0.0/8',
      from_port: 445,
      to_port: 445,
      valid_to: '2026-10-01 00:00:00',
    }),
    rule('sgr-other', { cidr: '10.0.0.0/8', from_port: 445, to_port: 445, group_id: 'sg-0z' }),
    rule('sgr-web', { cidr: '10.0.0.0/8' }),
  ]);
  await insertRows(database, 'rule_port_day', [
    { rule_id: 'sgr-group', port: 22, flow_count: 50, flow_date: DAY },
    { rule_id: 'sgr-group', port: 23, flow_count: 5, flow_date: DAY },
  ]);
  const rows = await runReport(database, 'insecure_services_inside');
  database.close();
  expect(
    pick(
      rows,
      'network_interface_id',
      'rule_id',
      'service',
      'peer_segment',
      'flow_count',
      'gap_code',
    ).map((row) => Object.values(row).join(' | ')),
  ).toEqual([
    'eni-0a |  | tcp/23 Telnet | private, not in inventory | 3 | INSECURE_SERVICE_OFFERED',
    'eni-0a |  | udp/161 SNMP | private, not in inventory | 1 | INSECURE_SERVICE_OFFERED',
    ' | sgr-files | tcp/445 SMB | 10.0.0.0/8 | 0 | INSECURE_SERVICE_PERMITTED',
    ' | sgr-group | tcp/20-21 FTP, tcp/23 Telnet | sg-0w | 5 | INSECURE_SERVICE_PERMITTED',
    'eni-0a |  | tcp/20-21 FTP | public | 1 | INSECURE_SERVICE_USED',
  ]);
  expect(new Set(rows.map((row) => row.status))).toEqual(new Set(['partial']));
});
