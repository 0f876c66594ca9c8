import { describe, expect, test } from 'vitest';
import type { Database } from '../../src/database.ts';
import * as fixture from './fixture.ts';

const { INTERFACE, LOCAL, REMOTE, networkInterface } = fixture;
const MORNING = '2026-11-02 08:00:00';
const NOON = '2026-11-02 12:00:00';
const AT = '2026-11-02 10:00:00';

type Snapshots = readonly (readonly [takenAt: string, items: readonly fixture.Item[]])[];

/** Where flows without an interface id were found, one row a flow. */
async function locate(
  snapshots: Snapshots,
  flows: readonly fixture.Row[],
  options: fixture.StepOptions = {},
) {
  const fill = async (database: Database): Promise<void> => {
    for (const [takenAt, items] of snapshots) {
      await fixture.addSnapshot(database, takenAt, items, { types: ['network_interface'] });
    }
    await fixture.addRows(database, 'source_object', [
      fixture.flowObject('o', { fields: fixture.FULL_FIELDS }),
    ]);
    await fixture.addRows(database, 'flow', flows);
  };
  return fixture.enrichAndRead(
    fill,
    `select network_interface_id, row_direction, row_direction_basis, as_of_verdict, as_of_precision, as_of_reason
     from flow_enriched order by line_number`,
    options,
  );
}

const bare = (parts: fixture.Row): fixture.Row =>
  fixture.flow(1, { start_at: AT, end_at: AT, interface_id: null, ...parts });

/** Both snapshots show the same. */
const always = (...items: fixture.Item[]): Snapshots => [
  [MORNING, items],
  [NOON, items],
];

const here = networkInterface({ id: 'eni-here' });
const peer = networkInterface({ id: 'eni-peer', addresses: ['10.0.1.20'] });
const twin = networkInterface({ id: 'eni-twin', vpc: 'vpc-b' });
const far = networkInterface({ id: 'eni-far', vpc: 'vpc-b', addresses: ['10.9.0.9'] });
const unlocated = {
  network_interface_id: null,
  as_of_verdict: 'no_metadata',
  as_of_reason: 'the record names no interface, and its address names none alone',
};

describe('a record without an interface id is found', () => {
  test.each<[string, fixture.Row, string | null, string | null]>([
    ['by VPC and destination', { vpc_id: 'vpc-a' }, 'eni-here', 'ingress'],
    [
      'by VPC and source',
      { vpc_id: 'vpc-a', srcaddr: LOCAL, dstaddr: REMOTE },
      'eni-here',
      'egress',
    ],
    ['in the other VPC of the same range', { vpc_id: 'vpc-b' }, 'eni-twin', 'ingress'],
    ['not by the address alone', { vpc_id: null }, null, null],
    ['not in a VPC that has no such address', { vpc_id: 'vpc-c' }, null, null],
    ['not between two that it names', { vpc_id: 'vpc-a', srcaddr: '10.0.1.20' }, null, null],
    [
      'between two by its direction',
      { vpc_id: 'vpc-a', srcaddr: '10.0.1.20', flow_direction: 'egress' },
      'eni-peer',
      'egress',
    ],
    ['not by an address of nobody', { vpc_id: 'vpc-a', dstaddr: '10.0.1.77' }, null, null],
    [
      // The private side of a regional NAT gateway: what it receives is not what the instance receives.
      'not by the side that its direction does not speak of',
      { vpc_id: 'vpc-a', srcaddr: LOCAL, dstaddr: REMOTE, flow_direction: 'ingress' },
      null,
      'ingress',
    ],
    [
      'of a regional NAT gateway, by the private address that it states',
      {
        vpc_id: 'vpc-a',
        srcaddr: LOCAL,
        dstaddr: REMOTE,
        flow_direction: 'egress',
        resource_id: 'nat-0a1b',
      },
      'eni-here',
      'egress',
    ],
  ])('%s', async (_, parts, expected, direction) => {
    const [row] = await locate(always(here, peer, twin), [bare(parts)]);
    expect(row).toMatchObject({ network_interface_id: expected, row_direction: direction });
    if (expected === null) expect(row).toMatchObject(unlocated);
    else expect(row).toMatchObject({ as_of_verdict: 'exact', as_of_precision: 'observed' });
  });

  test('by an address that is only among the secondary ones', async () => {
    const many = networkInterface({ addresses: ['10.0.1.50', LOCAL, '2001:db8::10'] });
    const flows = [bare({ vpc_id: 'vpc-a' }), bare({ vpc_id: 'vpc-a', dstaddr: '2001:db8::10' })];
    const [row, other] = await locate(always(many), flows);
    expect(row).toMatchObject({ network_interface_id: INTERFACE });
    expect(other).toMatchObject({ network_interface_id: INTERFACE });
  });

  test('as both sides of one interface, without a direction', async () => {
    const many = networkInterface({ addresses: [LOCAL, '10.0.1.11'] });
    const [row] = await locate(always(many), [bare({ vpc_id: 'vpc-a', srcaddr: '10.0.1.11' })]);
    expect(row).toMatchObject({ network_interface_id: INTERFACE, row_direction: null });
  });

  test('without start and end it is not found', async () => {
    const flow = bare({ vpc_id: 'vpc-a', start_at: null, end_at: null });
    expect(await locate(always(here), [flow])).toMatchObject([unlocated]);
  });
});

