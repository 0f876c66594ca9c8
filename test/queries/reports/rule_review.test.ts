import { expect, it } from 'vitest';
import { DAY, inScope, openControlTables, rule } from '../edge-rows.ts';
import { insertRows, pick, runReport } from '../fixture.ts';

const seen = { first_at: `${DAY} 00:00:00`, last_at: `${DAY} 23:59:59`, flow_date: DAY };

it('says of each rule what was observed of it, and what a reviewer should ask', async () => {
  const database = await openControlTables();
  await insertRows(database, 'scope_interface', [inScope('eni-0a'), inScope('eni-0b')]);
  await insertRows(database, 'security_group_rule', [
    rule('sgr-fine', { cidr: '10.0.0.0/24' }),
    rule('sgr-idle', { valid_from: '2026-09-20 12:00:00' }),
    rule('sgr-idle-since'),
    rule('sgr-wide', { description: ' ' }),
    rule('sgr-busy'),
    rule('sgr-ports', { cidr: '10.0.0.0/24', from_port: 8000, to_port: 8099 }),
    rule('sgr-plain', { cidr: null, referenced_group_id: 'sg-0w', description: null }),
    // Changed within the period; what it was before is not reviewed.
    rule('sgr-new', { valid_to: '2026-10-01 06:00:00', description: null }),
    rule('sgr-new', {
      valid_from: '2026-10-01 06:00:00',
      absent_at: '2026-10-01 05:00:00',
      cidr: '2001:db8::/32',
    }),
    // Near misses: gone before the end, not begun, of a group of nothing in scope.
    rule('sgr-gone', { valid_to: '2026-10-01 23:00:00' }),
    rule('sgr-later', { valid_from: '2026-10-02 00:00:00' }),
    rule('sgr-other', { group_id: 'sg-0z' }),
  ]);
  const used = ['sgr-fine', 'sgr-wide', 'sgr-busy', 'sgr-ports', 'sgr-plain', 'sgr-new'];
  await insertRows(database, 'rule_day', [
    ...used.map((rule_id) => ({ rule_id, flow_count: 4, ...seen })),
    // Seen before the period, and after it.
    {
      rule_id: 'sgr-idle-since',
      flow_count: 9,
      last_at: '2026-09-11 12:00:00',
      flow_date: '2026-09-11',
    },
    {
      rule_id: 'sgr-idle',
      flow_count: 9,
      last_at: '2026-10-02 12:00:00',
      flow_date: '2026-10-02',
    },
  ]);
  await insertRows(database, 'rule_network_day', [
    ...used.map((rule_id) => ({ rule_id, network: '198.51.100.0/24', ...seen })),
    ...[...Array(8).keys()].map((number) => ({
      rule_id: 'sgr-busy',
      network: `203.0.${number}.0/24`,
      ...seen,
    })),
  ]);
  await insertRows(
    database,
    'rule_port_day',
    used.map((rule_id) => ({ rule_id, port: 8001, ...seen })),
  );
  const rows = await runReport(database, 'rule_review');
  database.close();
  const shown = pick(rows, 'rule_id', 'not_observed_days', 'status', 'gap_code', 'why');
  expect(shown.map((row) => Object.values(row).join(' | '))).toEqual([
    'sgr-busy | 0 | supports | RULE_OBSERVED | Observed: 4 flows.',
    'sgr-fine | 0 | supports | RULE_OBSERVED | Observed: 4 flows.',
    'sgr-idle | 11 | partial | RULE_NOT_OBSERVED | Not observed for 11 days, as far as flows are known.',
    'sgr-idle-since | 20 | partial | RULE_NOT_OBSERVED | Not observed for 20 days, as far as flows are known.',
    'sgr-new | 0 | partial | RULE_WIDER_THAN_SEEN | Observed: 4 flows; permits 2001:db8::/32, seen from 1 network.',
    'sgr-plain | 0 | partial | RULE_WITHOUT_DESCRIPTION | Observed: 4 flows; no description.',
    'sgr-ports | 0 | partial | RULE_WIDER_THAN_SEEN | Observed: 4 flows; permits 100 ports, seen 1.',
    'sgr-wide | 0 | partial | RULE_WIDER_THAN_SEEN | Observed: 4 flows; permits 0.0.0.0/0, seen from 1 network; no description.',
  ]);
  expect(rows.find((row) => row.rule_id === 'sgr-new')).toMatchObject({
    since_at: '2026-09-01 00:00:00',
    is_since_or_before: true,
    last_change_at: '2026-10-01 06:00:00',
    interface_count: 2,
    permits: 'tcp/443 from 2001:db8::/32',
  });
  expect(JSON.stringify(rows)).not.toContain('unused');
});
