import { expect, test } from 'vitest';
import type { Database } from '../../src/database.ts';
import * as fixture from './fixture.ts';

const T1 = '2026-11-01 00:00:00';
const T2 = '2026-11-02 00:00:00';
const T3 = '2026-11-03 00:00:00';
const T4 = '2026-11-04 00:00:00';

const A = fixture.networkInterface({ groups: ['sg-a'] });
const B = fixture.networkInterface({ groups: ['sg-b'] });
const OTHER = fixture.networkInterface({ id: 'eni-other', addresses: ['10.0.1.99'] });

type Snapshot = readonly [
  takenAt: string,
  items: readonly fixture.Item[],
  options?: fixture.SnapshotOptions,
];

/** States of INTERFACE after these snapshots: groups, valid_from, known_until, valid_to, absent_at. */
async function statesAfter(...snapshots: Snapshot[]): Promise<unknown[]> {
  const rows = await fixture.enrichAndRead(
    async (database) => {
      for (const [takenAt, items, options] of snapshots) {
        await fixture.addSnapshot(database, takenAt, items, {
          types: ['network_interface'],
          ...options,
        });
      }
    },
    `select group_ids, valid_from, known_until, valid_to, absent_at from network_interface
     where network_interface_id = '${fixture.INTERFACE}' order by valid_from`,
  );
  return rows.map((row) => [
    (row.group_ids as string[]).join(),
    ...[row.valid_from, row.known_until, row.valid_to, row.absent_at],
  ]);
}

test('several snapshots of the same are one state, absent before none', async () => {
  expect(await statesAfter([T1, [A]], [T2, [A]], [T3, [A]])).toEqual([
    ['sg-a', T1, T3, null, null],
  ]);
});

test('a change ends one state and begins another, with the time between them open', async () => {
  expect(await statesAfter([T1, [A]], [T2, [A]], [T3, [B]])).toEqual([
    ['sg-a', T1, T2, T3, null],
    ['sg-b', T3, T3, null, T2],
  ]);
});

test('what a complete snapshot does not show has ended', async () => {
  expect(await statesAfter([T1, [A]], [T2, []])).toEqual([['sg-a', T1, T1, T2, null]]);
});

test('what comes back as it was is a new state', async () => {
  expect(await statesAfter([T1, [A]], [T2, []], [T3, [A]])).toEqual([
    ['sg-a', T1, T1, T2, null],
    ['sg-a', T3, T3, null, T2],
  ]);
});

test('what appears later was absent from the last snapshot before', async () => {
  expect(await statesAfter([T1, []], [T2, []], [T3, [A]])).toEqual([['sg-a', T3, T3, null, T2]]);
});

test('a page that is not complete proves no absence', async () => {
  expect(await statesAfter([T1, [A]], [T2, [], { isComplete: false }], [T3, [A]])).toEqual([
    ['sg-a', T1, T3, null, null],
  ]);
  expect(await statesAfter([T1, [A]], [T2, [], { isComplete: false }])).toEqual([
    ['sg-a', T1, T1, null, null],
  ]);
});

test('a page that is not complete and shows another state proves the absence of the new one', async () => {
  expect(await statesAfter([T1, [A]], [T2, [A], { isComplete: false }], [T3, [B]])).toEqual([
    ['sg-a', T1, T2, T3, null],
    ['sg-b', T3, T3, null, T2],
  ]);
});

test('a snapshot of another account ends nothing', async () => {
  const other = { series: '210987654321/us-east-1' };
  expect(await statesAfter([T1, [A]], [T2, [OTHER], other], [T3, [A]])).toEqual([
    ['sg-a', T1, T3, null, null],
  ]);
});

test('of a resource that two series show, the account that owns it tells the history', async () => {
  const other = { series: '210987654321/us-east-1' };
  expect(await statesAfter([T1, [A]], [T2, [B], other], [T3, [A]], [T4, [B], other])).toEqual([
    ['sg-a', T1, T3, null, null],
  ]);
});

test('two pages of one snapshot are one', async () => {
  const page = { isComplete: false };
  expect(await statesAfter([T1, [OTHER], page], [T1, [A]], [T2, [A], page], [T2, [OTHER]])).toEqual(
    [['sg-a', T1, T2, null, null]],
  );
});

/** Ids and times of the rules of sg-a, where groups give permissions and a later file gives rules. */
async function rulesAfter(fill: (database: Database) => Promise<void>): Promise<unknown[]> {
  const rows = await fixture.enrichAndRead(
    fill,
    'select rule_id, valid_from, known_until, valid_to from security_group_rule order by rule_id',
  );
  return rows.map((row) => Object.values(row));
}

const PERMISSIONS = { series: `${fixture.SERIES}#permissions` };
const BY_ID = fixture.rule({ id: 'sgr-1', cidr: '10.0.0.0/8' });
const BY_VALUES = fixture.rule({ id: 'sg-a/ingress/tcp/-1--1/10.0.0.0/8', cidr: '10.0.0.0/8' });

test('rules known by id win over the permissions of the same snapshot', async () => {
  const rows = await rulesAfter(async (database) => {
    await fixture.addSnapshot(database, T1, [BY_VALUES], PERMISSIONS);
    await fixture.addSnapshot(database, T1, [BY_ID]);
  });
  expect(rows).toEqual([['sgr-1', T1, T1, null]]);
});

test('before the rules are known by id, the permissions stand', async () => {
  const rows = await rulesAfter(async (database) => {
    for (const time of [T1, T2, T3]) {
      await fixture.addSnapshot(database, time, [BY_VALUES], PERMISSIONS);
    }
    await fixture.addSnapshot(database, T2, [BY_ID]);
    await fixture.addSnapshot(database, T3, [BY_ID]);
  });
  expect(rows).toEqual([
    [BY_VALUES.id, T1, T2, T2],
    ['sgr-1', T2, T3, null],
  ]);
});

test('a rule of another group without a group id hides no permissions', async () => {
  const broken = { ...BY_ID, id: 'sgr-9', configuration: { IsEgress: false, IpProtocol: 'tcp' } };
  const rows = await rulesAfter(async (database) => {
    await fixture.addSnapshot(database, T1, [BY_VALUES], PERMISSIONS);
    await fixture.addSnapshot(database, T1, [broken]);
  });
  expect(rows.map((row) => (row as unknown[])[0])).toEqual([BY_VALUES.id, 'sgr-9']);
});

test('a protocol that cannot be read is not taken for all protocols', async () => {
  const rows = await fixture.enrichAndRead(async (database) => {
    const rules = ['tcp', '47', '-1', 'quic'].map((protocol) =>
      fixture.rule({ id: `sgr-${protocol}`, cidr: '10.0.0.0/8', protocol }),
    );
    await fixture.addSnapshot(database, T1, rules);
  }, 'select rule_id, protocol from security_group_rule order by rule_id');
  expect(rows).toEqual([
    { rule_id: 'sgr--1', protocol: null },
    { rule_id: 'sgr-47', protocol: 47 },
    { rule_id: 'sgr-quic', protocol: 256 },
    { rule_id: 'sgr-tcp', protocol: 6 },
  ]);
});