describe('an address that goes from one interface to another', () => {
  const first = networkInterface({ id: 'eni-1' });
  const second = networkInterface({ id: 'eni-2' });
  const moved: Snapshots = [
    ['2026-11-02 06:00:00', [first]],
    ['2026-11-02 09:00:00', [first]],
    ['2026-11-02 10:00:00', [second]],
    ['2026-11-02 12:00:00', [second]],
  ];

  test.each<[string, string, string | null]>([
    ['before', '2026-11-02 07:00:00', 'eni-1'],
    ['up to the gap', '2026-11-02 08:59:00', 'eni-1'],
    ['a second into the gap', '2026-11-02 08:59:01', null],
    ['in the gap', '2026-11-02 09:30:00', null],
    ['a second before the end of the gap', '2026-11-02 10:00:59', null],
    ['from the end of the gap', '2026-11-02 10:01:00', 'eni-2'],
  ])('%s', async (_, time, expected) => {
    const flow = bare({ vpc_id: 'vpc-a', start_at: time, end_at: time });
    // Another flow of the day on the other side of the change makes the address one of two.
    const other = bare({ vpc_id: 'vpc-a', line_number: 2, start_at: NOON, end_at: NOON });
    const early = '2026-11-02 06:30:00';
    const third = bare({ vpc_id: 'vpc-a', line_number: 3, start_at: early, end_at: early });
    const rows = await locate(moved, [flow, other, third]);
    expect(rows.map((row) => row.network_interface_id)).toEqual([expected, 'eni-2', 'eni-1']);
  });
});

describe('a record of a transit gateway', () => {
  const routed = (parts: fixture.Row): fixture.Row =>
    bare({
      tgw_id: 'tgw-1',
      tgw_src_vpc_id: 'vpc-b',
      tgw_dst_vpc_id: 'vpc-a',
      srcaddr: '10.9.0.9',
      action: null,
      ...parts,
    });

  test.each<[string, fixture.Row, string | null, string | null, string | null]>([
    ['is of the destination', {}, 'eni-here', 'ingress', 'interface_address'],
    [
      'is of the destination, whatever direction it has at the gateway',
      { flow_direction: 'egress' },
      'eni-here',
      'ingress',
      'interface_address',
    ],
    [
      'is of the source if the destination is outside',
      { tgw_dst_vpc_id: null, dstaddr: '192.168.7.7', flow_direction: 'ingress' },
      'eni-far',
      'egress',
      'interface_address',
    ],
    [
      'is of the source if no interface has the destination',
      { dstaddr: '10.0.1.77' },
      'eni-far',
      'egress',
      'interface_address',
    ],
    [
      'each side is looked up in its own VPC',
      { tgw_src_vpc_id: 'vpc-a', tgw_dst_vpc_id: 'vpc-b', srcaddr: '10.0.1.20' },
      'eni-twin',
      'ingress',
      'interface_address',
    ],
    ['not without VPCs', { tgw_src_vpc_id: null, tgw_dst_vpc_id: null }, null, null, null],
  ])('%s', async (_, parts, expected, direction, basis) => {
    const [row] = await locate(always(here, peer, twin, far), [routed(parts)]);
    expect(row).toMatchObject({
      network_interface_id: expected,
      row_direction: direction,
      row_direction_basis: basis,
    });
  });

  test('is of no interface while two may have had the destination', async () => {
    const second = networkInterface({ id: 'eni-second' });
    const rows = await locate(
      [
        [MORNING, [here, far]],
        [NOON, [second, far]],
      ],
      [routed({})],
    );
    expect(rows).toMatchObject([unlocated]);
  });
});

describe('an address within a prefix of an interface', () => {
  const node = networkInterface({
    id: 'eni-node',
    prefixes: ['10.0.3.16/28', '2001:db8:0:1:a::/80'],
  });
  const other = networkInterface({
    id: 'eni-other',
    addresses: ['10.0.1.30'],
    prefixes: ['10.0.3.32/28', '2001:db8:0:1:b::/80'],
  });

  test.each<[string, string | null]>([
    ['10.0.3.15', null],
    ['10.0.3.16', 'eni-node'],
    ['10.0.3.31', 'eni-node'],
    ['10.0.3.32', 'eni-other'],
    ['10.0.3.48', null],
    ['2001:db8:0:1:a::5', 'eni-node'],
    ['2001:db8:0:1:b:ffff:ffff:ffff', 'eni-other'],
    ['2001:db8:0:1:c::', null],
  ])('%s finds %s', async (address, expected) => {
    const flow = bare({ vpc_id: 'vpc-a', dstaddr: address });
    const [row] = await locate(always(node, other), [flow]);
    expect(row).toMatchObject({
      network_interface_id: expected,
      row_direction: expected === null ? null : 'ingress',
    });
  });

  test('in another VPC finds nobody', async () => {
    const flow = bare({ vpc_id: 'vpc-b', dstaddr: '10.0.3.16' });
    expect(await locate(always(node), [flow])).toMatchObject([unlocated]);
  });

  test('whose digits do not end where the prefix does', async () => {
    const odd = networkInterface({ id: 'eni-odd', prefixes: ['10.0.3.64/26'] });
    const flows = ['10.0.3.63', '10.0.3.64', '10.0.3.127', '10.0.3.128'].map((dstaddr, index) =>
      bare({ vpc_id: 'vpc-a', dstaddr, line_number: index + 1 }),
    );
    const rows = await locate(always(odd), flows);
    expect(rows.map((row) => row.network_interface_id)).toEqual([null, 'eni-odd', 'eni-odd', null]);
  });
});

test('a back-dated interface is found, and marked', async () => {
  const flow = bare({
    vpc_id: 'vpc-a',
    start_at: '2026-11-02 07:00:00',
    end_at: '2026-11-02 07:00:00',
  });
  expect(await locate(always(here), [flow])).toMatchObject([unlocated]);
  expect(await locate(always(here), [flow], { backdateHours: 2 })).toMatchObject([
    { network_interface_id: 'eni-here', as_of_verdict: 'exact', as_of_precision: 'back_dated' },
  ]);
});
