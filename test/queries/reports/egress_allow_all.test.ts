import { expect, it } from 'vitest';
import { DAY, inScope, openControlTables, rule } from '../edge-rows.ts';
import { insertRows, pick, runReport } from '../fixture.ts';

const out = { is_egress: true, protocol: null, from_port: null, to_port: null };
const used = { first_at: `${DAY} 00:00:00`, last_at: `${DAY} 23:59:59`, flow_date: DAY };

it('lists rules that permit every outbound address and port, with what left by them', async () => {
  const database = await openControlTables();
  await insertRows(database, 'scope_interface', [
    inScope('eni-0a'),
    inScope('eni-0b'),
    inScope('eni-old', { group_ids: ['sg-0z'], valid_to: '2026-10-01 00:00:00' }),
  ]);
  await insertRows(database, 'security_group_rule', [
    rule('sgr-all', out),
    rule('sgr-all6', { ...out, cidr: '::/0' }),
    rule('sgr-tcp', { ...out, protocol: 6, from_port: 0, to_port: 65_535 }),
    // Near misses: a port, a range, inbound, over, not begun, of a group that nothing in scope has.
    rule('sgr-web', { ...out, protocol: 6, from_port: 443, to_port: 443 }),
    rule('sgr-net', { ...out, cidr: '10.0.0.0/8' }),
    rule('sgr-in', { ...out, is_egress: false }),
    rule('sgr-gone', { ...out, valid_to: '2026-10-01 00:00:00' }),
    rule('sgr-later', { ...out, valid_from: '2026-10-02 00:00:00' }),
    rule('sgr-other', { ...out, group_id: 'sg-0z' }),
  ]);
  await insertRows(database, 'rule_day', [
    { rule_id: 'sgr-all', flow_count: 5, ...used },
    { rule_id: 'sgr-all', flow_count: 900, ...used, flow_date: '2026-10-02' },
  ]);
  await insertRows(database, 'rule_network_day', [
    { rule_id: 'sgr-all', network: '203.0.113.0/24', ...used },
    { rule_id: 'sgr-all', network: '198.51.100.0/24', ...used },
  ]);
  await insertRows(database, 'rule_port_day', [
    { rule_id: 'sgr-all', port: 53, flow_count: 1, ...used },
    { rule_id: 'sgr-all', port: 443, flow_count: 4, ...used },
    { rule_id: 'sgr-all', port: null, flow_count: 4, ...used },
  ]);
  const rows = await runReport(database, 'egress_allow_all');
  database.close();
  expect(
    pick(rows, 'rule_id', 'permits', 'interface_count', 'top_ports', 'flow_count', 'gap_code').map(
      (row) => Object.values(row).join(' | '),
    ),
  ).toEqual([
    'sgr-all | all protocols to 0.0.0.0/0 | 2 | 443, 53 | 5 | NSC_EGRESS_ALL_USED',
    'sgr-all6 | all protocols to ::/0 | 2 |  | 0 | NSC_EGRESS_ALL_PERMITTED',
    'sgr-tcp | tcp/0-65535 to 0.0.0.0/0 | 2 |  | 0 | NSC_EGRESS_ALL_PERMITTED',
  ]);
  expect(new Set(rows.map((row) => row.status))).toEqual(new Set(['contradicts']));
  expect(rows[0]?.why).toBe(
    'Outbound traffic is not limited to what is necessary; it was seen to 2 networks and 2 ports.',
  );
  expect(rows[0]?.remedy).toMatch(
    /aws ec2 revoke-security-group-egress --group-id sg-0a --security-group-rule-ids sgr-all$/,
  );
});
