import { describe, expect, test } from 'vitest';
import type { Database } from '../../src/database.ts';
import * as fixture from './fixture.ts';

const { LOCAL, REMOTE, networkInterface, prefixEntry, rule, tagged } = fixture;

/** When everything was first seen, and two hours before, when the flow was. */
const FIRST = `${fixture.DAY} 12:00:00`;
const BEFORE = `${fixture.DAY} 10:00:00`;

type Snapshot = readonly [
  takenAt: string,
  items: readonly fixture.Item[],
  options?: fixture.SnapshotOptions,
];

const fill =
  (snapshots: readonly Snapshot[], flows: readonly fixture.Row[]) =>
  async (database: Database): Promise<void> => {
    for (const [takenAt, items, options] of snapshots) {
      await fixture.addSnapshot(database, takenAt, items, options);
    }
    await fixture.addRows(database, 'source_object', [
      fixture.flowObject('o', { fields: fixture.FULL_FIELDS }),
    ]);
    await fixture.addRows(database, 'flow', flows);
  };

const at = (time: string, parts: fixture.Row = {}): fixture.Row =>
  fixture.flow(1, { start_at: time, end_at: time, tcp_flags: 2, ...parts });

const COLUMNS = `as_of_verdict, as_of_precision, as_of_reason, group_ids, rule_verdict, rule_ids, rule_reason,
  is_rule_back_dated, group_verdict, acl_verdict, acl_entry_ids, is_acl_back_dated`;

async function judge(
  snapshots: readonly Snapshot[],
  flow: fixture.Row = at(BEFORE),
  backdateHours = 3,
): Promise<Readonly<Record<string, unknown>>> {
  const sql = `select ${COLUMNS} from flow_enriched`;
  const [row] = await fixture.enrichAndRead(fill(snapshots, [flow]), sql, { backdateHours });
  return row ?? {};
}

const group = tagged('security_group', 'sg-a');
const https = rule({ id: 'sgr-1', ports: [443, 443], cidr: `${REMOTE}/32` });
const all = [networkInterface(), group, https];

const unknown = {
  as_of_verdict: 'no_metadata',
  as_of_precision: null,
  rule_verdict: 'no_metadata',
  rule_ids: [],
  is_rule_back_dated: false,
};
const backDated = { as_of_verdict: 'exact', as_of_precision: 'back_dated', as_of_reason: null };
const permitted = {
  rule_verdict: 'permitted',
  rule_ids: ['sgr-1'],
  rule_reason: 'permitted by rule; back-dated: the rules were first seen later',
  is_rule_back_dated: true,
};

describe('before the first snapshot', () => {
  test('nothing is known unless the configuration says so', async () => {
    expect(await judge([[FIRST, all]], at(BEFORE), 0)).toMatchObject(unknown);
  });

  test('the first state counts for the configured hours, and is marked', async () => {
    expect(await judge([[FIRST, all]])).toMatchObject({ ...backDated, ...permitted });
  });

  test.each([
    ['begins with the hours', `${fixture.DAY} 09:01:00`, { ...backDated, ...permitted }],
    ['begins a second before', `${fixture.DAY} 09:00:59`, unknown],
    [
      'lies on both sides of the first snapshot',
      `${fixture.DAY} 12:00:30`,
      { ...backDated, ...permitted },
    ],
    [
      'begins with the first snapshot',
      `${fixture.DAY} 12:01:00`,
      {
        as_of_verdict: 'exact',
        as_of_precision: 'carried_forward',
        rule_verdict: 'permitted',
        rule_reason: 'permitted by rule',
        is_rule_back_dated: false,
      },
    ],
  ])('a window that %s', async (_, time, expected) => {
    expect(await judge([[FIRST, all]], at(time))).toMatchObject(expected);
  });

  test('a snapshot that showed that it was not there forbids it', async () => {
    const empty: Snapshot = [
      `${fixture.DAY} 11:00:00`,
      [],
      { types: ['network_interface', 'security_group', 'security_group_rule'] },
    ];
    expect(await judge([empty, [FIRST, all]])).toMatchObject(unknown);
  });

  test('it is not carried back beyond the attachment', async () => {
    const attached = (time: string): fixture.Item => {
      const item = networkInterface({ instance: 'i-1' });
      const attachment = { InstanceId: 'i-1', AttachTime: `2026-11-02T${time}+00:00` };
      return { ...item, configuration: { ...item.configuration, Attachment: attachment } };
    };
    const of = (item: fixture.Item) => judge([[FIRST, [item, group, https]]]);
    expect(await of(attached('09:58:00'))).toMatchObject({ ...backDated, ...permitted });
    expect(await of(attached('10:30:00'))).toMatchObject(unknown);
  });

  test('only a first state counts: a later one began when it was seen', async () => {
    const changed = networkInterface({ groups: ['sg-b'] });
    const snapshots: Snapshot[] = [
      [FIRST, all],
      [`${fixture.DAY} 15:00:00`, [changed, group, https]],
    ];
    expect(await judge(snapshots, at(`${fixture.DAY} 13:00:00`))).toMatchObject({
      as_of_verdict: 'ambiguous',
      as_of_precision: null,
      group_ids: ['sg-a', 'sg-b'],
    });
  });
});

