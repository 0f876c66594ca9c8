import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../../../src/database.ts';
import { edge, openControlTables } from '../edge-rows.ts';
import { insertRows, type ResultRow, type Row, runReport } from '../fixture.ts';

const BEFORE = '2026-09-01 00:00:00';

function rule(ruleId: string, port: number | null, cidr: string | null, own: Row = {}): Row {
  return {
    rule_id: ruleId,
    group_id: 'sg-0a',
    is_egress: false,
    protocol: 6,
    from_port: port,
    to_port: port,
    cidr,
    valid_from: BEFORE,
    ...own,
  };
}

/** SSH from one public address. */
function flow(startAt: string | null, own: Row = {}): Row {
  return edge({
    first_port: 22,
    rule_ids: ['sgr-ssh'],
    first_at: startAt,
    last_at: startAt,
    flow_date: startAt?.slice(0, 10) ?? '2026-10-01',
    ...own,
  });
}

let database: Database;
let rows: ResultRow[];

beforeAll(async () => {
  database = await openControlTables();
  await insertRows(database, 'scope_interface', [
    {
      scope_name: 'cde',
      network_interface_id: 'eni-0a',
      group_ids: ['sg-0a'],
      valid_from: BEFORE,
      valid_to: '2026-10-01 06:00:00',
    },
    // The same interface in a new state, such as with another tag.
    {
      scope_name: 'cde',
      network_interface_id: 'eni-0a',
      group_ids: ['sg-0a'],
      valid_from: '2026-10-01 06:00:00',
    },
    { scope_name: 'cde', network_interface_id: 'eni-none', group_ids: null, valid_from: BEFORE },
  ]);
  await insertRows(database, 'prefix_list_entry', [
    { prefix_list_id: 'pl-0a', cidr: '203.0.113.0/24', valid_from: BEFORE },
    { prefix_list_id: 'pl-0a', cidr: '10.9.0.0/16', valid_from: BEFORE },
  ]);
  await insertRows(database, 'security_group_rule', [
    rule('sgr-ssh', 22, '0.0.0.0/0'),
    rule('sgr-rdp', 3389, '::/0', {
      valid_from: '2026-10-01 12:00:00',
      valid_to: '2026-10-01 18:00:00',
    }),
    rule('sgr-vnc', 5901, '203.0.113.0/24'),
    rule('sgr-list', 23, null, { prefix_list_id: 'pl-0a' }),
    // Near misses: private, shared and unique local ranges, web, outbound, gone, later, another group.
    rule('sgr-private', 22, '10.0.0.0/8'),
    rule('sgr-shared', 22, '100.64.0.0/10'),
    rule('sgr-local', 22, 'fc00::/7'),
    rule('sgr-web', 443, '0.0.0.0/0'),
    rule('sgr-egress', 22, '0.0.0.0/0', { is_egress: true }),
    rule('sgr-gone', 22, '0.0.0.0/0', { valid_to: '2026-10-01 00:00:00' }),
    rule('sgr-later', 22, '0.0.0.0/0', { valid_from: '2026-10-02 00:00:00' }),
    rule('sgr-other', 22, '0.0.0.0/0', { group_id: 'sg-0z' }),
    rule('sgr-group', 22, null, { referenced_group_id: 'sg-0z' }),
    rule('sgr-icmp', null, '0.0.0.0/0', { protocol: 1 }),
  ]);
  await insertRows(database, 'edge_day', [
    flow('2026-10-01 00:00:00'),
    flow('2026-10-01 23:59:59', { peer_range: '198.51.100.8/32' }),
    // No time but a date, and no rule known: by the range of the rule.
    flow(null, { rule_ids: [], rule_verdict: 'unexplained' }),
    flow('2026-09-30 23:59:59'),
    flow('2026-10-02 00:00:00'),
    flow('2026-10-01 10:00:00', { row_direction: 'egress', rule_verdict: 'response' }),
    flow('2026-10-01 10:00:00', { action: 'REJECT' }),
    flow('2026-10-01 10:00:00', { peer_kind: 'private' }),
    flow('2026-10-01 10:00:00', { scope_name: null }),
    flow('2026-10-01 10:00:00', { opened_by: 'local' }),
    flow('2026-10-01 10:00:00', { opened_by: null }),
    // To RDP, after its rule had gone.
    flow('2026-10-01 18:00:00', { first_port: 3389, last_port: 3389, rule_ids: [] }),
  ]);
  rows = await runReport(database, 'admin_ports_reachable');
});

