import { describe, expect, test } from 'vitest';
import * as fixture from './fixture.ts';

const { LOCAL, REMOTE } = fixture;

/** Sides and direction of each flow at INTERFACE, whose address is LOCAL. */
async function sidesOf(...flows: fixture.Row[]) {
  return fixture.enrichAndRead(
    async (database) => {
      const item = fixture.networkInterface();
      await fixture.addSnapshot(database, '2026-11-02 00:00:00', [item]);
      await fixture.addRows(database, 'source_object', [fixture.flowObject('o')]);
      await fixture.addRows(
        database,
        'flow',
        flows.map((flow, index) => ({ ...flow, line_number: index })),
      );
    },
    `select initiator, initiator_basis, is_response, service_port, client_address, server_address,
       row_direction, row_direction_basis, local_address, remote_address, is_remote_public
     from flow_enriched order by line_number`,
  );
}

describe('the initiator by TCP flags, with ports that say nothing', () => {
  const SOURCE = { initiator: 'source', initiator_basis: 'tcp_flags', is_response: false };
  const DESTINATION = { initiator: 'destination', initiator_basis: 'tcp_flags', is_response: true };
  const NEITHER = { initiator: null, initiator_basis: null, is_response: null };
  const cases: readonly (readonly [number | null, object])[] = [
    [0, NEITHER],
    [1, NEITHER],
    [2, SOURCE],
    [3, SOURCE],
    [4, NEITHER],
    [6, SOURCE],
    [7, SOURCE],
    [18, DESTINATION],
    [19, DESTINATION],
    [null, NEITHER],
  ];
  test('every value that occurs', async () => {
    const flows = cases.map(([flags]) =>
      fixture.flow(0, { tcp_flags: flags, srcport: 50_001, dstport: 50_002 }),
    );
    const expected = cases.map(([, sides]) => sides);
    expect(await sidesOf(...flows)).toMatchObject(expected);
  });
});

describe('the initiator by ports, where flags say nothing', () => {
  test.each<[number | null, number | null, number, string | null]>([
    [50_000, 443, 6, 'source'],
    [443, 50_000, 6, 'destination'],
    [32_768, 32_767, 17, 'source'],
    [5432, 40_000, 6, 'destination'],
    [2000, 22, 6, 'source'],
    [22, 2000, 6, 'destination'],
    [2000, 5432, 6, null],
    [123, 123, 17, null],
    [40_000, 50_000, 6, null],
    [50_000, 443, 132, null],
    [0, 0, 1, null],
    [null, 443, 6, null],
  ])('%s to %s of protocol %s', async (srcport, dstport, protocol, initiator) => {
    const [row] = await sidesOf(fixture.flow(0, { srcport, dstport, protocol }));
    expect(row).toMatchObject({ initiator, initiator_basis: initiator && 'ports' });
  });
});

test('client, server and service port, on the opening row and on the answer', async () => {
  const sides = { client_address: REMOTE, server_address: LOCAL, service_port: 443 };
  const back = { srcaddr: LOCAL, dstaddr: REMOTE, srcport: 443, dstport: 50_000 };
  expect(
    await sidesOf(fixture.flow(0, { tcp_flags: 2 }), fixture.flow(0, { ...back, tcp_flags: 18 })),
  ).toMatchObject([
    { ...sides, is_response: false },
    { ...sides, is_response: true },
  ]);
});

test('flags win over ports', async () => {
  const [row] = await sidesOf(fixture.flow(0, { tcp_flags: 2, srcport: 443, dstport: 50_000 }));
  expect(row).toMatchObject({ initiator: 'source', service_port: 50_000 });
});

test('the direction is the record’s own, else the side whose address the interface has', async () => {
  const away = { srcaddr: LOCAL, dstaddr: REMOTE };
  const by = (direction: string | null, basis: string | null) => ({
    row_direction: direction,
    row_direction_basis: basis,
  });
  expect(
    await sidesOf(
      fixture.flow(0, { flow_direction: 'egress' }),
      fixture.flow(0),
      fixture.flow(0, away),
      fixture.flow(0, { dstaddr: '10.0.1.99' }),
      fixture.flow(0, { srcaddr: LOCAL }),
      fixture.flow(0, { srcaddr: null }),
    ),
  ).toMatchObject([
    by('egress', 'flow_direction'),
    { ...by('ingress', 'interface_address'), local_address: LOCAL, remote_address: REMOTE },
    { ...by('egress', 'interface_address'), local_address: LOCAL, remote_address: REMOTE },
    by(null, null),
    by(null, null),
    { ...by('ingress', 'interface_address'), remote_address: null },
  ]);
});

test('packet addresses come before the addresses of the hop', async () => {
  const [row] = await sidesOf(
    fixture.flow(0, { srcaddr: '10.0.1.5', pkt_srcaddr: REMOTE, pkt_dstaddr: LOCAL }),
  );
  expect(row).toMatchObject({
    client_address: REMOTE,
    remote_address: REMOTE,
    is_remote_public: true,
  });
});
