/**
 * What each criterion says of a rule and of a network ACL entry, in one world in which each case has an
 * interface, a group and a subnet of its own. The inventory was looked at an hour before the record and
 * an hour after it.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../src/database.ts';
import { explain } from '../../src/explain/explain.ts';
import type { Explanation } from '../../src/explain/explanation.ts';
import { explanationText } from '../../src/explain/explanation-text.ts';
import { openTables } from '../catalogue-rows.ts';
import * as fixture from '../enrich/fixture.ts';
import { tryAll } from './try-all.ts';

const { DAY, networkInterface } = fixture;

type Entry = Record<string, string | number | boolean | { readonly [key: string]: number }>;

type Case = {
  /** The rule of the interface's group, before and after; the same if `after` is absent. */
  rule?: Omit<fixture.RuleParts, 'id' | 'group'>;
  isAdded?: boolean;
  isRemoved?: boolean;
  /** Entries of the subnet's network ACL, before and after. */
  entries?: readonly Entry[];
  entriesAfter?: readonly Entry[];
  flow?: fixture.Row;
};

const HTTPS = { ports: [443, 443], cidr: '198.51.100.0/24' } as const;
const LATER = { start_at: `${DAY} 11:30:00`, end_at: `${DAY} 11:30:30` };
const REJECTED = { action: 'REJECT' };
const PING = { protocol: 1, srcport: 0, dstport: 0 };

const entry = (number: number, action: string, parts: Entry = {}): Entry => ({
  ...{ RuleNumber: number, RuleAction: action, Protocol: '-1', Egress: false },
  ...{ CidrBlock: '0.0.0.0/0', ...parts },
});
const LAST = entry(32767, 'deny');
const tcp = (port: number): Entry => ({ Protocol: '6', PortRange: { From: port, To: port } });

const RULE_CASES: Readonly<Record<string, [Case, Record<string, unknown>]>> = {
  'a rule in force': [
    { rule: HTTPS },
    { outcome: 'permits', standing: 'in_force', matched_peers: ['198.51.100.0/24'] },
  ],
  'another direction': [
    { rule: { isEgress: true, protocol: '-1', cidr: '0.0.0.0/0' } },
    { outcome: 'does_not_permit', direction_match: 'no', reason: 'it is for the other direction' },
  ],
  'another protocol': [
    { rule: { protocol: 'udp', ports: [443, 443], cidr: '0.0.0.0/0' } },
    { protocol_match: 'no', port_match: 'yes', reason: 'it is for another protocol' },
  ],
  'other ports': [
    { rule: { ports: [80, 442], cidr: '0.0.0.0/0' } },
    { port_match: 'no', peer_match: 'yes', reason: 'it is for other ports' },
  ],
  'another peer': [
    { rule: { ports: [443, 443], cidr: '203.0.113.0/24' } },
    { peer_match: 'no', matched_peers: [], reason: 'the remote address is not among its peers' },
  ],
  'a rule of the other address family': [
    { rule: { protocol: '-1', cidr: '::/0' } },
    { peer_match: 'no', outcome: 'does_not_permit' },
  ],
  'a rule added about then': [
    { rule: HTTPS, isAdded: true },
    { outcome: 'may_permit', standing: 'about_then', certain_from: `${DAY}T11:00:00Z` },
  ],
  'a rule removed before, of a connection that may be older': [
    { rule: HTTPS, isRemoved: true, flow: LATER },
    { outcome: 'permitted_before', standing: 'removed_before' },
  ],
  'a rule removed before, of a record that opens the connection': [
    { rule: HTTPS, isRemoved: true, flow: { ...LATER, tcp_flags: 2 } },
    {
      outcome: 'does_not_permit',
      standing: 'removed_before',
      reason: 'it was removed before, and a record that opens a connection is of no tracked one',
    },
  ],
  'a rule of an ICMP type': [
    { rule: { protocol: 'icmp', ports: [8, 0], cidr: '0.0.0.0/0' }, flow: PING },
    { outcome: 'undecidable', port_match: 'unknown', peer_match: 'yes' },
  ],
  'a reference that the inventory does not hold': [
    { rule: { ports: [443, 443], reference: 'sg-gone' } },
    {
      outcome: 'undecidable',
      peer_match: 'unknown',
      peer_kind: 'unreadable',
      reason: 'the inventory does not hold for this time what it refers to',
    },
  ],
  'a member of a group': [
    { rule: { ports: [443, 443], reference: 'sg-peer' } },
    { outcome: 'permits', peer: 'sg-peer', matched_peers: [`eni-peer (${fixture.REMOTE})`] },
  ],
  'an entry of a prefix list that was added about then': [
    { rule: { ports: [443, 443], prefixList: 'pl-1' } },
    {
      outcome: 'may_permit',
      matched_peers: ['198.51.100.0/25'],
      reason: 'it permits the record by an entry that was added or removed about then',
    },
  ],
};