afterAll(() => database.close());

it('lists each public rule for such a port once, with what reached it, and what came without one', () => {
  const shown = rows.map((row) => [
    row.rule_id,
    row.cidr,
    row.service,
    row.permitted_from_at,
    row.permitted_until_at,
    row.flow_count,
    row.last_at,
    row.status,
    row.gap_code,
  ]);
  const start = '2026-10-01 00:00:00';
  const end = '2026-10-02 00:00:00';
  expect(shown).toEqual([
    [
      'sgr-ssh',
      '0.0.0.0/0',
      'tcp/22 SSH',
      start,
      end,
      3,
      '2026-10-01 23:59:59',
      'contradicts',
      'NSC_PORT_REACHED_FROM_ANY',
    ],
    [
      'sgr-list',
      '203.0.113.0/24',
      'tcp/23 Telnet',
      start,
      end,
      0,
      null,
      'partial',
      'NSC_PORT_OPEN_TO_PUBLIC_RANGE',
    ],
    [
      'sgr-rdp',
      '::/0',
      'tcp/3389 RDP',
      '2026-10-01 12:00:00',
      '2026-10-01 18:00:00',
      0,
      null,
      'contradicts',
      'NSC_PORT_OPEN_TO_ANY',
    ],
    [
      null,
      null,
      'tcp/3389 RDP',
      null,
      null,
      1,
      '2026-10-01 18:00:00',
      'contradicts',
      'NSC_PORT_REACHED_WITHOUT_RULE',
    ],
    [
      'sgr-vnc',
      '203.0.113.0/24',
      'tcp/5900-5906 VNC',
      start,
      end,
      0,
      null,
      'partial',
      'NSC_PORT_OPEN_TO_PUBLIC_RANGE',
    ],
  ]);
  expect(new Set(rows.map((row) => row.network_interface_id))).toEqual(new Set(['eni-0a']));
});

it('says from how many addresses, and never that a port is unused', () => {
  expect(rows[0]?.why).toBe(
    'SSH is for administration; 3 accepted flows from 2 public addresses, the first on 2026-10-01.',
  );
  expect(rows[1]?.why).toBe(
    'Telnet is for administration, in clear text; no accepted flow from 203.0.113.0/24 was observed while the rule permitted it.',
  );
  expect(rows[0]?.remedy).toMatch(
    /aws ec2 revoke-security-group-ingress --group-id sg-0a --security-group-rule-ids sgr-ssh;/,
  );
  expect(JSON.stringify(rows)).not.toContain('unused');
});

it('takes a rule for all protocols as one for every port', async () => {
  const other = await openControlTables();
  await insertRows(other, 'scope_interface', [
    { scope_name: 'cde', network_interface_id: 'eni-0a', group_ids: ['sg-0a'], valid_from: BEFORE },
  ]);
  await insertRows(other, 'security_group_rule', [
    rule('sgr-all', null, '0.0.0.0/1', { protocol: null }),
  ]);
  const all = await runReport(other, 'admin_ports_reachable');
  other.close();
  expect(all.map((row) => row.service)).toEqual([
    'tcp/20-21 FTP',
    'tcp/22 SSH',
    'tcp/23 Telnet',
    'udp/69 TFTP',
    'tcp/110 POP3',
    'tcp/143 IMAP',
    'udp/161 SNMP',
    'tcp/445 SMB',
    'tcp/512-514 r-commands',
    'tcp/3389 RDP',
    'udp/3389 RDP',
    'tcp/5900-5906 VNC',
    'tcp/5985 WinRM over HTTP',
    'tcp/5986 WinRM over HTTPS',
  ]);
  expect(new Set(all.map((row) => row.gap_code))).toEqual(new Set(['NSC_PORT_OPEN_TO_ANY']));
});
