import { expect, it } from 'vitest';
import { edge, inScope, openControlTables, rule, setControls } from '../edge-rows.ts';
import { insertRows, pick, runReport } from '../fixture.ts';

const SIX = '2026-10-01 06:00:00';
const FIVE = '2026-10-01 05:00:00';

it('lists what changed between which snapshots, what is new by it, and who used it', async () => {
  const database = await openControlTables();
  await insertRows(database, 'scope_interface', [
    inScope('eni-0a'),
    inScope('eni-0b', { valid_to: SIX, known_until: FIVE }),
    inScope('eni-0b', { valid_from: SIX, group_ids: ['sg-0a', 'sg-0n'] }),
    inScope('eni-0c', { group_ids: ['sg-0a', 'sg-0n'], valid_to: SIX, known_until: FIVE }),
    inScope('eni-0c', { valid_from: SIX }),
  ]);
  await insertRows(database, 'security_group_rule', [
    rule('sgr-old', { cidr: '10.0.0.0/8' }),
    // New, and used; new, and no more than sgr-old permits; new, and not used.
    rule('sgr-rdp', { from_port: 3389, to_port: 3389, valid_from: SIX, absent_at: FIVE }),
    rule('sgr-same', { cidr: '10.1.0.0/16', valid_from: SIX, absent_at: FIVE }),
    rule('sgr-idle', { from_port: 25, to_port: 25, valid_from: SIX, absent_at: FIVE }),
    // The same rule with another range, and one with another description.
    rule('sgr-moved', {
      cidr: '192.0.2.0/24',
      from_port: 22,
      to_port: 22,
      valid_to: SIX,
      known_until: FIVE,
    }),
    rule('sgr-moved', {
      cidr: '203.0.113.0/24',
      from_port: 22,
      to_port: 22,
      valid_from: SIX,
      absent_at: FIVE,
    }),
    rule('sgr-named', {
      description: null,
      from_port: 53,
      to_port: 53,
      valid_to: SIX,
      known_until: FIVE,
    }),
    rule('sgr-named', { from_port: 53, to_port: 53, valid_from: SIX, absent_at: FIVE }),
    rule('sgr-ended', { from_port: 21, to_port: 21, valid_to: SIX, known_until: FIVE }),
    // Near misses: the first snapshot's, before and after the period, a group of nothing in scope, and one
    // that was known by its values until its id was known.
    rule('sgr-first', { from_port: 80, to_port: 80, valid_from: SIX }),
    rule('sgr-before', {
      from_port: 1,
      to_port: 1,
      valid_from: '2026-09-30 00:00:00',
      absent_at: '2026-09-29 00:00:00',
    }),
    rule('sgr-after', {
      from_port: 2,
      to_port: 2,
      valid_from: '2026-10-02 00:00:00',
      absent_at: FIVE,
    }),
    rule('sgr-far', { group_id: 'sg-0z', valid_from: SIX, absent_at: FIVE }),
    rule('sg-0a/in/tcp/99', { from_port: 99, to_port: 99, valid_to: SIX, known_until: FIVE }),
    rule('sgr-by-id', { from_port: 99, to_port: 99, valid_from: SIX, absent_at: FIVE }),
  ]);
  await insertRows(database, 'edge_day', [
    edge({ first_port: 3389, rule_ids: ['sgr-rdp'], flow_count: 2 }),
    edge({ first_port: 3389, rule_ids: ['sgr-old', 'sgr-rdp'], flow_count: 5 }),
    // Before the change, another verdict, out of the period.
    edge({
      first_port: 22,
      rule_ids: ['sgr-moved'],
      first_at: '2026-10-01 01:00:00',
      last_at: '2026-10-01 05:59:59',
    }),
    edge({ first_port: 25, rule_ids: ['sgr-idle'], rule_verdict: 'tracked_or_changed' }),
    edge({ first_port: 25, rule_ids: ['sgr-idle'], flow_date: '2026-10-02' }),
    edge({
      first_port: 21,
      rule_ids: ['sgr-ended'],
      first_at: '2026-10-01 01:00:00',
      last_at: '2026-10-01 02:00:00',
    }),
  ]);
  const rows = await runReport(database, 'security_group_changes');
  database.close();
  expect(
    pick(
      rows,
      'change',
      'rule_id',
      'network_interface_id',
      'permitted_before',
      'permits',
      'covered_by',
      'flow_count',
      'sole_flow_count',
      'gap_code',
    ).map((row) => Object.values(row).join(' | ')),
  ).toEqual([
    'rule added | sgr-idle |  |  | tcp/25 from 0.0.0.0/0 |  | 0 | 0 | SG_RULE_ADDED',
    'rule added | sgr-rdp |  |  | tcp/3389 from 0.0.0.0/0 |  | 7 | 2 | SG_RULE_ADDED_USED',
    'rule added | sgr-same |  |  | tcp/443 from 10.1.0.0/16 | sgr-old | 0 | 0 | SG_RULE_ADDED_NOTHING_NEW',
    'rule changed | sgr-moved |  | tcp/22 from 192.0.2.0/24 | tcp/22 from 203.0.113.0/24 |  | 0 | 0 | SG_RULE_CHANGED',
    'rule described anew | sgr-named |  | tcp/53 from 0.0.0.0/0 | tcp/53 from 0.0.0.0/0 | sgr-named | 0 | 0 | SG_RULE_DESCRIBED',
    'rule removed | sgr-ended |  | tcp/21 from 0.0.0.0/0 |  |  | 1 | 1 | SG_RULE_REMOVED',
    'group attached |  | eni-0b |  |  |  | 0 | 0 | SG_GROUP_ATTACHED',
    'group detached |  | eni-0c |  |  |  | 0 | 0 | SG_GROUP_DETACHED',
  ]);
  expect(rows[1]).toMatchObject({
    changed_after_at: FIVE,
    changed_until_at: SIX,
    interface_count: 3,
    status: 'partial',
    why: 'It lets more through, and it was used: 7 flows since, 2 of which no other rule permits, such as with 198.51.100.7/32.',
  });
  expect(rows[5]?.why).toBe(
    'What only this rule permitted no longer is; it was last observed in use on 2026-10-01.',
  );
  expect(rows[1]?.remedy).toContain('AuthorizeSecurityGroupIngress for sg-0a.');
});

