import { describe, expect, test } from 'vitest';
import type { Database } from '../../src/database.ts';
import * as fixture from './fixture.ts';

const { INTERFACE, networkInterface } = fixture;

type Snapshots = readonly (readonly [takenAt: string, items: readonly fixture.Item[]])[];

async function fill(
  database: Database,
  snapshots: Snapshots,
  flows: readonly fixture.Row[],
): Promise<void> {
  for (const [takenAt, items] of snapshots) {
    const types = ['network_interface', 'instance'];
    await fixture.addSnapshot(database, takenAt, items, { types });
  }
  await fixture.addRows(database, 'source_object', [
    fixture.flowObject('o', { fields: fixture.FULL_FIELDS }),
  ]);
  await fixture.addRows(database, 'flow', flows);
}

const COLUMNS =
  'as_of_verdict, as_of_precision, as_of_reason, group_ids, resource_instance_id, state_ids, network_interface_id';

/** What is known of the interface for each flow. */
async function asOf(snapshots: Snapshots, ...flows: fixture.Row[]) {
  return fixture.enrichAndRead(
    (database) => fill(database, snapshots, flows),
    `select ${COLUMNS} from flow_enriched order by line_number`,
  );
}

const at = (time: string, end = time, parts: fixture.Row = {}): fixture.Row =>
  fixture.flow(1, { start_at: time, end_at: end, ...parts });

const A = networkInterface({ groups: ['sg-a'], instance: 'i-1' });
const CHANGED = networkInterface({ groups: ['sg-a', 'sg-b'], instance: 'i-1' });
const RETAGGED = networkInterface({ groups: ['sg-a'], instance: 'i-1', tags: { Owner: 'shop' } });
const MORNING = '2026-11-02 08:00:00';
const NOON = '2026-11-02 12:00:00';