const ACL_CASES: Readonly<Record<string, [Case, string, number, string]>> = {
  'an entry that denies, before one that allows': [
    { entries: [entry(100, 'deny', tcp(443)), entry(200, 'allow')], flow: REJECTED },
    'denied',
    100,
    'it matches, and is the first that does',
  ],
  'an entry for another port, and one that allows': [
    { entries: [entry(100, 'deny', tcp(22)), entry(200, 'allow')], flow: REJECTED },
    'permitted',
    200,
    'it matches, and is the first that does',
  ],
  'none but the last': [
    { entries: [entry(100, 'allow', { CidrBlock: '203.0.113.0/24' })], flow: REJECTED },
    'denied',
    32767,
    'it matches, and is the first that does',
  ],
  'an entry that was added about then': [
    {
      entries: [entry(200, 'allow')],
      entriesAfter: [entry(100, 'deny'), entry(200, 'allow')],
      flow: REJECTED,
    },
    'undecidable',
    100,
    'it matches, and was added, removed or associated about then',
  ],
  'an entry that looks at an ICMP type': [
    {
      entries: [entry(100, 'deny', { Protocol: '1', IcmpTypeCode: { Type: 8, Code: -1 } })],
      flow: { ...REJECTED, ...PING },
    },
    'undecidable',
    100,
    'it looks at an ICMP type, which flow logs do not record',
  ],
};

const GROUP_CASES: Readonly<Record<string, [Case, Record<string, unknown>]>> = {
  'a rule permits it, and no network ACL is known': [
    { rule: HTTPS, flow: REJECTED },
    { group_verdict: 'permitted', acl_verdict: 'no_metadata', acl_entry_ids: [] },
  ],
  'no rule permits it': [
    { rule: { ...HTTPS, ports: [80, 80] }, flow: REJECTED },
    { group_verdict: 'not_permitted', rule_verdict: 'not_applicable' },
  ],
};

const NAMES = [...Object.keys(RULE_CASES), ...Object.keys(ACL_CASES), ...Object.keys(GROUP_CASES)];

function caseOf(name: string): Case {
  return (RULE_CASES[name] ?? ACL_CASES[name] ?? GROUP_CASES[name])?.[0] ?? {};
}

/** What the inventory shows of a case. */
function itemsOf(name: string, isAfter: boolean): fixture.Item[] {
  const number = NAMES.indexOf(name) + 1;
  const { rule, isAdded, isRemoved, entries, entriesAfter } = caseOf(name);
  const isThere = isAfter ? isRemoved !== true : isAdded !== true;
  const shown = isAfter ? (entriesAfter ?? entries) : entries;
  return [
    networkInterface({
      id: `eni-${number}`,
      addresses: [`10.0.1.${number}`],
      groups: [`sg-${number}`],
      subnet: `subnet-${number}`,
    }),
    fixture.tagged('security_group', `sg-${number}`),
    ...(rule && isThere
      ? [fixture.rule({ id: `sgr-${number}`, group: `sg-${number}`, ...rule })]
      : []),
    ...(shown ? [networkAcl(number, [...shown, LAST])] : []),
  ];
}