it('says who made a change, by the calls of that time', async () => {
  const database = await openControlTables();
  await insertRows(database, 'scope_interface', [inScope('eni-0a')]);
  await insertRows(database, 'security_group_rule', [
    rule('sgr-one', { from_port: 3389, to_port: 3389, valid_from: SIX, absent_at: FIVE }),
    rule('sgr-two', { from_port: 25, to_port: 25, valid_from: SIX, absent_at: FIVE }),
    rule('sgr-gone', { from_port: 21, to_port: 21, valid_to: SIX, known_until: FIVE }),
  ]);
  const call = (id: string, own: Record<string, unknown> = {}) => ({
    event_id: id,
    event_at: '2026-10-01 05:30:00',
    event_name: 'AuthorizeSecurityGroupIngress',
    actor: 'network/session-1',
    group_ids: ['sg-0a'],
    rule_ids: [],
    resource_ids: [],
    ...own,
  });
  await insertRows(database, 'cloudtrail_event', [
    // By the rule; delivered by two trails.
    call('e-1', { rule_ids: ['sgr-one'] }),
    call('e-1', { rule_ids: ['sgr-one'] }),
    // By the group only: either of two calls.
    call('e-2', { actor: 'network/session-2' }),
    // Near misses: failed, too early, another group, another kind of call.
    call('e-3', { error_code: 'Client.UnauthorizedOperation', rule_ids: ['sgr-one'] }),
    call('e-4', { event_at: '2026-10-01 04:59:59' }),
    call('e-5', { group_ids: ['sg-0b'] }),
    call('e-6', { event_name: 'AuthorizeSecurityGroupEgress2', group_ids: ['sg-0c'] }),
    call('e-7', { event_name: 'CreateFlowLogs', event_at: '2026-10-01 08:00:00', group_ids: [] }),
  ]);
  const rows = await runReport(database, 'security_group_changes');
  database.close();
  expect(
    pick(rows, 'rule_id', 'changed_by', 'change_event_ids').map((row) =>
      Object.values(row).join(' | '),
    ),
  ).toEqual([
    'sgr-one | network/session-1 | e-1',
    'sgr-two | network/session-1, network/session-2 | e-1, e-2',
    'sgr-gone |  | ',
  ]);
  expect(rows.map((row) => String(row.why).split('. ').at(-1))).toEqual([
    'network/session-1 made it.',
    'It is one of 2 calls of that time.',
    'No record of CloudTrail explains it, though there are records of that time.',
  ]);
});

it('names the ticket by the tag of the group that the configuration names, as of the change', async () => {
  const database = await openControlTables();
  await insertRows(database, 'scope_interface', [inScope('eni-0a')]);
  await insertRows(database, 'security_group_rule', [
    rule('sgr-one', { from_port: 3389, to_port: 3389, valid_from: SIX, absent_at: FIVE }),
  ]);
  await database.connection.run(`
    insert into security_group by name
    select 'sg-0a' as group_id, valid_from, map {'ticket': ticket, 'Name': 'web'} as tags
    from (values
      (timestamp '2026-09-30 00:00:00', 'CHG-1'),
      (timestamp '${SIX}', 'CHG-2'),
      (timestamp '2026-10-01 09:00:00', 'CHG-3')
    ) as state (valid_from, ticket)`);
  const tickets = async (): Promise<unknown[]> =>
    (await runReport(database, 'security_group_changes')).map((row) => row.ticket);
  expect(await tickets()).toEqual([null]);
  await setControls(database, 'change_ticket_tag: ticket');
  expect(await tickets()).toEqual(['CHG-2']);
  await setControls(database, 'change_ticket_tag: other');
  expect(await tickets()).toEqual([null]);
  database.close();
});
