/** One case for each verdict and reason; that the verdicts are right throughout is in attribution.test.ts. */
import { expect, test } from 'vitest';
import * as fixture from './fixture.ts';

const { DAY, LOCAL, REMOTE, flow, rule } = fixture;

const GROUP = fixture.tagged('security_group', 'sg-a');
const OWN = fixture.networkInterface();
const HTTPS = rule({ id: 'sgr-https', ports: [443, 443], cidr: '198.51.100.0/24' });
const opening = { tcp_flags: 2 };

type Snapshots = readonly (readonly [time: string, items: readonly fixture.Item[]])[];

async function verdictOf(snapshots: Snapshots, parts: fixture.Row) {
  const [row] = await fixture.enrichAndRead(async (database) => {
    for (const [time, items] of snapshots) {
      const types = ['network_interface', 'security_group', 'security_group_rule'];
      await fixture.addSnapshot(database, `${DAY} ${time}`, items, { types });
    }
    await fixture.addRows(database, 'source_object', [fixture.flowObject('o')]);
    await fixture.addRows(database, 'flow', [flow(1, parts)]);
  }, 'select rule_verdict, rule_reason, rule_ids from flow_enriched');
  return [row?.rule_verdict, row?.rule_reason, ((row?.rule_ids ?? []) as string[]).join()];
}

const one = (...rules: fixture.Item[]): Snapshots => [['00:00:00', [OWN, GROUP, ...rules]]];

const CASES: readonly (readonly [
  snapshots: Snapshots,
  flow: fixture.Row,
  verdict: string,
  reason: string,
  ids: string,
])[] = [
  [one(HTTPS), opening, 'permitted', 'permitted by rule', 'sgr-https'],
  [
    one(HTTPS),
    { tcp_flags: 0, srcport: 2000, dstport: 2001 },
    'undecidable',
    'no rule permits it in this direction, and who opened it is not known',
    '',
  ],
  [one(), opening, 'unexplained', 'no rule of its groups permits it', ''],
  [one(HTTPS), { ...opening, dstport: 22 }, 'unexplained', 'no rule of its groups permits it', ''],
  [
    one(rule({ id: 'sgr-all', protocol: '-1', cidr: '::/0' })),
    opening,
    'unexplained',
    'no rule of its groups permits it',
    '',
  ],
  [one(HTTPS), { tcp_flags: 18 }, 'response', 'response, by its TCP flags', ''],
  [
    one(HTTPS),
    { srcport: 443, dstport: 50_000 },
    'response',
    'response, inferred from the ports',
    '',
  ],
  [
    one(HTTPS),
    { action: 'REJECT' },
    'not_applicable',
    'rejected: by a security group, a network ACL or another control; the record does not say which',
    '',
  ],
  [one(HTTPS), { action: null }, 'not_applicable', 'the record has no action', ''],
  [
    one(HTTPS),
    { dstaddr: '10.0.1.99' },
    'undecidable',
    'neither address of the record is known to be of the interface',
    '',
  ],
  [
    one(HTTPS),
    { ...opening, dstport: null },
    'undecidable',
    'the record lacks an address, protocol or port that the rules look at',
    '',
  ],
  [
    one(HTTPS),
    { ...opening, srcaddr: null },
    'undecidable',
    'the record lacks an address, protocol or port that the rules look at',
    '',
  ],
  [
    one(rule({ id: 'sgr-ping', protocol: 'icmp', ports: [8, -1], cidr: '0.0.0.0/0' })),
    { protocol: 1, srcport: 0, dstport: 0 },
    'undecidable',
    'a rule permits some ICMP types; flow logs do not record the type',
    '',
  ],
  [
    one(rule({ id: 'sgr-peer', reference: 'sg-elsewhere' })),
    opening,
    'undecidable',
    'a rule refers to a group or prefix list that the inventory does not hold for this time',
    '',
  ],
  [
    [['00:00:00', [OWN]]],
    opening,
    'undecidable',
    'no inventory snapshot covers the rules of its groups at this time',
    '',
  ],
  [
    [['00:00:00', [fixture.networkInterface({ groups: [] })]]],
    opening,
    'no_security_group',
    'the interface has no security group',
    '',
  ],
  [
    [
      ['06:00:00', [OWN, GROUP]],
      ['12:00:00', [OWN, GROUP, HTTPS]],
    ],
    opening,
    'tracked_or_changed',
    'a rule that permits it was added or removed about then',
    'sgr-https',
  ],
  [
    [
      ['01:00:00', [OWN, GROUP, HTTPS]],
      ['06:00:00', [OWN, GROUP]],
      ['12:00:00', [OWN, GROUP]],
    ],
    { tcp_flags: 0 },
    'tracked_or_changed',
    'a rule that permitted it was removed within the five days that a connection may stay tracked',
    'sgr-https',
  ],
  [
    [
      ['01:00:00', [OWN, GROUP, HTTPS]],
      ['06:00:00', [OWN, GROUP]],
      ['12:00:00', [OWN, GROUP]],
    ],
    opening,
    'unexplained',
    'no rule of its groups permits it',
    '',
  ],
  [
    [
      ['06:00:00', [OWN, GROUP, HTTPS]],
      [
        '12:00:00',
        [OWN, GROUP, { ...HTTPS, configuration: { ...HTTPS.configuration, Description: 'shop' } }],
      ],
    ],
    opening,
    'permitted',
    'permitted by rule',
    'sgr-https',
  ],
];