function networkAcl(number: number, entries: readonly Entry[]): fixture.Item {
  const configuration = {
    VpcId: 'vpc-a',
    Associations: [{ SubnetId: `subnet-${number}` }],
    Entries: [...entries],
  };
  return { type: 'network_acl', id: `acl-${number}`, configuration };
}

let database: Database;

beforeAll(async () => {
  database = await openTables(['ingest']);
  await fixture.addRows(database, 'source_object', [fixture.flowObject('o')]);
  const types = ['network_interface', 'security_group', 'security_group_rule', 'network_acl'];
  const peer = networkInterface({
    id: 'eni-peer',
    addresses: [fixture.REMOTE],
    groups: ['sg-peer'],
  });
  const old = fixture.prefixEntry('pl-1', '203.0.113.0/24');
  const added = fixture.prefixEntry('pl-1', '198.51.100.0/25');
  for (const isAfter of [false, true]) {
    const time = `${DAY} ${isAfter ? '11' : '09'}:00:00`;
    const items = NAMES.flatMap((name) => itemsOf(name, isAfter));
    const common = [peer, fixture.tagged('security_group', 'sg-peer')];
    await fixture.addSnapshot(database, time, [...items, ...common], { types });
    await fixture.addSnapshot(database, time, isAfter ? [old, added] : [old], {
      series: fixture.entrySeries('pl-1'),
    });
  }
  await fixture.addRows(
    database,
    'flow',
    NAMES.map((name, index) =>
      fixture.flow(index + 1, {
        interface_id: `eni-${index + 1}`,
        dstaddr: `10.0.1.${index + 1}`,
        ...caseOf(name).flow,
      }),
    ),
  );
  await fixture.runSteps(database);
});

afterAll(() => database.close());

function explainCase(name: string): Promise<Explanation> {
  const flowId = `o:${NAMES.indexOf(name) + 1}`;
  const { connection } = database;
  return explain({ connection, flowId, config: { metadata_max_age_hours: 24 } });
}

test.each(Object.entries(RULE_CASES))('rule: %s', async (name, [, expected]) => {
  const { enrichment } = await explainCase(name);
  expect(enrichment?.rule_trials).toHaveLength(1);
  expect(enrichment?.rule_trials[0]).toMatchObject(expected);
  expect(enrichment?.is_tried_alike).toBe(true);
});

test.each(Object.entries(ACL_CASES))(
  'network ACL: %s',
  async (name, [, verdict, ruleNumber, reason]) => {
    const explanation = await explainCase(name);
    const { enrichment } = explanation;
    const entryId = `acl-${NAMES.indexOf(name) + 1} inbound ${ruleNumber}`;
    expect(enrichment?.tried).toMatchObject({ acl_verdict: verdict, acl_entry_ids: [entryId] });
    const deciding = enrichment?.acl_trials.filter((trial) => trial.is_deciding);
    expect(deciding?.map((trial) => [trial.entry_id, trial.reason])).toEqual([[entryId, reason]]);
    const text = explanationText(explanation, { width: 100, isTerminal: false });
    expect(text).toContain(`decides  ${entryId}: `);
    expect(enrichment?.is_tried_alike).toBe(true);
  },
);

test.each(Object.entries(GROUP_CASES))('rejected: %s', async (name, [, expected]) => {
  const { enrichment } = await explainCase(name);
  expect(enrichment?.tried).toMatchObject(expected);
});

test('the trials of every case come to what enrichment says', async () => {
  const { flowCount, differences } = await tryAll(database);
  expect(flowCount).toBe(NAMES.length);
  expect(differences).toEqual([]);
});