describe('one flow among snapshots', () => {
  const exact = { as_of_verdict: 'exact', as_of_reason: null, group_ids: ['sg-a'] };
  const observed = { ...exact, as_of_precision: 'observed' };
  const carried = { ...exact, as_of_precision: 'carried_forward' };
  const ambiguous = { as_of_verdict: 'ambiguous', as_of_precision: null };
  const unknown = {
    as_of_verdict: 'no_metadata',
    as_of_precision: null,
    as_of_reason: 'no inventory snapshot covers the interface at this time',
    group_ids: [],
    resource_instance_id: null,
  };
  const changed = {
    ...ambiguous,
    as_of_reason: 'changed between two snapshots',
    group_ids: ['sg-a', 'sg-b'],
  };
  const within = { ...changed, as_of_reason: 'changed within the time of the record' };
  const same: Snapshots = [
    [MORNING, [A]],
    [NOON, [A]],
  ];
  const change: Snapshots = [
    ['2026-11-02 06:00:00', [A]],
    [MORNING, [A]],
    [NOON, [CHANGED]],
  ];
  const retag: Snapshots = [
    [MORNING, [A]],
    [NOON, [RETAGGED]],
  ];

  test.each<[string, Snapshots, fixture.Row, Record<string, unknown>]>([
    ['inside two that agree', same, at('2026-11-02 10:00:00'), observed],
    ['after the newest', same, at('2026-11-02 15:00:00'), carried],
    ['across the newest', same, at('2026-11-02 11:59:50', '2026-11-02 12:00:10'), carried],
    ['before the first', same, at('2026-11-02 07:00:00'), unknown],
    ['60 seconds after the first', same, at('2026-11-02 08:01:00'), observed],
    ['59 seconds after the first', same, at('2026-11-02 08:00:59'), unknown],
    ['in a gap with a change of groups', change, at('2026-11-02 10:00:00'), changed],
    ['60 seconds before the gap', change, at('2026-11-02 07:59:00'), observed],
    ['59 seconds before the gap', change, at('2026-11-02 07:59:01'), changed],
    ['59 seconds after the gap', change, at('2026-11-02 12:00:59'), changed],
    [
      '60 seconds after the gap',
      change,
      at('2026-11-02 12:01:00'),
      { ...carried, group_ids: ['sg-a', 'sg-b'] },
    ],
    ['over the whole gap', change, at('2026-11-02 07:50:00', '2026-11-02 12:10:00'), within],
    ['in a gap with a change of tags only', retag, at('2026-11-02 10:00:00'), observed],
    [
      'without start and end',
      same,
      at('x', 'x', { start_at: null, end_at: null }),
      {
        ...unknown,
        as_of_reason: 'the record has neither start nor end',
      },
    ],
    ['with start after end', same, at('2026-11-02 10:00:30', '2026-11-02 10:00:00'), observed],
    ['with only its end', same, at('x', '2026-11-02 10:00:00', { start_at: null }), observed],
  ])('%s', async (_, snapshots, flow, expected) => {
    expect(await asOf(snapshots, flow)).toMatchObject([expected]);
  });

  test('a gap with a change names both states', async () => {
    const [row] = await asOf(change, at('2026-11-02 10:00:00'));
    expect(row?.state_ids).toEqual([
      `network_interface:${INTERFACE}:2026-11-02T06:00:00Z`,
      `network_interface:${INTERFACE}:2026-11-02T12:00:00Z`,
    ]);
  });

  test('what changed and changed back within the record is ambiguous, with all groups', async () => {
    const back: Snapshots = [
      ['2026-11-02 09:50:00', [A]],
      ['2026-11-02 09:59:00', [A]],
      ['2026-11-02 10:00:00', [CHANGED]],
      ['2026-11-02 10:01:00', [A]],
      ['2026-11-02 10:30:00', [A]],
    ];
    const flow = at('2026-11-02 09:58:30', '2026-11-02 10:05:00');
    expect(await asOf(back, flow)).toMatchObject([within]);
  });

  test('an interface that moved to another instance within the record is ambiguous', async () => {
    const moved = networkInterface({ groups: ['sg-a'], instance: 'i-2' });
    const snapshots: Snapshots = [
      ['2026-11-02 09:00:00', [A]],
      ['2026-11-02 10:00:00', [A]],
      ['2026-11-02 10:01:00', [moved]],
      ['2026-11-02 11:00:00', [moved]],
    ];
    const flow = at('2026-11-02 09:58:30', '2026-11-02 10:05:00');
    expect(await asOf(snapshots, flow)).toMatchObject([
      { ...ambiguous, as_of_reason: 'changed within the time of the record' },
    ]);
  });

  test.each([
    [
      'vanished',
      [
        [MORNING, [A]],
        [NOON, []],
      ] as Snapshots,
    ],
    [
      'appeared',
      [
        [MORNING, []],
        [NOON, [A]],
      ] as Snapshots,
    ],
  ])('an interface that %s in the gap', async (word, snapshots) => {
    expect(await asOf(snapshots, at('2026-11-02 10:00:00'))).toMatchObject([
      { ...ambiguous, as_of_reason: `${word} between two snapshots`, group_ids: ['sg-a'] },
    ]);
  });

  test('an interface that has vanished has no metadata', async () => {
    const snapshots: Snapshots = [
      [MORNING, [A]],
      [NOON, []],
    ];
    expect(await asOf(snapshots, at('2026-11-02 13:00:00'))).toMatchObject([unknown]);
  });

  test('the newest snapshot holds for the configured hours, not longer', async () => {
    const rows = await fixture.enrichAndRead(
      (database) =>
        fill(database, same, [
          at('2026-11-02 13:59:00'),
          at('2026-11-02 13:59:01', '2026-11-02 13:59:01', { line_number: 2 }),
        ]),
      `select ${COLUMNS} from flow_enriched order by line_number`,
      { maxAgeHours: 2 },
    );
    expect(rows).toMatchObject([carried, unknown]);
  });
});

test('an address that a second interface took over belongs to each in its time', async () => {
  const first = networkInterface({ id: 'eni-1', instance: 'i-1' });
  const second = networkInterface({ id: 'eni-2', instance: 'i-2' });
  const snapshots: Snapshots = [
    ['2026-11-02 06:00:00', [first]],
    ['2026-11-02 09:00:00', [first]],
    ['2026-11-02 10:00:00', [second]],
    ['2026-11-02 12:00:00', [second]],
  ];
  const flow = (line: number, time: string) =>
    at(time, time, { line_number: line, interface_id: null, vpc_id: 'vpc-a' });
  const named = { as_of_verdict: 'exact', as_of_precision: 'observed' };
  expect(
    await asOf(snapshots, flow(1, '2026-11-02 07:00:00'), flow(2, '2026-11-02 11:00:00')),
  ).toMatchObject([
    { ...named, resource_instance_id: 'i-1', network_interface_id: 'eni-1' },
    { ...named, resource_instance_id: 'i-2', network_interface_id: 'eni-2' },
  ]);
});

test('two accounts that show one interface do not double its flows', async () => {
  const rows = await fixture.enrichAndRead(async (database) => {
    await fill(
      database,
      [
        [MORNING, [A]],
        [NOON, [A]],
      ],
      [at('2026-11-02 10:00:00')],
    );
    for (const time of [MORNING, NOON]) {
      await fixture.addSnapshot(database, time, [A], { series: '210987654321/us-east-1' });
    }
  }, 'select flow_id from flow_enriched');
  expect(rows).toEqual([{ flow_id: 'o:1' }]);
});