test.each(
  CASES.map(([snapshots, parts, verdict, reason, ids]) => ({
    snapshots,
    parts,
    verdict,
    reason,
    ids,
  })),
)('$verdict: $reason', async ({ snapshots, parts, verdict, reason, ids }) => {
  expect(await verdictOf(snapshots, parts)).toEqual([verdict, reason, ids]);
});

test('a member of a referenced group is permitted, the public address of one is not', async () => {
  const peer = fixture.networkInterface({
    id: 'eni-b',
    addresses: ['10.0.1.20'],
    groups: ['sg-b'],
  });
  const items = [peer, fixture.tagged('security_group', 'sg-b')];
  const snapshots = one(rule({ id: 'sgr-ref', reference: 'sg-b' }), ...items);
  const [verdict, , ids] = await verdictOf(snapshots, { ...opening, srcaddr: '10.0.1.20' });
  expect([verdict, ids]).toEqual(['permitted', 'sgr-ref']);
  expect((await verdictOf(snapshots, { ...opening, srcaddr: REMOTE, dstaddr: LOCAL }))[0]).toBe(
    'unexplained',
  );
});

test.each([
  ['10.0.3.15', 'unexplained', ''],
  ['10.0.3.16', 'permitted', 'sgr-ref'],
  ['10.0.3.31', 'permitted', 'sgr-ref'],
  ['10.0.3.32', 'unexplained', ''],
  ['2001:db8:0:1:a:ffff:ffff:ffff', 'permitted', 'sgr-ref'],
  ['2001:db8:0:1:b::', 'unexplained', ''],
])(
  'a pod at %s, in a group by the prefix of its node or not: %s',
  async (srcaddr, verdict, ids) => {
    const node = fixture.networkInterface({
      id: 'eni-b',
      addresses: ['10.0.1.20'],
      prefixes: ['10.0.3.16/28', '2001:db8:0:1:a::/80'],
      groups: ['sg-b'],
    });
    const items = [node, fixture.tagged('security_group', 'sg-b')];
    const snapshots = one(rule({ id: 'sgr-ref', reference: 'sg-b' }), ...items);
    const [found, , rules] = await verdictOf(snapshots, { ...opening, srcaddr });
    expect([found, rules]).toEqual([verdict, ids]);
  },
);

test('an entry that came to a prefix list after a rule had ended does not make the rule explain', async () => {
  const removed = rule({ id: 'sgr-removed', ports: [443, 443], prefixList: 'pl-a' });
  const kept = rule({ id: 'sgr-kept', ports: [8443, 8443], prefixList: 'pl-a' });
  const early = fixture.prefixEntry('pl-a', '203.0.113.0/24');
  const late = fixture.prefixEntry('pl-a', '198.51.100.0/24');
  const [row] = await fixture.enrichAndRead(async (database) => {
    const types = ['network_interface', 'security_group', 'security_group_rule'];
    const entries = { series: fixture.entrySeries('pl-a') };
    for (const [time, rules, listed, isComplete] of [
      ['2026-11-01 00:00:00', [removed, kept], [early], false],
      ['2026-11-01 12:00:00', [kept], [early, late], true],
      [`${DAY} 12:00:00`, [kept], [early, late], true],
    ] as const) {
      await fixture.addSnapshot(database, time, [OWN, GROUP, ...rules], { types });
      await fixture.addSnapshot(database, time, listed, { ...entries, isComplete });
    }
    await fixture.addRows(database, 'source_object', [fixture.flowObject('o')]);
    await fixture.addRows(database, 'flow', [flow(1, { tcp_flags: 0, srcaddr: REMOTE })]);
  }, 'select rule_verdict, rule_ids from flow_enriched');
  expect(row).toEqual({ rule_verdict: 'unexplained', rule_ids: [] });
});