describe('a rule that was first seen after the interface', () => {
  const early = `${fixture.DAY} 06:00:00`;
  const known: Snapshot[] = [
    [early, [networkInterface(), group]],
    [FIRST, all],
  ];

  test('is marked though the interface is not', async () => {
    expect(await judge(known)).toMatchObject({
      as_of_verdict: 'exact',
      as_of_precision: 'observed',
      ...permitted,
    });
  });

  test('is no mark where another was seen to permit it', async () => {
    const other = rule({ id: 'sgr-0', cidr: '0.0.0.0/0' });
    const snapshots: Snapshot[] = [
      [early, [networkInterface(), group, other], { isComplete: false }],
      [FIRST, [...all, other]],
    ];
    expect(await judge(snapshots)).toMatchObject({
      rule_verdict: 'permitted',
      rule_ids: ['sgr-0', 'sgr-1'],
      rule_reason: 'permitted by rule',
      is_rule_back_dated: false,
    });
  });

  test('that nothing permits a flow rests on back-dating too', async () => {
    expect(await judge([[FIRST, all]], at(BEFORE, { dstport: 22 }))).toMatchObject({
      rule_verdict: 'unexplained',
      rule_reason: 'no rule of its groups permits it; back-dated: the rules were first seen later',
      is_rule_back_dated: true,
    });
  });

  test('is not carried back to when the permissions of its group were seen without it', async () => {
    const permission = {
      ...rule({ id: 'sg-a/in/22', ports: [22, 22], cidr: '0.0.0.0/0' }),
    };
    const snapshots: Snapshot[] = [
      [early, [networkInterface(), group]],
      [early, [permission], { series: `${fixture.SERIES}#permissions` }],
      [FIRST, all],
    ];
    expect(await judge(snapshots)).toMatchObject({ rule_verdict: 'unexplained', rule_ids: [] });
  });
});

describe('what a rule refers to', () => {
  const toGroup = rule({ id: 'sgr-1', ports: [443, 443], reference: 'sg-peer' });
  const peerGroup = tagged('security_group', 'sg-peer');
  const peer = networkInterface({ id: 'eni-peer', addresses: [REMOTE], groups: ['sg-peer'] });

  test('a member of a group is back-dated', async () => {
    const items = [networkInterface(), group, toGroup, peerGroup, peer];
    expect(await judge([[FIRST, items]])).toMatchObject({ ...backDated, ...permitted });
  });

  test('that nobody else was in the group is not', async () => {
    const items = [networkInterface(), group, toGroup, peerGroup, peer];
    expect(await judge([[FIRST, items]], at(BEFORE, { srcaddr: '198.51.100.8' }))).toMatchObject({
      rule_verdict: 'undecidable',
      rule_ids: [],
      is_rule_back_dated: true,
    });
  });

  test('an entry of a prefix list is back-dated', async () => {
    const toList = rule({ id: 'sgr-1', ports: [443, 443], prefixList: 'pl-1' });
    const entry = prefixEntry('pl-1', `${REMOTE}/32`);
    const snapshots: Snapshot[] = [
      [FIRST, [networkInterface(), group, toList]],
      [FIRST, [entry], { series: fixture.entrySeries('pl-1') }],
    ];
    expect(await judge(snapshots)).toMatchObject({ ...backDated, ...permitted });
  });
});

test('a network ACL is back-dated, and says so', async () => {
  const acl: fixture.Item = {
    type: 'network_acl',
    id: 'acl-1',
    configuration: {
      NetworkAclId: 'acl-1',
      Associations: [{ SubnetId: 'subnet-a' }],
      Entries: [
        {
          RuleNumber: 90,
          Egress: false,
          RuleAction: 'deny',
          Protocol: '6',
          CidrBlock: '0.0.0.0/0',
          PortRange: { From: 443, To: 443 },
        },
        {
          RuleNumber: 100,
          Egress: false,
          RuleAction: 'allow',
          Protocol: '-1',
          CidrBlock: '0.0.0.0/0',
        },
      ],
    },
  };
  const rejected = at(BEFORE, { action: 'REJECT' });
  expect(await judge([[FIRST, [...all, acl]]], rejected)).toMatchObject({
    ...backDated,
    rule_verdict: 'not_applicable',
    group_verdict: 'permitted',
    is_rule_back_dated: true,
    acl_verdict: 'denied',
    acl_entry_ids: ['acl-1 inbound 90'],
    is_acl_back_dated: true,
  });
  expect(await judge([[FIRST, [...all, acl]]], rejected, 0)).toMatchObject({
    acl_verdict: 'no_metadata',
    is_acl_back_dated: false,
  });
});

test('an interface keeps its segments, one more stands before them', async () => {
  const rows = await fixture.enrichAndRead(
    fill([[FIRST, [networkInterface({ addresses: [LOCAL] })]]], []),
    'select segment_number, stretch_number, segment_from, segment_to, as_of_precision from interface_segment order by all',
    { backdateHours: 3 },
  );
  expect(rows).toEqual([
    {
      segment_number: 1,
      stretch_number: 1,
      segment_from: `${fixture.DAY} 09:00:00`,
      segment_to: FIRST,
      as_of_precision: 'back_dated',
    },
    {
      segment_number: 2,
      stretch_number: 1,
      segment_from: FIRST,
      segment_to: '2026-11-03 12:00:00',
      as_of_precision: 'carried_forward',
    },
  ]);
});
