import { describe, expect, test } from 'vitest';
import * as fixture from './fixture.ts';

const { DAY, INTERFACE } = fixture;
const TAKEN = '2026-11-02 00:00:00';

const plainItem = fixture.networkInterface({ instance: 'i-1' });
const tag = { pci: 'cde' };

/** Scope of INTERFACE. */
async function scopeOf(items: readonly fixture.Item[], scope: fixture.Scope): Promise<unknown> {
  const rows = await fixture.enrichAndRead(
    (database) => fixture.addSnapshot(database, TAKEN, items),
    `select scope_name from scope_interface where network_interface_id = '${INTERFACE}'`,
    { scope },
  );
  expect(rows.length).toBeLessThanOrEqual(1);
  return rows[0]?.scope_name ?? null;
}

const cde = (match: fixture.Scope[number]['match']): fixture.Scope => [{ name: 'cde', match }];

describe('an interface is in scope', () => {
  test.each<[string, readonly fixture.Item[], fixture.Scope, string | null]>([
    ['by its VPC', [plainItem], cde({ vpc: ['vpc-z', 'vpc-a'] }), 'cde'],
    ['by its subnet', [plainItem], cde({ subnet: ['subnet-a'] }), 'cde'],
    ['by its instance', [plainItem], cde({ instance: ['i-1'] }), 'cde'],
    ['by itself', [plainItem], cde({ interface: [INTERFACE] }), 'cde'],
    ['by its account', [plainItem], cde({ account: [fixture.ACCOUNT] }), 'cde'],
    ['not by another VPC', [plainItem], cde({ vpc: ['vpc-z'] }), null],
    ['only if both keys hold', [plainItem], cde({ vpc: ['vpc-a'], subnet: ['subnet-z'] }), null],
    ['if both keys hold', [plainItem], cde({ vpc: ['vpc-a'], subnet: ['subnet-a'] }), 'cde'],
    ['by a tag of the VPC', [plainItem, fixture.tagged('vpc', 'vpc-a', tag)], cde({ tag }), 'cde'],
    [
      'by a tag of the subnet',
      [plainItem, fixture.tagged('subnet', 'subnet-a', tag)],
      cde({ tag }),
      'cde',
    ],
    [
      'by a tag of the instance',
      [plainItem, fixture.tagged('instance', 'i-1', tag)],
      cde({ tag }),
      'cde',
    ],
    ['by a tag of its own', [fixture.networkInterface({ tags: tag })], cde({ tag }), 'cde'],
    [
      'not by a tag of the VPC that the subnet overrides',
      [
        plainItem,
        fixture.tagged('vpc', 'vpc-a', tag),
        fixture.tagged('subnet', 'subnet-a', { pci: 'none' }),
      ],
      cde({ tag }),
      null,
    ],
    [
      'not by a tag of the instance that its own overrides',
      [
        fixture.networkInterface({ instance: 'i-1', tags: { pci: 'none' } }),
        fixture.tagged('instance', 'i-1', tag),
      ],
      cde({ tag }),
      null,
    ],
    [
      'only if both tags hold',
      [fixture.networkInterface({ tags: tag })],
      cde({ tag: { ...tag, Tier: 'db' } }),
      null,
    ],
    [
      'the first that matches',
      [plainItem],
      [
        { name: 'other', match: { vpc: ['vpc-z'] } },
        { name: 'second', match: { subnet: ['subnet-a'] } },
        { name: 'third', match: { vpc: ['vpc-a'] } },
      ],
      'second',
    ],
  ])('%s', async (_, items, scope, expected) => {
    expect(await scopeOf(items, scope)).toBe(expected);
  });
});

test('a tag that an instance got later puts it in scope from then on, not before', async () => {
  const at = (line: number, time: string) =>
    fixture.flow(line, { start_at: `${DAY} ${time}`, end_at: `${DAY} ${time}` });
  const rows = await fixture.enrichAndRead(
    async (database) => {
      for (const [time, tags] of [
        ['06:00:00', {}],
        ['09:00:00', {}],
        ['12:00:00', tag],
        ['15:00:00', tag],
      ] as const) {
        await fixture.addSnapshot(database, `${DAY} ${time}`, [
          plainItem,
          fixture.tagged('instance', 'i-1', tags),
        ]);
      }
      await fixture.addRows(database, 'source_object', [fixture.flowObject('o')]);
      const times = ['07:00:00', '10:00:00', '13:00:00'];
      await fixture.addRows(
        database,
        'flow',
        times.map((time, index) => at(index, time)),
      );
    },
    'select as_of_verdict, scope_name from flow_enriched order by line_number',
    { scope: cde({ tag }) },
  );
  expect(rows).toEqual([
    { as_of_verdict: 'exact', scope_name: null },
    { as_of_verdict: 'ambiguous', scope_name: null },
    { as_of_verdict: 'exact', scope_name: 'cde' },
  ]);
});

test('the name of an instance whose file was taken a moment later is known', async () => {
  const rows = await fixture.enrichAndRead(async (database) => {
    await fixture.addSnapshot(database, `${DAY} 06:00:00`, [plainItem]);
    await fixture.addSnapshot(database, `${DAY} 06:00:05`, [
      fixture.tagged('instance', 'i-1', { Name: 'web-1' }),
    ]);
    await fixture.addRows(database, 'source_object', [fixture.flowObject('o')]);
    await fixture.addRows(database, 'flow', [fixture.flow(1)]);
  }, 'select as_of_verdict, instance_name from flow_enriched');
  expect(rows).toEqual([{ as_of_verdict: 'exact', instance_name: 'web-1' }]);
});
