/** The daily rollup of traffic against a count over the flows themselves, and how it folds. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../src/database.ts';
import { openTables } from '../catalogue-rows.ts';
import * as fixture from './fixture.ts';

const { DAY, FULL_FIELDS, INTERFACE, LOCAL, REMOTE } = fixture;

const OTHER = 'eni-0b0000000000000b2';
const FAR = 'eni-0c0000000000000c3';
const EARLY = 'eni-0d0000000000000d4';
const LATE = 'eni-0e0000000000000e5';

let database: Database;

/** A flow of which every field is known; SYN into LOCAL unless said otherwise. */
function flow(line: number, parts: fixture.Row = {}): fixture.Row {
  const { srcaddr = REMOTE, dstaddr = LOCAL } = parts;
  return fixture.flow(line, {
    ...{ tcp_flags: 2, vpc_id: 'vpc-a', flow_direction: 'ingress' },
    ...{ pkt_srcaddr: srcaddr, pkt_dstaddr: dstaddr },
    ...parts,
  });
}

beforeAll(async () => {
  database = await openTables(['ingest']);
  const publicOf = (id: string) => ({ Association: { PublicIp: id } });
  const far = fixture.networkInterface({ id: FAR, addresses: ['10.0.9.9'], vpc: 'vpc-b' });
  const items = [
    fixture.networkInterface({ prefixes: ['10.0.8.0/28'] }),
    fixture.networkInterface({ id: OTHER, addresses: ['10.0.1.20', '10.0.9.9'], groups: [] }),
    { ...far, configuration: { ...far.configuration, ...publicOf('203.0.113.200') } },
    fixture.rule({ id: 'sgr-web', ports: [443, 443], cidr: '0.0.0.0/0' }),
    fixture.rule({ id: 'sgr-too', ports: [443, 444], cidr: '198.51.100.0/24' }),
    fixture.tagged('vpc', 'vpc-a'),
  ];
  await fixture.addSnapshot(database, `${DAY} 00:00:00`, [
    ...items,
    fixture.networkInterface({ id: EARLY, addresses: ['10.0.1.30'] }),
  ]);
  // One address of two interfaces, one after the other.
  await fixture.addSnapshot(database, `${DAY} 12:00:00`, [
    ...items,
    fixture.networkInterface({ id: LATE, addresses: ['10.0.1.30'] }),
  ]);
  await fixture.addSnapshot(database, `${DAY} 23:59:00`, [
    ...items,
    fixture.networkInterface({ id: LATE, addresses: ['10.0.1.30'] }),
  ]);
  await fixture.addRows(database, 'source_object', [
    fixture.flowObject('o', { fields: FULL_FIELDS }),
  ]);
  const late = { start_at: `${DAY} 20:00:00`, end_at: `${DAY} 20:00:30` };
  await fixture.addRows(database, 'flow', [
    flow(1),
    flow(2, { srcport: 50_001, ...late }),
    flow(3, {
      ...{ srcaddr: LOCAL, dstaddr: REMOTE, srcport: 443, dstport: 50_000 },
      ...{ flow_direction: 'egress', tcp_flags: 18, bytes: 1000 },
    }),
    flow(4, { dstport: 444 }),
    // No rule permits it.
    flow(5, { dstport: 22 }),
    // Of the inventory: by its address in this VPC rather than the other, its prefix, its public address.
    flow(6, { srcaddr: '10.0.9.9' }),
    flow(7, { srcaddr: '10.0.8.5' }),
    flow(8, { srcaddr: '203.0.113.200' }),
    // Of the one interface, and of the other.
    flow(9, { srcaddr: '10.0.1.30' }),
    flow(10, { srcaddr: '10.0.1.30', ...late }),
    flow(11, { srcaddr: '169.254.169.123', protocol: 17, dstport: 123 }),
    flow(12, { dstaddr: '224.0.0.5', srcaddr: LOCAL, flow_direction: 'egress', protocol: 89 }),
    flow(13, { protocol: 1, srcport: 0, dstport: 0, tcp_flags: 0 }),
    // Many public addresses: 40 of them in as many networks, and 40 of one network.
    ...[...Array(40).keys()].map((number) => flow(100 + number, { srcaddr: `192.0.${number}.1` })),
    ...[...Array(40).keys()].map((number) =>
      flow(200 + number, { srcaddr: `203.0.113.${number}`, dstport: 8443 }),
    ),
    // A scan of 100 ports, rejected; the last comes most often.
    ...[...Array(101).keys()].map((number) =>
      flow(300 + number, {
        ...{ action: 'REJECT', dstport: 12_000 + Math.min(number, 99) },
        ...{ srcaddr: `203.0.113.${number}` },
      }),
    ),
    flow(500, { action: 'REJECT', dstport: 23 }),
    flow(501, { action: 'REJECT', dstport: 65_535 }),
    // Of an interface in no scope, only that there was traffic.
    ...[1, 2].map((number) =>
      flow(600 + number, { interface_id: OTHER, dstaddr: '10.0.1.20', dstport: 5000 + number }),
    ),
  ]);
  await fixture.runSteps(database, {
    scope: [
      { name: 'cde', match: { interface: [INTERFACE] } },
      { name: 'office', match: { vpc: ['vpc-b'] } },
    ],
  });
});

afterAll(() => database.close());

test('counts every flow once, as the flows themselves say', async () => {
  const keys =
    'network_interface_id, scope_name, row_direction, opened_by, protocol, action, rule_verdict';
  const rolled = await fixture.read(
    database,
    `select ${keys}, cast(sum(flow_count) as bigint) as flows, cast(sum(byte_count) as bigint) as bytes
     from edge_day group by all order by all`,
  );
  const counted = await fixture.read(
    database,
    `select network_interface_id, scope_name, row_direction,
       case when local_address = server_address then 'remote' when local_address = client_address then 'local' end as opened_by,
       protocol, action, rule_verdict, count(*) as flows, cast(sum(bytes) as bigint) as bytes
     from flow_enriched group by all order by all`,
  );
  expect(rolled).toEqual(counted);
  expect(counted.length).toBeGreaterThan(5);
});

test('names the other side, and the rules of flows', async () => {
  const rows = await fixture.read(
    database,
    `select first_port, peer_kind, peer_interface_id, peer_scope_name, peer_range, flow_count,
       array_to_string(rule_ids, '+') as rules
     from edge_day
     where action = 'ACCEPT' and row_direction = 'ingress' and protocol = 6
       and (peer_kind not in ('public', 'private') or peer_range = '${REMOTE}/32')
     order by all`,
  );
  expect(rows.map((row) => Object.values(row).join(' | '))).toEqual([
    `22 | public |  |  | ${REMOTE}/32 | 1 | `,
    `443 | interface | ${OTHER} |  | 10.0.9.9/32 | 1 | sgr-web`,
    `443 | interface | ${FAR} | office | 203.0.113.200/32 | 1 | sgr-web`,
    // By the prefix of an interface of the same scope: which one is not kept apart.
    '443 | interface |  | cde |  | 1 | sgr-web',
    `443 | public |  |  | ${REMOTE}/32 | 2 | sgr-too+sgr-web`,
    '443 | several |  |  | 10.0.1.30/32 | 2 | sgr-web',
    `444 | public |  |  | ${REMOTE}/32 | 1 | sgr-too`,
  ]);
  const special = await fixture.read(
    database,
    `select peer_kind, protocol, first_port from edge_day where protocol not in (6) order by all`,
  );
  expect(special.map((row) => Object.values(row).join(' | '))).toEqual([
    'link_local | 17 | 123',
    'multicast | 89 | ',
    'public | 1 | ',
  ]);
});

test('gives an example only of what a person must look into', async () => {
  const rows = await fixture.read(
    database,
    `select distinct rule_verdict, rule_reason is not null as has_reason, first_port = 22 as is_ssh, example_flow_id
     from edge_day where protocol = 6 and first_port in (22, 443) and peer_range = '${REMOTE}/32' order by all`,
  );
  expect(rows.map((row) => Object.values(row).join(' | '))).toEqual([
    'permitted | false | false | ',
    'response | false | false | ',
    'unexplained | true | true | o:5',
  ]);
});

test('beyond 32 addresses a side and port come networks, and beyond 32 networks one row', async () => {
  const rows = await fixture.read(
    database,
    `select first_port, count(*) filter (where peer_range like '%/32') as addresses,
       count(*) filter (where peer_range like '%/24') as networks,
       cast(sum(peer_count) as bigint) as peers, cast(sum(flow_count) as bigint) as flows
     from edge_day
     where action = 'ACCEPT' and row_direction = 'ingress' and peer_kind = 'public' and first_port in (443, 8443)
     group by first_port order by first_port`,
  );
  expect(rows).toEqual([
    // REMOTE came most often; then 31 of the 40, and the networks of the other 9.
    { first_port: 443, addresses: 32, networks: 9, peers: 41, flows: 42 },
    { first_port: 8443, addresses: 32, networks: 1, peers: 40, flows: 40 },
  ]);
});

test('beyond 32 ports that no service is known of comes their range; who was rejected is not told apart', async () => {
  const rows = await fixture.read(
    database,
    `select first_port, last_port, peer_range, peer_count, flow_count from edge_day where action = 'REJECT'
     order by first_port, last_port`,
  );
  expect(rows).toHaveLength(34);
  expect(rows.filter((row) => row.peer_range !== null || row.peer_count !== null)).toEqual([]);
  expect(rows[0]).toMatchObject({ first_port: 23, last_port: 23, flow_count: 1 });
  // The port that came twice stands by itself, then the lowest 31; the others are a range.
  expect(rows.find((row) => row.first_port === 12_099)).toMatchObject({ flow_count: 2 });
  expect(rows.filter((row) => row.first_port !== row.last_port)).toMatchObject([
    { first_port: 12_031, last_port: 65_535, flow_count: 69 },
  ]);
});

test('of interfaces in no scope keeps neither port nor other side', async () => {
  const rows = await fixture.read(
    database,
    `select first_port, last_port, peer_kind, peer_range, peer_count, flow_count from edge_day where scope_name is null`,
  );
  expect(rows).toEqual([
    {
      ...{ first_port: 5001, last_port: 5002, peer_kind: 'public', peer_range: null },
      ...{ peer_count: 1, flow_count: 2 },
    },
  ]);
});
